// A <details> menu: closes on Escape, on a click elsewhere and after a choice; arrows walk its items.

const ITEMS = ".menu-item:not([hidden])";

export default function attach(menu) {
  const summary = menu.querySelector("summary");
  const items = () => [...menu.querySelectorAll(ITEMS)].filter((item) => item.offsetParent);

  function close(giveFocusBack) {
    if (!menu.open) return;
    menu.open = false;
    if (giveFocusBack) summary.focus();
  }

  function walk(step) {
    const all = items();
    const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
    next?.focus();
  }

  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) {
      event.stopPropagation();
      close(true);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      menu.open = true;
      walk(event.key === "ArrowDown" ? 1 : -1);
    }
  });
  menu.addEventListener("click", (event) => {
    if (event.target.closest(ITEMS)) close(false);
  });
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) close(false);
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) close(false);
  });
}
