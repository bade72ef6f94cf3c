// The photo page: boxes and the cards of their faces light up together; keys; the list follows what happens elsewhere.
import { inDialog, typing } from "./keys.js";
import { drawing } from "./photo_draw.js";
import { zooming } from "./photo_zoom.js";
import "./suggest.js";
import { _ } from "./words.js";

const BOXES = "iconface.boxes";

function start(page) {
  const stage = page.querySelector("#stage");
  const view = stage && zooming(page, stage);
  const draw = stage && drawing(page, stage, view);
  if (stage) boxes(page, stage, view);
  page.querySelector("#copy-folder")?.addEventListener("click", async (event) => {
    await navigator.clipboard.writeText(page.querySelector("#folder").textContent);
    event.target.textContent = _("Copied");
  });
  const chosen = page.querySelector(".face-card.chosen");
  if (chosen) {
    chosen.scrollIntoView({ block: "nearest" });
    page.querySelector(`.box[data-face="${chosen.dataset.face}"]`)?.classList.add("lit");
  }
  return { page, view, draw };
}

function boxes(page, stage, view) {
  const button = page.querySelector("#toggle-boxes");
  const show = (on) => {
    stage.classList.toggle("with-boxes", on);
    button.setAttribute("aria-pressed", String(on));
    localStorage.setItem(BOXES, on ? "1" : "0");
  };
  show(localStorage.getItem(BOXES) !== "0");
  button.addEventListener("click", () => show(!stage.classList.contains("with-boxes")));
  const light = (event) => {
    const id = event.target.closest?.("[data-face]")?.dataset.face;
    for (const lit of page.querySelectorAll(".lit")) lit.classList.toggle("lit", lit.dataset.face === id);
    if (id) for (const one of page.querySelectorAll(`[data-face="${id}"]`)) one.classList.add("lit");
  };
  page.addEventListener("pointerover", light);
  page.addEventListener("focusin", light);
  // Not the jump of a link: the photo stays where it is, and the card takes the focus.
  page.addEventListener("click", (event) => {
    const box = event.target.closest?.("a.box");
    if (!box) return;
    event.preventDefault();
    if (!view.dragged()) goTo(page, box.dataset.face);
  });
}

function goTo(page, face) {
  const card = page.querySelector(`#face-${CSS.escape(face)}`);
  if (!card) return;
  card.scrollIntoView({ block: "nearest" });
  (card.querySelector("[data-names]") ?? card).focus({ preventScroll: true });
}

let here = null;

function begin() {
  const page = document.getElementById("photo-page");
  if (page && here?.page !== page) here = start(page);
}

function reload() {
  if (!here?.page.isConnected) return;
  const photo = here.page.dataset.photo;
  htmx.ajax("GET", `/photos/${photo}/faces`, { source: "#faces", target: "#faces", swap: "outerHTML" });
}

let acted = null; // the card whose form was sent

document.addEventListener("htmx:beforeRequest", (event) => {
  const card = event.detail.elt.closest?.(".face-card");
  if (card) acted = event.detail.target?.id === "faces" ? card.id : null;
});
document.addEventListener("htmx:afterSettle", (event) => {
  begin();
  here?.view?.apply(); // the boxes are new and show the whole photo
  if (event.detail.elt.id !== "faces" || acted === null) return;
  const card = document.getElementById(acted);
  acted = null;
  const at = document.activeElement;
  if (card && (!at || at === document.body || at.id === "faces")) {
    (card.querySelector("[data-focus]") ?? card).focus({ preventScroll: true });
  }
});
document.addEventListener("refresh", (event) => {
  if (!here?.page.isConnected) return;
  event.preventDefault();
  reload();
});
document.body.addEventListener("changed", () => {
  const at = document.activeElement;
  const busy = at?.closest?.("#faces") && at.matches("input") && at.value !== "";
  if (!busy && !document.querySelector("#faces details[open]")) reload();
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || typing(event) || inDialog() || !here?.page.isConnected) return;
  const { page, view, draw } = here;
  const link = { ArrowLeft: "#before", ArrowRight: "#after" }[event.key];
  const press = { b: "#toggle-boxes", a: "#draw", "+": "#closer", "=": "#closer", "-": "#farther", 0: "#whole" }[event.key];
  if (event.key === "Escape" && draw?.active()) {
    draw.end();
  } else if (view?.zoomed() && event.key.startsWith("Arrow")) {
    view.pan(event.key);
  } else if (link && !event.shiftKey && !draw?.active()) {
    page.querySelector(link)?.click();
  } else if (event.key === "n") {
    const waiting = [...page.querySelectorAll(".face-card:is(.nobody, .unnamed)")];
    const at = waiting.indexOf(document.activeElement?.closest(".face-card"));
    if (waiting.length) goTo(page, waiting[(at + 1) % waiting.length].dataset.face);
  } else if (press) {
    page.querySelector(press)?.click();
  } else {
    return;
  }
  event.preventDefault();
});

begin();
