// One restoration: comparing it, and the keys of the page.
import { comparison } from "./compare_here.js";
import { inDialog, typing } from "./keys.js";

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || typing(event) || inDialog()) return;
  const compare = comparison();
  if (event.key.startsWith("Arrow") && compare && slides(event)) {
    const step = (event.shiftKey ? 10 : 2) * (event.key === "ArrowLeft" ? -1 : 1);
    compare.slide(Math.min(100, Math.max(0, Number(compare.range.value) + step)));
  } else if (compare && ["+", "=", "-", "0"].includes(event.key)) {
    compare.zoomBy({ "-": "out", 0: "fit" }[event.key] ?? "in");
  } else if (compare && event.key === "s") {
    compare.side(!compare.isSide);
  } else {
    const button = event.repeat ? null : document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!button) return;
    button.click();
  }
  event.preventDefault();
});

function slides(event) {
  return /^Arrow(Left|Right)$/.test(event.key) && !event.target.closest?.("input, [role=group] select");
}

// More pictures than can help cannot be chosen.
document.addEventListener("change", (event) => {
  const form = event.target.closest?.("[data-again]");
  if (form) limit(form);
});

function limit(form) {
  const boxes = [...form.querySelectorAll('input[name="reference"]')];
  const full = boxes.filter((box) => box.checked).length >= Number(form.dataset.most);
  for (const box of boxes) box.disabled = full && !box.checked;
}

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-close]")) document.getElementById("again").replaceChildren();
});

document.addEventListener("htmx:afterSettle", () => {
  const form = document.querySelector("[data-again]");
  if (form) limit(form);
  // Into sight when it first appears, not whenever its progress is told.
  for (const place of document.querySelectorAll("#again, #progress")) {
    const kind = place.firstElementChild?.dataset.kind ?? "";
    if (kind && kind !== place.dataset.kind) {
      place.querySelector("[data-focus]")?.focus({ preventScroll: true });
      place.firstElementChild.scrollIntoView({ block: "nearest", behavior: "smooth" });
    }
    place.dataset.kind = kind;
  }
});
