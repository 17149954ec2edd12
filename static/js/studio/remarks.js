// Comments beside the text: a new one takes the passage that is selected, an old one leads to its own.

import { current } from "studio/port";

const LONGEST = 60;

export default function attach(panel) {
  const form = panel.querySelector("[data-remark]");

  function take() {
    const port = current();
    if (!form || !port) return;
    const { from, to, text } = port.selection();
    form.elements.start.value = from < to ? from : "";
    form.elements.end.value = from < to ? to : "";
    const quote = form.querySelector("[data-quote]");
    quote.hidden = from >= to;
    quote.textContent = [...text].slice(0, LONGEST).join("");
  }

  form?.addEventListener("focusin", take);
  // The passage is one of what the server has: what was typed is saved first.
  form?.addEventListener("htmx:confirm", (event) => {
    const port = current();
    if (!port || event.detail.saved) return;
    event.preventDefault();
    port.saveNow().then(() => event.detail.issueRequest(true), () => {});
  });
  panel.addEventListener("click", (event) => {
    if (!event.target.closest("[data-jump]")) return;
    const { start, end } = event.target.closest("[data-start]").dataset;
    current()?.select(Number(start), Number(end));
  });
}
