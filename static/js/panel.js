// The side panel: its button opens and closes it, Escape closes it, and each page remembers.

export default function attach(panel) {
  const name = `panel:${panel.id}`;
  const buttons = () => document.querySelectorAll(`[aria-controls="${panel.id}"]`);

  function set(open, remember) {
    panel.hidden = !open;
    for (const button of buttons()) button.setAttribute("aria-expanded", String(open));
    if (remember) localStorage.setItem(name, open ? "open" : "closed");
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest(`[aria-controls="${panel.id}"]`);
    if (button) set(button.hasAttribute("data-opens") || panel.hidden, true);
    else if (event.target.closest("[data-close-panel]") && panel.contains(event.target)) set(false, true);
  });
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    set(false, true);
    buttons()[0]?.focus();
  });
  panel.addEventListener("htmx:afterSwap", () => set(true, true));
  set(!panel.hidden && localStorage.getItem(name) !== "closed", false);
}
