// One-line news at the corner for six seconds; hovering or focusing holds it. Undo, where there is one, for ten.
// A reply announces one by HX-Trigger: {"toast": {"text": "…", "undo": "/address/"}}.

const SECONDS = 6;
const UNDO_SECONDS = 10;

function keep(toast) {
  const seconds = toast.querySelector("[data-undo]:not([hidden])") ? UNDO_SECONDS : SECONDS;
  let timer = 0;
  const hold = () => clearTimeout(timer);
  const run = () => {
    hold();
    timer = setTimeout(() => toast.remove(), seconds * 1000);
  };
  for (const name of ["mouseenter", "focusin"]) toast.addEventListener(name, hold);
  for (const name of ["mouseleave", "focusout"]) toast.addEventListener(name, run);
  toast.querySelector("[data-close]")?.addEventListener("click", () => toast.remove());
  toast.querySelector("[data-undo]")?.addEventListener("htmx:afterRequest", () => toast.remove());
  run();
}

export default function attach(corner) {
  const pattern = document.getElementById("toast-pattern");
  for (const toast of corner.querySelectorAll(".toast")) keep(toast);
  document.body.addEventListener("toast", (event) => {
    const toast = pattern.content.firstElementChild.cloneNode(true);
    toast.querySelector(".toast-text").textContent = event.detail.text ?? event.detail.value;
    const undo = toast.querySelector("[data-undo]");
    if (event.detail.undo) {
      undo.hidden = false;
      undo.setAttribute("hx-post", event.detail.undo);
    }
    corner.append(toast);
    window.htmx?.process(toast);
    keep(toast);
  });
}
