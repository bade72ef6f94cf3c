// When the server has ended, a link would lead to the browser's own error page: the open page says instead how to start
// again. No service worker does it: one would stay behind for a port that is another program's the next time.
import { toast } from "./toasts.js";
import { _ } from "./words.js";

let gone = false;

/** Ask whether the server is still there. Its answer may also be that it was started anew and knows this page no more. */
export async function look() {
  const answer = await fetch("/static/icon.svg", { cache: "no-store" }).catch(() => null);
  const known = answer?.ok ?? false;
  if (!known && !gone) toast(document.getElementById("ended").dataset.says, { kind: "error" });
  gone = !known;
}

function sayHow(event) {
  if (!gone || (event.type === "click" && !event.target.closest?.("a[href]"))) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const content = document.getElementById("content");
  content.replaceChildren(document.getElementById("ended").content.cloneNode(true));
  const heading = document.createElement("h1"); // here: a page has one
  heading.textContent = _("iconface has ended");
  heading.tabIndex = -1;
  content.firstElementChild.prepend(heading);
  heading.focus();
  document.title = `${heading.textContent} – iconface`;
}

for (const deed of ["click", "submit"]) document.addEventListener(deed, sayHow, { capture: true });
document.addEventListener("htmx:sendError", look);
