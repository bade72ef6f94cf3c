// Review with the keyboard: keys press the buttons of the page. Pictures of the next question are fetched ahead.
import { inDialog, typing } from "./keys.js";
import "./suggest.js";
import { takeBack } from "./toasts.js";

const done = []; // what can be taken back, the last one at the end

function showUndo() {
  for (const button of document.querySelectorAll("[data-undo]")) button.disabled = done.length === 0;
}

function undo() {
  if (done.length) takeBack(done.at(-1));
}

let ahead = "";

async function fetchAhead() {
  const address = document.getElementById("review")?.dataset.ahead ?? "";
  if (!address || address === ahead) return;
  ahead = address;
  const answer = await fetch(address).catch(() => null);
  if (answer?.ok) for (const picture of await answer.json()) new Image().src = picture;
}

document.addEventListener("toast", (event) => {
  if ((event.detail.undo ?? null) !== null) done.push(event.detail.undo);
  showUndo();
});

document.addEventListener("htmx:afterRequest", (event) => {
  const path = event.detail.pathInfo?.requestPath ?? "";
  if (!path.startsWith("/undo/")) return;
  // Taken back, or no longer possible: either way it is not offered again.
  const at = done.findLastIndex((token) => path === `/undo/${token}`);
  if (at >= 0) done.splice(at, 1);
  showUndo();
});

document.addEventListener("htmx:afterSettle", () => {
  showUndo();
  fetchAhead();
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-undo]")) undo();
});

document.addEventListener("keydown", (event) => {
  if (!document.getElementById("review") || event.defaultPrevented || inDialog()) return;
  const key = event.key.toLowerCase();
  const field = document.getElementById("name");
  if (event.target === field) {
    if (key === "escape") document.getElementById("ask")?.focus();
    return;
  }
  if (key === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
    undo();
  } else if (typing(event) || event.repeat) {
    return;
  } else if (key === "u") {
    undo();
  } else if (key === "w" && field) {
    field.closest("details")?.setAttribute("open", "");
    field.focus();
  } else {
    const button = document.querySelector(`#review [data-key="${CSS.escape(key)}"]:not(:disabled)`);
    if (!button) return;
    button.click();
  }
  event.preventDefault();
});

fetchAhead();
