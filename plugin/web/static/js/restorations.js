// A shelf of restorations: arrows go from card to card, space selects, a letter decides.
import { inDialog, typing } from "./keys.js";
import { refresh } from "./toasts.js";
import { _ } from "./words.js";

const cards = () => [...document.querySelectorAll("[data-card]")];
const picked = () => [...document.querySelectorAll("[data-pick]:checked")];
const own = (card, selector) => card?.querySelector(selector);
let place = 0;

function count() {
  const n = picked().length;
  const bar = document.getElementById("bar");
  if (!bar) return;
  bar.classList.toggle("shown", n > 0);
  document.getElementById("selected").textContent = n ? _("{n} selected", { n }) : "";
}

function here() {
  return document.activeElement?.closest("[data-card]") ?? null;
}

function go(card) {
  const link = own(card, "[data-open]");
  link?.focus();
  link?.scrollIntoView({ block: "nearest" });
}

function columns(all) {
  const top = all[0]?.offsetTop;
  return Math.max(1, all.filter((card) => card.offsetTop === top).length);
}

function step(key) {
  const all = cards();
  const at = all.indexOf(here());
  if (at < 0) return go(all[Math.min(place, all.length - 1)]);
  const right = document.documentElement.dir === "rtl" ? -1 : 1;
  const by = { ArrowLeft: -right, ArrowRight: right, ArrowUp: -columns(all), ArrowDown: columns(all) }[key];
  go(all[Math.min(all.length - 1, Math.max(0, at + by))]);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || typing(event) || inDialog() || !cards().length) return;
  const card = here();
  if (event.key.startsWith("Arrow")) {
    if (event.target.closest?.("nav, header, select")) return;
    step(event.key);
  } else if (event.key === " ") {
    const box = own(card, "[data-pick]");
    if (!box || event.target.closest("button, input")) return;
    box.click();
  } else {
    const key = `[data-key="${CSS.escape(event.key.toLowerCase())}"]`;
    const button = event.repeat ? null : picked().length ? document.querySelector(`#bar ${key}`) : own(card, key);
    if (!button) return;
    button.click();
  }
  event.preventDefault();
});

document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-pick]")) count();
});

document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-clear]")) return;
  for (const box of picked()) box.checked = false;
  count();
});

// What was decided leaves the page: the focus goes to what takes its place, and an empty shelf is shown as such.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.id !== "shelf") return;
  const at = cards().indexOf(here() ?? picked()[0]?.closest("[data-card]"));
  place = Math.max(0, at);
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.elt.id !== "shelf" || !event.detail.successful) return;
  const left = cards();
  count();
  if (!left.length) refresh(); // the next page of the shelf, or that it is empty; messages stay
  else if (!here()) go(left[Math.min(place, left.length - 1)]);
});

count();
