// The page of all people.
import { gridWithChosen, offerChoice, stateOf } from "./choosing.js";
import { inDialog, typing } from "./keys.js";
import "./sheet.js";
import "./suggest.js";

/** Somebody is named where they stand in the grid; without a name the field goes again. */
function nameHere(item, on) {
  const form = item.querySelector("form.name-here");
  form.hidden = !on;
  item.querySelector("[data-name-here]").hidden = on;
  if (on) form.querySelector("[name=name]").focus();
  else item.querySelector("[data-name-here]").focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-name-here]");
  if (button) nameHere(button.closest("[data-item]"), true);
});
document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("form.name-here");
  if (event.key !== "Escape" || event.defaultPrevented || !form) return;
  nameHere(form.closest("[data-item]"), false);
  event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || typing(event) || inDialog()) return;
  const item = event.target.closest?.("[data-item]");
  if (event.key === "h" && item) {
    item.querySelector("[data-eye]")?.click();
  } else if (event.key === "m" && (stateOf(gridWithChosen() ?? document.body).chosen.size ?? 0) > 0) {
    document.querySelector("#people-bar [data-with], #faces-bar [data-with]")?.click();
  } else {
    return;
  }
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("#choose-button");
  if (!button) return;
  const on = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(on));
  offerChoice(document.getElementById("people-list"), on);
});

// From the search field the arrow down leads into the grid.
document.getElementById("people-q")?.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown") return;
  document.querySelector("#people-list [data-current] [data-stop]")?.focus();
  event.preventDefault();
});
