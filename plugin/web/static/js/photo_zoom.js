// Closer to the photo: the layers show a part of it, in pixels of the photo. Names at the boxes keep their size.

const STEP = 1.5;
const MOST = 12;
const TEXT_PX = 15;
const SIDES = [1600, 3200, 6400];

/** Zoom and move. Returns what the page's keys and the drawing need. */
export function zooming(page, stage) {
  const width = Number(page.dataset.width);
  const height = Number(page.dataset.height);
  const pixels = stage.querySelector("#pixels");
  let view = { x: 0, y: 0, k: 1 };
  let loaded = SIDES[0];
  let moved = 0;

  function apply() {
    const box = `${view.x} ${view.y} ${width / view.k} ${height / view.k}`;
    for (const layer of stage.querySelectorAll(".layer")) layer.setAttribute("viewBox", box);
    stage.classList.toggle("zoomed", view.k > 1);
    const unit = pixelSize();
    stage.querySelector("#boxes").setAttribute("font-size", (TEXT_PX * unit).toFixed(2));
    sharpen(unit);
  }

  /** How many pixels of the photo one of the screen is wide. */
  function pixelSize() {
    const there = stage.querySelector("#picture").getScreenCTM();
    return there && there.a > 0 ? 1 / there.a : width / Math.max(1, stage.clientWidth);
  }

  /** A larger picture when somebody comes close; never more than the photo has. */
  function sharpen(unit) {
    const side = Math.max(width, height);
    const needed = Math.min(side, (side / unit) * (window.devicePixelRatio || 1));
    const next = SIDES.find((s) => s >= needed * 0.8) ?? SIDES.at(-1);
    if (next <= loaded) return;
    loaded = next;
    const address = `/pictures/photo/${page.dataset.photo}?side=${next}&v=${page.dataset.version}`;
    const sharp = new Image();
    sharp.addEventListener("load", () => pixels.setAttribute("href", address)); // until then the coarse one stays
    sharp.src = address;
  }

  function limit() {
    view.x = Math.min(Math.max(view.x, 0), width - width / view.k);
    view.y = Math.min(Math.max(view.y, 0), height - height / view.k);
    apply();
  }

  /** Closer or farther; the point `at` (pixels of the photo) stays where it is. */
  function zoom(factor, at = { x: view.x + width / view.k / 2, y: view.y + height / view.k / 2 }) {
    const k = Math.min(Math.max(view.k * factor, 1), MOST);
    view = { x: at.x - ((at.x - view.x) * view.k) / k, y: at.y - ((at.y - view.y) * view.k) / k, k };
    limit();
  }

  /** Where in the photo an event happened. */
  function point(event) {
    const there = stage.querySelector("#picture").getScreenCTM();
    return new DOMPoint(event.clientX, event.clientY).matrixTransform(there.inverse());
  }

  page.querySelector("#closer").addEventListener("click", () => zoom(STEP));
  page.querySelector("#farther").addEventListener("click", () => zoom(1 / STEP));
  page.querySelector("#whole").addEventListener("click", () => zoom(0));
  stage.addEventListener("dblclick", (event) => {
    if (!stage.classList.contains("drawing")) zoom(view.k > 1 ? 0 : 2.5, point(event));
  });
  stage.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && view.k === 1) return; // the page scrolls as usual
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * 0.002), point(event));
  }, { passive: false });
  stage.addEventListener("pointerdown", (event) => {
    moved = 0;
    if (view.k === 1 || stage.classList.contains("drawing") || event.button !== 0) return;
    const from = point(event);
    const drag = (next) => {
      const to = point(next);
      moved += Math.abs(next.movementX) + Math.abs(next.movementY);
      view.x += from.x - to.x;
      view.y += from.y - to.y;
      limit();
    };
    const drop = () => {
      window.removeEventListener("pointermove", drag);
      window.removeEventListener("pointerup", drop);
      window.removeEventListener("pointercancel", drop);
    };
    window.addEventListener("pointermove", drag);
    window.addEventListener("pointerup", drop);
    window.addEventListener("pointercancel", drop);
  });
  stage.addEventListener("dragstart", (event) => event.preventDefault()); // boxes are links
  new ResizeObserver(apply).observe(stage);
  apply();
  return {
    apply,
    point,
    pixelSize,
    zoomed: () => view.k > 1,
    dragged: () => moved > 6,
    part: () => ({ x: view.x, y: view.y, width: width / view.k, height: height / view.k }),
    pan(key) {
      const step = width / view.k / 8;
      view.x += { ArrowLeft: -step, ArrowRight: step }[key] ?? 0;
      view.y += { ArrowUp: -step, ArrowDown: step }[key] ?? 0;
      limit();
    },
  };
}
