// Questions over the page: what arrives in #sheet-body opens the dialog around it; when nothing is left, it closes.

const sheet = () => document.getElementById("sheet");

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "sheet-body") return;
  const dialog = sheet();
  if (event.detail.target.childElementCount === 0) {
    dialog.close();
  } else if (!dialog.open) {
    dialog.showModal();
  }
  dialog.querySelector("[data-focus]")?.focus();
});
document.addEventListener("click", (event) => {
  if (event.target === sheet() || event.target.closest?.("[data-close-sheet]")) sheet()?.close();
});
document.addEventListener("close", (event) => {
  if (event.target === sheet()) document.getElementById("sheet-body").replaceChildren();
}, true);
document.addEventListener("input", (event) => {
  const wanted = event.target.dataset?.mustBe;
  if (wanted === undefined) return;
  const same = event.target.value.trim().toLowerCase() === wanted.toLowerCase();
  event.target.form.querySelector("[data-when-typed]").disabled = !same;
});
