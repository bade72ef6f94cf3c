// One stream a tab, while somebody looks at it: a browser opens six connections to a server and no more.
// It arrives as events of the body, which htmx can wait for: hx-trigger="jobs from:body", "changed from:body".
import { look } from "./ended.js";

let stream = null;

function open() {
  if (stream !== null || document.hidden) return;
  stream = new EventSource("/events");
  stream.addEventListener("error", look);
  for (const name of ["jobs", "changed"]) {
    stream.addEventListener(name, (event) => {
      document.body.dispatchEvent(new CustomEvent(name, { detail: JSON.parse(event.data) }));
    });
  }
}

function close() {
  stream?.close();
  stream = null;
}

document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
window.addEventListener("pagehide", close);
window.addEventListener("pageshow", open);
document.body.addEventListener("jobs", (event) => {
  const busy = document.getElementById("nav-busy");
  if (busy) busy.hidden = !event.detail.running;
});
open();
