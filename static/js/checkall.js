// One box ticks all boxes of its group and shows when only some are ticked; a counter tells how many.

export default function attach(group) {
  const boxes = () => [...group.querySelectorAll("[data-check]")];
  const all = group.querySelector("[data-check-all]");

  function count() {
    const ticked = boxes().filter((box) => box.checked).length;
    if (all) {
      all.checked = ticked > 0 && ticked === boxes().length;
      all.indeterminate = ticked > 0 && ticked < boxes().length;
    }
    for (const number of document.querySelectorAll(`[data-count-of="${group.id}"]`)) number.textContent = ticked;
  }

  group.addEventListener("change", (event) => {
    if (event.target === all) for (const box of boxes()) box.checked = all.checked;
    count();
  });
  count();
}
