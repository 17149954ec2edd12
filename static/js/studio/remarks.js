// Comments beside the text: a new one takes the passage that is selected, an old one leads to its own.

import { ready } from "studio/editor";

const LONGEST = 60;

export default async function attach(panel) {
  const port = await ready;
  const form = panel.querySelector("[data-remark]");

  function take() {
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
    event.preventDefault();
    port.saveNow().then(() => event.detail.issueRequest(true), () => {});
  });
  const write = () => form?.elements.body.focus();
  document.addEventListener("studio:command", (event) => {
    if (!panel.isConnected || event.detail.name !== "comment") return;
    event.preventDefault();
    write();
  });
  if (port.wanted === "comment") {
    port.wanted = null;
    write();
  }
  panel.addEventListener("click", (event) => {
    if (!event.target.closest("[data-jump]")) return;
    const { start, end } = event.target.closest("[data-start]").dataset;
    port.select(Number(start), Number(end));
  });
}
