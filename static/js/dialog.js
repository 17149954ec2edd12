// Opens the <dialog> that the button's aria-controls names. The browser traps focus and gives it back.

export function open(dialog) {
  if (dialog.open) return;
  dialog.showModal();
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
  });
  dialog.addEventListener("keydown", (event) => trap(dialog, event));
}

function trap(dialog, event) {
  if (event.key !== "Tab") return;
  const reachable = [...dialog.querySelectorAll("a[href], button, input, select, textarea, [tabindex='0']")]
    .filter((element) => !element.disabled && element.offsetParent);
  const edge = event.shiftKey ? reachable[0] : reachable.at(-1);
  if (document.activeElement !== edge) return;
  event.preventDefault();
  (event.shiftKey ? reachable.at(-1) : reachable[0]).focus();
}

export default function attach(button) {
  button.addEventListener("click", () => {
    open(document.getElementById(button.getAttribute("aria-controls")));
  });
}
