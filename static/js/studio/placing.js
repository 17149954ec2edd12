// Forms that let something hold on to the selected passage: what was typed is saved first, then the place goes along.

import { ready } from "studio/editor";

export default async function attach(panel) {
  const port = await ready;
  panel.addEventListener("htmx:confirm", (event) => {
    const form = event.target.closest("[data-place]");
    if (!form) return;
    event.preventDefault();
    const { from, to } = port.selection();
    form.elements.start.value = from < to ? from : "";
    form.elements.end.value = from < to ? to : "";
    port.saveNow().then(() => event.detail.issueRequest(true), () => {});
  });
}
