// A folder's form stays open and keeps what was chosen in it while the list around it is shown anew.

const list = () => document.getElementById("folders");

document.addEventListener("htmx:beforeRequest", (event) => {
  // Only the list's own look at the server can wait; what somebody asked for cannot.
  if (event.detail.elt !== list()) return;
  const open = list().querySelector("details[open]");
  if (open || list().contains(document.activeElement)) event.preventDefault();
});
