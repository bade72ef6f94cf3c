// Whoever uses the keyboard keeps their place when a piece of the page is replaced: the same element by its id, else
// what the new piece marks with `data-focus`, else the piece itself.

let lost = null;

document.addEventListener("htmx:beforeSwap", (event) => {
  const at = document.activeElement;
  lost = at && at !== document.body && event.detail.target?.contains(at) ? { id: at.id, target: event.detail.target } : null;
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (lost === null || (document.activeElement && document.activeElement !== document.body)) return;
  const piece = lost.target.isConnected ? lost.target : event.detail.elt;
  const same = lost.id ? document.getElementById(lost.id) : null;
  const next = same ?? piece?.querySelector?.("[data-focus]") ?? piece;
  lost = null;
  if (!(next instanceof HTMLElement)) return;
  next.focus({ preventScroll: true });
  if (document.activeElement !== next) {
    next.tabIndex = -1;
    next.focus({ preventScroll: true });
  }
});
