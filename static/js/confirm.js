// Asks before a form with data-confirm, or a request with hx-confirm, goes on its way.
// A form with data-confirm-name also wants that name typed: for what cannot be undone.

import { open } from "parts/dialog";

export default function attach(dialog) {
  const text = dialog.querySelector("[data-confirm-text]");
  const name = dialog.querySelector("[data-confirm-typed]");
  const yes = dialog.querySelector("[data-confirm-yes]");
  let go = null;
  let wanted = "";

  function ask(question, typed, label, then) {
    text.textContent = question;
    wanted = typed ?? "";
    name.hidden = !wanted;
    name.querySelector("strong").textContent = wanted;
    name.querySelector("input").value = "";
    yes.textContent = label || yes.dataset.label;
    yes.disabled = Boolean(wanted);
    go = then;
    open(dialog);
    if (!wanted) yes.focus();
  }

  name.addEventListener("input", (event) => {
    yes.disabled = event.target.value.trim() !== wanted;
  });
  yes.addEventListener("click", () => {
    dialog.close();
    go?.();
  });
  document.addEventListener("submit", (event) => {
    const { confirm, confirmName, confirmLabel, confirmed } = event.target.dataset;
    if (!confirm || confirmed) return;
    event.preventDefault();
    event.stopPropagation();
    const form = event.target;
    const submitter = event.submitter;
    ask(confirm, confirmName, confirmLabel, () => {
      form.dataset.confirmed = "yes";
      form.requestSubmit(submitter);
      delete form.dataset.confirmed;
    });
  }, true);
  document.addEventListener("htmx:confirm", (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    ask(event.detail.question, event.target.dataset.confirmName, event.target.dataset.confirmLabel,
      () => event.detail.issueRequest(true));
  });
}
