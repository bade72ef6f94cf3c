// The page of one person.
import { gridWithChosen, stateOf } from "./choosing.js";
import { inDialog, typing } from "./keys.js";
import "./sheet.js";
import { takeBack } from "./toasts.js";

const BUTTONS = { y: "similar-yes", n: "similar-no", s: "similar-skip", m: "merge-button", r: "rename" };
const done = []; // decisions made here, for "u"

function naming(on) {
  const form = document.getElementById("name-form");
  const shown = document.getElementById("name-shown");
  if (!form || !shown) return;
  form.hidden = !on;
  shown.hidden = on;
  const field = document.getElementById("name");
  if (on) {
    field.focus();
    field.select();
  } else {
    field.value = field.defaultValue;
    document.getElementById("name-hints").replaceChildren();
    document.getElementById("rename").focus();
  }
}

document.addEventListener("click", (event) => {
  if (event.target.closest?.("#rename")) naming(true);
  if (event.target.closest?.("#rename-cancel")) naming(false);
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || inDialog()) return;
  const open = event.target.closest?.("details.menu[open]");
  if (event.key === "Escape" && open) {
    open.open = false;
    open.querySelector("summary").focus();
  } else if (event.key === "Escape" && event.target.id === "name" && document.getElementById("rename-cancel")) {
    naming(false);
  } else if (takesBack(event)) {
    const last = done.pop();
    if (last !== undefined) takeBack(last);
  } else if (!typing(event) && event.key === "e" && stateOf(gridWithChosen() ?? document.body).chosen.size > 0) {
    document.getElementById("move-button").click();
  } else if (!typing(event) && Object.hasOwn(BUTTONS, event.key)) {
    document.getElementById(BUTTONS[event.key])?.click();
  } else {
    return;
  }
  event.preventDefault();
});

function takesBack(event) {
  if (event.target.matches?.("input:not([type=checkbox]), textarea")) return false; // a field has its own undo
  return (event.key === "z" && (event.ctrlKey || event.metaKey)) || (!typing(event) && event.key === "u");
}

document.addEventListener("toast", (event) => {
  if (typeof event.detail.undo === "number") done.push(event.detail.undo);
});
