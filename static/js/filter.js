// A search field that hides the items of the list named by data-of whose text does not hold what is typed.

export default function attach(input) {
  const list = document.getElementById(input.dataset.of);

  function apply() {
    const wanted = input.value.trim().toLowerCase();
    for (const item of list.querySelectorAll("[data-item]")) {
      const named = item.querySelector("[value]")?.value ?? "";
      item.hidden = !`${item.textContent} ${named}`.toLowerCase().includes(wanted);
    }
    for (const folder of list.querySelectorAll("details")) {
      folder.hidden = !folder.querySelector("[data-item]:not([hidden])");
    }
  }

  input.addEventListener("input", apply);
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !input.value) return;
    event.stopPropagation();
    input.value = "";
    apply();
  });
}
