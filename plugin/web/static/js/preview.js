// The page of a preview: who changes a box is told that the pictures are of other steps.
const form = document.querySelector("[data-previewed]");
const stale = form.querySelector("[data-stale]");
const boxes = [...form.querySelectorAll('input[name="step"]')];

form.addEventListener("change", () => {
  const other = boxes.some((box) => box.checked !== box.defaultChecked);
  stale.hidden = !other;
  document.querySelector(".r-look").classList.toggle("stale", other);
});
form.reset(); // a browser that comes back to the page fills in what was chosen when it was left
