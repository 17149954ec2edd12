// The command palette: Mod+K, then type a part of a place's name, arrows and Enter.

import { open } from "parts/dialog";

export default function attach(dialog) {
  const input = dialog.querySelector("input");
  const options = [...dialog.querySelectorAll("[role=option]")];
  const none = dialog.querySelector("[data-none]");
  let chosen = 0;

  const shown = () => options.filter((option) => !option.hidden);

  function mark(index) {
    const list = shown();
    chosen = list.length ? (index + list.length) % list.length : 0;
    for (const option of options) option.setAttribute("aria-selected", "false");
    const option = list[chosen];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
  }

  function filter() {
    const wanted = input.value.trim().toLowerCase();
    for (const option of options) {
      option.hidden = !`${option.textContent} ${option.dataset.words ?? ""}`.toLowerCase().includes(wanted);
    }
    none.hidden = shown().length > 0;
    mark(0);
  }

  function show() {
    input.value = "";
    filter();
    open(dialog);
    input.focus();
  }

  input.addEventListener("input", filter);
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) mark(chosen + step);
    else if (event.key === "Enter") shown()[chosen]?.click();
    else return;
    event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      show();
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-open-palette]")) show();
  });
}
