// Two pictures of one place: a slider between them or side by side, zoomed and moved together, and a flicker.
// What is shown is kept as a place in the picture (0..1) and a scale, so it survives another size and another mode.

const MOST = 16;
const STEP = 1.35;
const NEAR_PX = 28;
const SIDE = "iconface.compare.side";

export class Compare {
  constructor(root) {
    this.root = root;
    this.stage = root.querySelector("[data-stage]");
    this.panes = [...root.querySelectorAll("[data-pane]")];
    this.images = this.panes.map((pane) => pane.querySelector("img"));
    this.line = root.querySelector("[data-line]");
    this.range = root.querySelector("[data-range]");
    this.flicker = root.querySelector("[data-flick]");
    this.sideButton = root.querySelector("[data-side]");
    this.view = { x: 0.5, y: 0.5, scale: 1 };
    this.pointers = new Map();
    this.sliding = false;
    root.querySelector("[data-tools]").hidden = false;
    root.querySelector("[data-zooms]").hidden = false;
    this.line.hidden = false;
    root.classList.add("ready");
    this.listen();
    this.side(sessionStorage.getItem(SIDE) === "1");
    this.slide(50);
  }

  listen() {
    this.range.addEventListener("input", () => this.slide(Number(this.range.value)));
    this.sideButton.addEventListener("click", () => this.side(!this.isSide));
    for (const button of this.root.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => this.zoomBy(button.dataset.zoom));
    }
    this.flicker.addEventListener("pointerdown", () => this.flick(true));
    for (const end of ["pointerup", "pointercancel", "pointerleave", "blur"]) {
      this.flicker.addEventListener(end, () => this.flick(false));
    }
    this.flicker.addEventListener("click", (event) => {
      // Enter, or a screen reader: who cannot hold presses twice.
      if (event.detail === 0) this.flick(!this.root.classList.contains("flick"));
    });
    this.flicker.addEventListener("contextmenu", (event) => event.preventDefault()); // a long touch is a hold
    this.stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.stage.addEventListener("dblclick", (event) => this.double(event));
    this.stage.addEventListener("pointerdown", (event) => this.press(event));
    this.stage.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) this.stage.addEventListener(end, (event) => this.release(event));
    for (const image of this.images) image.addEventListener("load", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.stage);
  }

  get isSide() {
    return this.root.classList.contains("side");
  }

  /** Show this much of the left picture, percent. */
  slide(percent) {
    this.range.value = percent;
    this.range.setAttribute("aria-valuetext", `${Math.round(percent)} %`);
    this.stage.style.setProperty("--at", `${percent}%`);
  }

  side(on) {
    this.root.classList.toggle("side", on);
    this.sideButton.setAttribute("aria-pressed", String(on));
    this.flicker.disabled = on;
    this.range.disabled = on;
    sessionStorage.setItem(SIDE, on ? "1" : "0");
    this.draw();
  }

  /** Hold: the left picture and nothing else. Let go: the right one. */
  flick(on) {
    if (this.isSide || (!on && !this.root.classList.contains("flick"))) return;
    this.root.classList.toggle("flick", on);
    this.slide(0);
  }

  zoomBy(how) {
    if (how === "fit") this.view = { x: 0.5, y: 0.5, scale: 1 };
    else this.scaleTo(this.view.scale * (how === "in" ? STEP : 1 / STEP));
    this.draw();
  }

  /** Two pictures side by side, or one above the other where that shows them larger. */
  arrange() {
    const { width, height } = this.stage.getBoundingClientRect();
    const { naturalWidth, naturalHeight } = this.images[0];
    if (!naturalWidth) return;
    const beside = Math.min(width / 2 / naturalWidth, height / naturalHeight);
    const above = Math.min(width / naturalWidth, height / 2 / naturalHeight);
    this.root.classList.toggle("stacked", above > beside);
  }

  /** Size of a pane, and of the picture in it at scale 1, in CSS pixels. */
  sizes() {
    const pane = this.panes[this.panes.length - 1].getBoundingClientRect();
    const { naturalWidth, naturalHeight } = this.images[0];
    const fit = Math.min(pane.width / (naturalWidth || 1), pane.height / (naturalHeight || 1));
    return { pane, width: naturalWidth * fit, height: naturalHeight * fit };
  }

  /** Scale so that the picture stays where it is under a point of the screen (default: the middle). */
  scaleTo(scale, point = null) {
    const { pane, width, height } = this.sizes();
    const next = Math.min(MOST, Math.max(1, scale));
    if (point && width && height) {
      const dx = point.x - pane.width / 2;
      const dy = point.y - pane.height / 2;
      this.view.x += (dx / width) * (1 / this.view.scale - 1 / next);
      this.view.y += (dy / height) * (1 / this.view.scale - 1 / next);
    }
    this.view.scale = next;
  }

  /** A point of the screen, in the pane it lies in. */
  inPane(event) {
    for (const pane of this.isSide ? this.panes : this.panes.slice(-1)) {
      const box = pane.getBoundingClientRect();
      const x = event.clientX - box.left;
      const y = event.clientY - box.top;
      if (x >= 0 && y >= 0 && x <= box.width && y <= box.height) return { x, y };
    }
    return null;
  }

  wheel(event) {
    if (event.deltaY > 0 && this.view.scale === 1) return; // nothing smaller to show: the page scrolls
    event.preventDefault();
    this.scaleTo(this.view.scale * Math.exp(-event.deltaY / 400), this.inPane(event));
    this.draw();
  }

  double(event) {
    if (event.target.closest("button")) return;
    const point = this.inPane(event);
    if (this.view.scale > 1) this.zoomBy("fit");
    else this.scaleTo(3, point);
    this.draw();
  }

  press(event) {
    if (event.button !== 0 || event.target.closest("button")) return;
    this.stage.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, event);
    const line = this.line.getBoundingClientRect();
    const near = Math.abs(event.clientX - (line.left + line.width / 2)) < NEAR_PX;
    this.sliding = !this.isSide && this.pointers.size === 1 && (near || this.view.scale === 1);
    if (this.sliding && near === false && event.pointerType === "touch") return; // perhaps the page is scrolled
    if (this.sliding) this.slideTo(event);
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    if (this.pointers.size === 2) this.pinch(event, before);
    else if (this.sliding) this.slideTo(event);
    else this.pan(event.clientX - before.clientX, event.clientY - before.clientY);
    this.pointers.set(event.pointerId, event);
    this.draw();
  }

  release(event) {
    this.pointers.delete(event.pointerId);
    this.sliding = false;
  }

  slideTo(event) {
    const box = this.stage.getBoundingClientRect();
    this.slide(Math.min(100, Math.max(0, ((event.clientX - box.left) / box.width) * 100)));
  }

  pan(dx, dy) {
    const { width, height } = this.sizes();
    this.view.x -= dx / (width * this.view.scale || 1);
    this.view.y -= dy / (height * this.view.scale || 1);
  }

  pinch(event, before) {
    const [other] = [...this.pointers.values()].filter((p) => p.pointerId !== event.pointerId);
    const far = (p) => Math.hypot(p.clientX - other.clientX, p.clientY - other.clientY);
    const middle = { clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2 };
    this.pan((event.clientX - before.clientX) / 2, (event.clientY - before.clientY) / 2);
    if (far(before) > 0) this.scaleTo(this.view.scale * (far(event) / far(before)), this.inPane(middle));
  }

  draw() {
    this.arrange();
    const { pane, width, height } = this.sizes();
    if (!width || !height) return;
    const view = this.view;
    const within = (at, shown, of) => {
      const half = Math.min(0.5, of / (2 * shown));
      return Math.min(1 - half, Math.max(half, at));
    };
    view.x = within(view.x, width * view.scale, pane.width);
    view.y = within(view.y, height * view.scale, pane.height);
    const left = pane.width / 2 - view.scale * ((pane.width - width) / 2 + view.x * width);
    const top = pane.height / 2 - view.scale * ((pane.height - height) / 2 + view.y * height);
    for (const image of this.images) image.style.transform = `translate(${left}px, ${top}px) scale(${view.scale})`;
    this.root.classList.toggle("zoomed", view.scale > 1);
    if (view.scale > 1.4) this.sharpen();
  }

  /** The larger pictures, once somebody looks closely. */
  sharpen() {
    for (const image of this.images) {
      const large = image.dataset.large;
      if (!large) continue;
      delete image.dataset.large;
      const ahead = new Image();
      ahead.addEventListener("load", () => (image.src = large));
      ahead.src = large;
    }
  }
}
