// Grids (data-grid) whose items (data-item) are walked with the arrow keys and chosen with their checkbox (data-pick).
// A bar (id "<grid>-bar") offers what to do with the chosen ones; what it asks for carries them along (data-with).
// A second grid of the same items (data-chosen-in: the id of the first) shows and changes what is chosen there.
import { inDialog, typing } from "./keys.js";
import { number } from "./words.js";

const COMPARED = 16; // a question about many faces looks at the first of them: addresses must not grow without end
const states = new WeakMap();

/** What is chosen in a grid. Ids may be of items that were not scrolled to yet. */
export function stateOf(shown) {
  const grid = mainOf(shown);
  if (!states.has(grid)) states.set(grid, { chosen: new Set(), anchor: null, shift: false, next: null, always: false, sent: [] });
  return states.get(grid);
}

/** The grid of the page in which something is chosen; else the last one. */
export function gridWithChosen() {
  const grids = [...document.querySelectorAll("[data-grid]")];
  return grids.find((grid) => stateOf(grid).chosen.size > 0) ?? grids.at(-1) ?? null;
}

const mainOf = (grid) => document.getElementById(grid.dataset.chosenIn) ?? grid;
const sameItems = (grid) => [...document.querySelectorAll("[data-grid]")].filter((other) => mainOf(other) === mainOf(grid));
const items = (grid) => [...grid.querySelectorAll("[data-item]")];
const itemOf = (element) => element?.closest?.("[data-item]") ?? null;
const stop = (item) => item?.querySelector("[data-stop]");
const controls = (item) => item.querySelectorAll("a, button, input:not([type=hidden])");
const barOf = (grid) => document.getElementById(`${grid.dataset.grid}-bar`);

/** Choose, or no longer choose, ids of a grid. */
export function choose(grid, ids, on) {
  const { chosen } = stateOf(grid);
  for (const id of ids) on ? chosen.add(String(id)) : chosen.delete(String(id));
  for (const shown of sameItems(grid)) {
    for (const item of items(shown)) item.querySelector("[data-pick]").checked = chosen.has(item.dataset.item);
    shown.classList.toggle("choosing", chosen.size > 0 || stateOf(grid).always);
  }
  const bar = barOf(grid);
  if (!bar) return;
  bar.hidden = chosen.size === 0;
  bar.querySelector("[data-chosen-count]").textContent = number(chosen.size);
  for (const button of bar.querySelectorAll("[data-needs]")) button.disabled = chosen.size < Number(button.dataset.needs);
  for (const button of bar.querySelectorAll("[data-exactly]")) button.disabled = chosen.size !== Number(button.dataset.exactly);
}

/** Show the checkboxes although nothing is chosen, or only when the pointer is there. */
export function offerChoice(grid, on) {
  stateOf(grid).always = on;
  choose(grid, on ? [] : [...stateOf(grid).chosen], false);
}

/** Choose none. */
export function chooseNone(grid) {
  choose(grid, [...stateOf(grid).chosen], false);
}

function toggle(grid, item, on, range) {
  const state = stateOf(grid);
  const all = items(grid);
  const from = all.findIndex((i) => i.dataset.item === state.anchor);
  const to = all.indexOf(item);
  const reached = range && from >= 0 ? all.slice(Math.min(from, to), Math.max(from, to) + 1) : [item];
  state.anchor = item.dataset.item;
  choose(grid, reached.map((i) => i.dataset.item), on);
}

// One item of a grid is a stop of the Tab key; from there the arrows lead on.
function makeStop(grid, item) {
  for (const other of grid.querySelectorAll("[data-current]")) {
    if (other === item) continue;
    delete other.dataset.current;
    for (const control of controls(other)) control.tabIndex = -1;
  }
  item.dataset.current = "";
  for (const control of controls(item)) control.tabIndex = 0;
}

function prepare(root) {
  const grids = new Set([root.closest?.("[data-grid]"), ...(root.querySelectorAll?.("[data-grid]") ?? [])]);
  for (const grid of grids) {
    if (!grid) continue;
    const { chosen } = stateOf(grid);
    const has = grid.querySelector("[data-current]") !== null;
    for (const [n, item] of items(grid).entries()) {
      if (item.dataset.ready !== undefined) continue;
      item.dataset.ready = "";
      item.querySelector("[data-pick]").checked = chosen.has(item.dataset.item);
      if (n === 0 && !has) makeStop(grid, item);
      else for (const control of controls(item)) control.tabIndex = -1;
    }
  }
}

function towards(grid, item, key) {
  const all = items(grid);
  const at = all.indexOf(item);
  const onward = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  if (key === onward) return all[at + 1];
  if (key === "ArrowRight" || key === "ArrowLeft") return all[at - 1];
  if (key === "Home") return all[0];
  if (key === "End") return all.at(-1);
  const down = key === "ArrowDown";
  const row = (down ? all.slice(at + 1) : all.slice(0, at).reverse()).filter((i) => i.offsetTop !== item.offsetTop);
  const inRow = row.filter((i) => i.offsetTop === row[0].offsetTop);
  const off = (i) => Math.abs(i.offsetLeft - item.offsetLeft);
  return inRow.sort((a, b) => off(a) - off(b))[0];
}

function focusOn(grid, item) {
  if (!item) return;
  makeStop(grid, item);
  stop(item).focus();
  item.scrollIntoView({ block: "nearest" });
}

// Where to go on when these items are taken away.
function remember(grid, gone) {
  const all = items(grid);
  const last = all.findLastIndex((item) => gone.has(item.dataset.item));
  const left = (item) => !gone.has(item.dataset.item);
  stateOf(grid).next = all.slice(last + 1).find(left) ?? all.slice(0, Math.max(last, 0)).findLast(left) ?? null;
}

document.addEventListener("pointerdown", (event) => {
  const grid = event.target.closest?.("[data-grid]");
  if (grid) stateOf(grid).shift = event.shiftKey;
});
document.addEventListener("change", (event) => {
  const pick = event.target;
  const grid = pick.closest?.("[data-grid]");
  if (!grid || !pick.matches("[data-pick]")) return;
  makeStop(grid, itemOf(pick));
  toggle(grid, itemOf(pick), pick.checked, stateOf(grid).shift);
  stateOf(grid).shift = false;
});
document.addEventListener("focusin", (event) => {
  const item = itemOf(event.target);
  const grid = item?.closest("[data-grid]");
  if (grid) makeStop(grid, item);
});
document.addEventListener("keydown", (event) => {
  const item = itemOf(event.target);
  const grid = item?.closest("[data-grid]");
  if (!grid) return;
  stateOf(grid).shift = event.shiftKey;
  if (event.defaultPrevented || typing(event) || inDialog()) return;
  const pick = item.querySelector("[data-pick]");
  if (/^(Arrow(Left|Right|Up|Down)|Home|End)$/.test(event.key)) {
    const next = towards(grid, item, event.key);
    if (next && event.shiftKey && pick.checked) toggle(grid, next, true, true);
    focusOn(grid, next);
  } else if (event.key === "x" || event.key === "X" || (event.key === " " && event.target.matches("a"))) {
    toggle(grid, item, !pick.checked, event.shiftKey);
  } else if (event.key === "Enter" && event.target === pick) {
    item.querySelector("a")?.click();
  } else if (event.key === "Escape" && stateOf(grid).chosen.size > 0) {
    chooseNone(grid);
  } else {
    return;
  }
  event.preventDefault();
});
// While faces are being chosen a click on a picture chooses it, too; with Ctrl it opens all the same.
document.addEventListener("click", (event) => {
  const item = itemOf(event.target.closest?.(".pickable a[data-open]"));
  const grid = item?.closest("[data-grid]");
  if (!grid || stateOf(grid).chosen.size === 0 || event.ctrlKey || event.metaKey || event.detail === 0) return;
  event.preventDefault();
  toggle(grid, item, !item.querySelector("[data-pick]").checked, event.shiftKey);
});
document.addEventListener("click", async (event) => {
  const grid = gridWithChosen();
  if (event.target.closest?.("[data-choose-none]") && grid) {
    chooseNone(grid);
    stop(grid.querySelector("[data-current]"))?.focus();
    return;
  }
  const period = event.target.closest?.("[data-choose-period]");
  if (!period) return;
  const own = period.closest("[data-grid]");
  const answer = await fetch(`/people/${own.dataset.of}/periods/${period.dataset.choosePeriod}`);
  if (!answer.ok) return;
  const ids = (await answer.json()).map(String);
  choose(own, ids, !ids.every((id) => stateOf(own).chosen.has(id)));
});
document.addEventListener("htmx:configRequest", (event) => {
  const { elt, parameters, verb } = event.detail;
  const grid = gridWithChosen();
  const kind = elt.closest("[data-with]")?.dataset.with;
  const item = itemOf(elt);
  if (item) remember(item.closest("[data-grid]"), new Set([item.dataset.item]));
  if (!kind || !grid) return;
  const { chosen } = stateOf(grid);
  const ids = [...chosen];
  if (kind === "person") {
    parameters.person = ids;
  } else {
    parameters.faces = (verb === "get" ? ids.slice(0, COMPARED) : ids).join(",");
    if (verb === "get") parameters.count = ids.length;
    if (grid.dataset.of) parameters.of = grid.dataset.of;
  }
  if (elt.closest("[data-stamped]")) parameters.stamp = document.getElementById("person-head").dataset.stamp;
  if (verb !== "get") {
    remember(grid, new Set(ids));
    stateOf(grid).sent = ids;
  }
});
document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful, requestConfig } = event.detail;
  if (!successful || requestConfig?.verb === "get") return;
  for (const grid of document.querySelectorAll("[data-grid]:not([data-chosen-in])")) {
    const state = stateOf(grid);
    // A merge clears what was chosen, too: the ones that went are no longer there.
    if (elt.closest?.("[data-with], .chosen-bar, dialog")) chooseNone(grid);
    const lost = !document.activeElement || document.activeElement === document.body || document.activeElement.closest("[hidden]");
    const there = state.next?.isConnected ? state.next : grid.querySelector("[data-current]") ?? grid.querySelector("[data-item]");
    if (lost) focusOn(there?.closest("[data-grid]"), there);
    state.next = null;
  }
});
/** Take an item away; the label of its period goes over to the next one. */
function takeAway(item) {
  const label = item?.querySelector(".period");
  const next = item?.nextElementSibling;
  if (label && next?.dataset.period === item.dataset.period) next.prepend(label);
  item?.remove();
}

// The server says what left the page: the people it names, or the faces that were sent to it.
document.addEventListener("gone", (event) => {
  const { people, counts } = event.detail;
  const items = people?.map((id) => `#person-${id}`) ?? stateOf(gridWithChosen()).sent.map((id) => `[data-grid="faces"] [data-item="${id}"]`);
  for (const item of items.flatMap((css) => [...document.querySelectorAll(css)])) takeAway(item);
  for (const [id, n] of Object.entries(counts)) {
    const shown = document.getElementById(id);
    if (n === 0 && shown?.closest(".period")) shown.closest(".period").remove();
    else if (shown) shown.textContent = number(n);
  }
});
document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
prepare(document);
