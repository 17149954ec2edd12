// The question's field: Enter sends, Shift+Enter breaks the line, ↑ in an empty field brings the last question back,
// Esc stops the running answer. What somebody types is kept until it was taken.

export default function attach(form) {
  const field = form.querySelector("textarea");
  const send = form.querySelector(".composer-send");
  const asked = () => [...document.querySelectorAll(".bubble-mine")];
  const draft = `question:${location.pathname}`;

  function fill(text) {
    field.value = text;
    field.focus();
    field.setSelectionRange(text.length, text.length);
  }

  field.value ||= sessionStorage.getItem(draft) ?? "";
  field.addEventListener("input", () => sessionStorage.setItem(draft, field.value));
  field.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      if (field.value.trim() && !send.disabled) form.requestSubmit(send);
    } else if (event.key === "ArrowUp" && !field.value && asked().length) {
      event.preventDefault();
      fill(asked().at(-1).textContent);
    }
  });
  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.target !== form || !event.detail.successful) return;
    if (event.detail.xhr.getResponseHeader("HX-Retarget")) return;
    sessionStorage.removeItem(draft);
    field.value = "";
    form.querySelector("#composer-note").replaceChildren();
    field.focus();
  });
  document.addEventListener("click", (event) => {
    const ready = event.target.closest("[data-ask]");
    const piece = event.target.closest("[data-insert]");
    if (ready) {
      fill(ready.dataset.ask);
      form.requestSubmit(send);
    } else if (piece) {
      field.setRangeText(piece.dataset.insert, field.selectionStart, field.selectionEnd, "end");
      field.focus();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    document.querySelector(".answer-live [data-stop]")?.click();
  });
  if (matchMedia("(min-width: 600px)").matches) field.focus({ preventScroll: true });
}
