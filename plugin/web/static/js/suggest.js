// Fields for a name (`data-suggest`: where names are asked for) show the known people with their faces while somebody
// types: arrows and Enter, or a click, take one over.
import { _ } from "./words.js";

const list = document.createElement("ul");
list.id = "suggestions";
list.className = "suggestions";
list.hidden = true;
list.setAttribute("role", "listbox");
list.setAttribute("aria-label", _("Known people"));

const LEAST_PX = 256;
let field = null;
let timer = 0;

function close() {
  clearTimeout(timer);
  list.hidden = true;
  list.replaceChildren();
  field?.setAttribute("aria-expanded", "false");
  field?.removeAttribute("aria-activedescendant");
}

/** Below the field, inside of the window. */
function place() {
  if (list.hidden) return;
  const box = field.getBoundingClientRect();
  const width = Math.min(Math.max(box.width, LEAST_PX), innerWidth - 16);
  list.style.width = `${width}px`;
  list.style.left = `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`;
  list.style.top = `${box.bottom + 4}px`;
}

async function ask(at) {
  const text = at.value.trim();
  if (!text) return close();
  const answer = await fetch(`${at.dataset.suggest}?name=${encodeURIComponent(text)}`, { headers: { "HX-Request": "true" } });
  if (!answer.ok || document.activeElement !== at || at.value.trim() !== text) return;
  list.innerHTML = await answer.text(); // escaped by the server's template
  list.hidden = list.children.length === 0;
  at.setAttribute("aria-expanded", String(!list.hidden));
  at.removeAttribute("aria-activedescendant");
  place();
}

function take(option) {
  field.value = option.dataset.name;
  close();
}

function move(step) {
  const options = [...list.children];
  const at = options.findIndex((option) => option.ariaSelected === "true");
  const next = options[(at + step + options.length + (at < 0 && step < 0 ? 1 : 0)) % options.length];
  for (const option of options) option.ariaSelected = String(option === next);
  field.setAttribute("aria-activedescendant", next.id);
  next.scrollIntoView({ block: "nearest" });
}

document.addEventListener("focusin", (event) => {
  if (!event.target.matches?.("[data-suggest]")) return;
  field = event.target;
  document.getElementById("content").append(list); // fixed: within a tile it would be cut off
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-expanded", "false");
});
document.addEventListener("focusout", (event) => {
  if (event.target === field) close();
});
document.addEventListener("input", (event) => {
  if (event.target !== field) return;
  clearTimeout(timer);
  timer = setTimeout(ask, 150, field);
});
// Before the page's own keys: while the list is open, these are its.
document.addEventListener(
  "keydown",
  (event) => {
    if (event.target !== field || list.hidden || event.isComposing) return;
    const chosen = list.querySelector('[aria-selected="true"]');
    if (event.key === "ArrowDown" || event.key === "ArrowUp") move(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Enter" && chosen) take(chosen);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);
list.addEventListener("pointerdown", (event) => {
  event.preventDefault(); // the field keeps the focus
  const option = event.target.closest("[role=option]");
  if (option) take(option);
});
addEventListener("scroll", place, { passive: true, capture: true });
addEventListener("resize", place);
