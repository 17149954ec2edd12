// A form that is sent as JSON through the queue, on the version it was filled in on: it works without a network,
// and when somebody else was faster, both versions are shown and a person decides.

import { client } from "parts/sync";

export default function attach(form) {
  const { path, resource, label } = form.dataset;

  function say(text) {
    document.body.dispatchEvent(new CustomEvent("toast", { detail: { text } }));
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const found = await client;
    if (!found) return HTMLFormElement.prototype.submit.call(form);
    const body = Object.fromEntries([...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken"));
    const operation = await found.push({ resource, method: "PATCH", path, body, ifMatch: form.dataset.etag, label });
    form.dispatchEvent(new CustomEvent("queued"));
    if (!navigator.onLine) say(form.dataset.waiting);
    form.dataset.sent = operation.id;
    return null;
  });
  client.then((found) => found?.queue.addEventListener("done", ({ detail }) => {
    if (detail.operation.resource !== resource) return;
    form.dataset.etag = detail.etag ?? form.dataset.etag;
    if (form.dataset.sent === detail.operation.id) say(form.dataset.saved);
  }));
}
