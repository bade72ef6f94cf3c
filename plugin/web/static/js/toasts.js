// One short message at a time, with "Undo" where something can be taken back. It has its own place under the header and
// lies over nothing.
// The server sends them in the header HX-Trigger (respond.py); pages may call `toast` as well.
import { _ } from "./words.js";

const place = document.getElementById("toasts");
const LATER = "iconface.toast";
const READ_MS = 9000;

/** Show a message. `undo` is a decision's number, or null. `kind` is "", "error". */
export function toast(text, { undo = null, kind = "" } = {}) {
  const box = document.createElement("div");
  box.className = `toast ${kind}`.trim();
  const words = document.createElement("span");
  words.textContent = text;
  box.append(words);
  if (undo !== null) box.append(button(_("Undo"), "quiet", () => (box.remove(), takeBack(undo))));
  const close = button("×", "quiet icon", () => box.remove());
  close.setAttribute("aria-label", _("Close this message"));
  box.append(close);
  place.replaceChildren(box);
  since = performance.now();
}

/** Take one decision back, then show the page as it is now. */
export async function takeBack(decision) {
  await htmx.ajax("POST", `/undo/${decision}`, { source: document.body, swap: "none" }).catch(said);
}

/** Show the content of this page as it is now. A page that does so itself cancels the event `refresh`. */
export function refresh() {
  if (!document.dispatchEvent(new Event("refresh", { cancelable: true }))) return;
  const where = { source: document.body, target: "#content", swap: "innerHTML" };
  htmx.ajax("GET", location.pathname + location.search, where).catch(said);
}

function said() {
  // A failed request was told by the events below; the promise tells it once more.
}

function button(text, kind, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = `button small ${kind}`;
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

// A message leaves with what is done next, once it could be read: nobody has to be quick (WCAG 2.2.1), and the page does
// not move under a hand that rests.
let since = 0;
for (const deed of ["click", "keydown"]) {
  document.addEventListener(deed, (event) => {
    if (event.timeStamp - since > READ_MS && !place.contains(event.target)) place.replaceChildren();
  });
}

// What sticks to the top of the window has to know how far down the header reaches.
new ResizeObserver(([{ target }]) => {
  document.documentElement.style.setProperty("--top", `${target.offsetHeight}px`);
}).observe(place.parentElement);

document.addEventListener("toast", (event) => toast(event.detail.text, event.detail));
document.addEventListener("toast-later", (event) => {
  sessionStorage.setItem(LATER, JSON.stringify({ text: event.detail.text, undo: event.detail.undo ?? null }));
});
document.addEventListener("reload", refresh);
document.addEventListener("htmx:timeout", () => {
  toast(_("That took too long. Please try again."), { kind: "error" });
});
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.getResponseHeader("HX-Trigger") === null) {
    toast(_("That did not work. Please try again."), { kind: "error" });
  }
});

const waiting = sessionStorage.getItem(LATER);
if (waiting !== null) {
  sessionStorage.removeItem(LATER);
  const { text, undo } = JSON.parse(waiting);
  toast(text, { undo });
}
