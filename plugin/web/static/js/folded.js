// What the reader has folded open stays open when the lists are shown anew.

const open = new Map();

document.addEventListener("htmx:beforeSwap", (event) => {
  for (const part of event.detail.target.querySelectorAll?.("details[data-keep]") ?? []) open.set(part.id, part.open);
});

document.addEventListener("htmx:afterSwap", () => {
  for (const [id, wasOpen] of open) {
    const part = document.getElementById(id);
    if (part) part.open = wasOpen;
  }
  open.clear();
});
