// The command palette: Mod+K, then type a part of a place's name, arrows and Enter. A page adds deeds of its own by a
// template: each by its letter, and one that lists the page's own places.

import { open } from "parts/dialog";

export default function attach(dialog) {
  const input = dialog.querySelector("input");
  const list = dialog.querySelector("[role=listbox]");
  const own = document.querySelector("template[data-commands]");
  if (own) list.prepend(own.content.cloneNode(true));
  const always = [...list.querySelectorAll("[role=option]")];
  let options = always;
  const none = dialog.querySelector("[data-none]");
  let chosen = 0;

  const shown = () => options.filter((option) => !option.hidden);

  // The links of the page that a deed names, instead of everything else.
  function listed(selector) {
    for (const option of options) option.remove();
    options = [...document.querySelectorAll(selector)].map((link, index) => {
      const option = Object.assign(document.createElement("a"), { href: link.href, className: "menu-item", tabIndex: -1 });
      option.id = `palette-own-${index}`;
      option.setAttribute("role", "option");
      option.textContent = link.textContent;
      return option;
    });
    list.prepend(...options);
    filter();
  }

  function does(option) {
    if (option.dataset.lists) {
      input.value = "";
      listed(option.dataset.lists);
      return;
    }
    dialog.close();
    document.dispatchEvent(new CustomEvent("studio:palette", { detail: { name: option.dataset.command } }));
  }

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
    if (options !== always) {
      for (const option of options) option.remove();
      options = always;
      list.prepend(...options);
    }
    filter();
    open(dialog);
    input.focus();
  }

  input.addEventListener("input", filter);
  input.addEventListener("keydown", (event) => {
    const letter = options.find((option) => `Key${option.dataset.letter}` === event.code);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (letter && !input.value && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      letter.click();
      return;
    }
    if (step) mark(chosen + step);
    else if (event.key === "Enter") shown()[chosen]?.click();
    else return;
    event.preventDefault();
  });
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[data-command], [data-lists]");
    if (option) does(option);
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
