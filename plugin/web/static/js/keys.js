// "?" lists the keys of the page, "/" goes to its search field (`data-search`).

/** Whether a key pressed there is meant for a field, not for the page. */
export function typing(event) {
  const at = event.target;
  return (
    event.ctrlKey || event.metaKey || event.altKey || event.isComposing ||
    (at instanceof HTMLElement && (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName) &&
      !/^(checkbox|radio|button|range)$/.test(at.type)))
  );
}

/** Whether a dialog is open: keys of the page behind it are silent then. */
export function inDialog() {
  return document.querySelector("dialog[open]") !== null;
}

function show() {
  for (const row of dialog.querySelectorAll("[data-needs]")) row.hidden = !document.querySelector(row.dataset.needs);
  dialog.showModal();
}

const dialog = document.getElementById("keys");
document.getElementById("keys-button")?.addEventListener("click", show);
dialog?.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close(); // a click beside it
});
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || typing(event) || inDialog()) return;
  if (event.key === "?" && dialog) {
    show();
  } else if (event.key === "/") {
    const field = document.querySelector("[data-search]");
    if (!field) return;
    field.focus();
    field.select?.();
  } else {
    return;
  }
  event.preventDefault();
});
