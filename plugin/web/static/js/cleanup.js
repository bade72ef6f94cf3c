// The results of a clean-up on paper.

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});
