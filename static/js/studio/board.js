// Scenes dragged between chapters: the drop sends the form that each card holds for the keyboard.

export default function attach(board) {
  let held = null;

  board.addEventListener("dragstart", (event) => {
    held = event.target.closest?.("[data-scene]");
    event.dataTransfer.effectAllowed = "move";
  });
  board.addEventListener("dragend", () => mark(null));
  board.addEventListener("dragover", (event) => {
    const column = event.target.closest("[data-column]");
    if (!held || !column) return;
    event.preventDefault();
    mark(column);
  });
  board.addEventListener("drop", (event) => {
    const column = event.target.closest("[data-column]");
    const form = held?.querySelector("form");
    if (!column || !form || column.contains(held)) return;
    event.preventDefault();
    form.elements.chapter.value = column.dataset.column;
    form.requestSubmit();
  });

  function mark(column) {
    for (const one of board.querySelectorAll("[data-over]")) one.removeAttribute("data-over");
    column?.setAttribute("data-over", "");
  }
}
