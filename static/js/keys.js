// Keys of every page: ? shows them, / goes to the search, g and a letter goes to a place.

import { open } from "parts/dialog";

const PAIR_MS = 1200;

function typing(target) {
  return target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
}

export default function attach(help) {
  let sinceG = 0;

  function second(letter) {
    const place = document.querySelector(`[data-key="g ${letter}"]`);
    if (!place) return false;
    if (place.matches("summary")) {
      place.parentElement.open = true;
      place.parentElement.querySelector(".menu-item")?.focus();
    } else {
      place.click();
    }
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.timeStamp - sinceG < PAIR_MS && second(event.key)) {
      sinceG = 0;
      event.preventDefault();
    } else if (event.key === "g") {
      sinceG = event.timeStamp;
    } else if (event.key === "?") {
      open(help);
    } else if (event.key === "/") {
      const search = [...document.querySelectorAll("[data-search]")].find((field) => field.offsetParent);
      if (!search) return;
      event.preventDefault();
      search.focus();
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-open-keys]")) open(help);
  });
}
