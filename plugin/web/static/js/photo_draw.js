// A box around a face that was not found: with mouse, pen or finger, or with the arrow keys alone.
import { _ } from "./words.js";

const NEAR_PX = 16;
const LEAST = 8;

/** Drawing mode. `view` as photo_zoom.js gives it. */
export function drawing(page, stage, view) {
  const width = Number(page.dataset.width);
  const height = Number(page.dataset.height);
  const button = page.querySelector("#draw");
  const form = page.querySelector("#draw-form");
  const canvas = stage.querySelector("#canvas");
  const frame = stage.querySelector("#drawing");
  let box = null;

  const active = () => stage.classList.contains("drawing");

  function begin() {
    const part = view.part();
    const side = Math.min(part.width, part.height) / 4;
    const x = part.x + (part.width - side) / 2;
    const y = part.y + (part.height - side * 1.2) / 2;
    stage.classList.add("drawing");
    button.setAttribute("aria-pressed", "true");
    form.hidden = false;
    canvas.toggleAttribute("hidden", false);
    put({ x1: x, y1: y, x2: x + side, y2: y + side * 1.2 });
    form.scrollIntoView({ block: "nearest" });
    frame.focus({ preventScroll: true });
  }

  function end() {
    stage.classList.remove("drawing");
    button.setAttribute("aria-pressed", "false");
    canvas.toggleAttribute("hidden", true);
    form.hidden = true;
    form.reset();
    button.focus({ preventScroll: true });
  }

  /** Show a box, inside the photo and not too small. */
  function put(next) {
    const x1 = Math.max(0, Math.min(next.x1, next.x2, width - LEAST));
    const y1 = Math.max(0, Math.min(next.y1, next.y2, height - LEAST));
    const x2 = Math.min(width, Math.max(next.x1, next.x2, x1 + LEAST));
    const y2 = Math.min(height, Math.max(next.y1, next.y2, y1 + LEAST));
    box = { x1, y1, x2, y2 };
    for (const edge of frame.children) {
      const values = { x: x1, y: y1, width: x2 - x1, height: y2 - y1 };
      for (const [name, value] of Object.entries(values)) edge.setAttribute(name, value.toFixed(1));
    }
    for (const name of ["x1", "y1", "x2", "y2"]) form.elements[name].value = box[name].toFixed(1);
  }

  function say() {
    const percent = (value, whole) => Math.round((100 * value) / whole);
    page.querySelector("#draw-says").textContent = _(
      "Box {width} by {height} pixels, {x} percent from the left, {y} percent from the top",
      {
        width: Math.round(box.x2 - box.x1),
        height: Math.round(box.y2 - box.y1),
        x: percent((box.x1 + box.x2) / 2, width),
        y: percent((box.y1 + box.y2) / 2, height),
      },
    );
  }

  /** What a pointer that goes down there does: the corner or the box moves, else a new box begins. */
  function grab(at) {
    const near = NEAR_PX * view.pixelSize();
    for (const [x, y, u, v] of [["x1", "y1", "x2", "y2"], ["x2", "y1", "x1", "y2"], ["x1", "y2", "x2", "y1"], ["x2", "y2", "x1", "y1"]]) {
      if (Math.hypot(at.x - box[x], at.y - box[y]) < near) {
        const still = { x: box[u], y: box[v] };
        return (to) => put({ x1: still.x, y1: still.y, x2: to.x, y2: to.y });
      }
    }
    if (at.x > box.x1 && at.x < box.x2 && at.y > box.y1 && at.y < box.y2) {
      const was = box;
      return (to) => shift(was, to.x - at.x, to.y - at.y);
    }
    return (to) => put({ x1: at.x, y1: at.y, x2: to.x, y2: to.y });
  }

  function shift(was, dx, dy) {
    const x = Math.min(Math.max(dx, -was.x1), width - was.x2);
    const y = Math.min(Math.max(dy, -was.y1), height - was.y2);
    put({ x1: was.x1 + x, y1: was.y1 + y, x2: was.x2 + x, y2: was.y2 + y });
  }

  stage.addEventListener("pointerdown", (event) => {
    if (!active() || event.button !== 0) return;
    event.preventDefault();
    const change = grab(view.point(event));
    const start = { x: event.clientX, y: event.clientY };
    let far = false;
    const move = (next) => {
      far ||= Math.hypot(next.clientX - start.x, next.clientY - start.y) > 4; // a click alone leaves the box
      if (far) change(view.point(next));
    };
    const drop = () => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", drop);
      window.removeEventListener("pointercancel", drop);
      if (far && event.pointerType === "mouse") form.elements.name.focus({ preventScroll: true });
      else frame.focus({ preventScroll: true });
      say();
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", drop);
    window.addEventListener("pointercancel", drop);
  });

  frame.addEventListener("keydown", (event) => {
    const step = (event.altKey ? 1 : 8) * view.pixelSize();
    const [dx, dy] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key] ?? [0, 0];
    if (dx || dy) {
      if (event.shiftKey) put({ ...box, x2: Math.max(box.x1 + LEAST, box.x2 + dx), y2: Math.max(box.y1 + LEAST, box.y2 + dy) });
      else shift(box, dx, dy);
      say();
    } else if (event.key === "Enter") {
      form.elements.name.focus();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  });

  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") end();
  });
  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && event.detail.elt === form) end();
  });
  button.addEventListener("click", () => (active() ? end() : begin()));
  page.querySelector("#draw-cancel").addEventListener("click", end);
  return { active, end };
}
