// The comparison of a page, whenever there is one: made when it appears, and seen as it was while the space bar is held.
import { Compare } from "./compare.js";
import { inDialog, typing } from "./keys.js";

let compare = null;

/** The comparison that is shown now; null where there is none. */
export function comparison() {
  const root = document.querySelector("[data-compare]");
  if (!root) compare = null;
  else if (compare?.root !== root) compare = new Compare(root);
  return compare;
}

/** Whether a space pressed here means the page: on a button or a field it means that one. */
function free(target) {
  return target === compare?.flicker || target === compare?.range || !target.closest?.("button, a, input, summary, select");
}

document.addEventListener("keydown", (event) => {
  if (event.key !== " " || event.defaultPrevented || typing(event) || inDialog() || !comparison() || !free(event.target)) return;
  if (!event.repeat) compare.flick(true);
  event.preventDefault();
});
document.addEventListener("keyup", (event) => {
  if (event.key === " " && compare?.root.classList.contains("flick")) compare.flick(false);
});
window.addEventListener("blur", () => compare?.flick(false));
document.addEventListener("htmx:afterSettle", (event) => {
  // What somebody waited for is shown to them.
  if (comparison() && event.detail.elt.id === "made-clear") compare.root.scrollIntoView({ block: "nearest", behavior: "smooth" });
});
comparison();
