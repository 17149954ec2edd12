// What is told of the chapter beside its text: it travels with the next save, on the same revision. And the split.

import { csrf } from "parts/session";
import { ready } from "studio/editor";
import { uuid7 } from "sync/uuid7";

export default async function attach(panel) {
  const port = await ready;
  const fault = panel.querySelector("[data-fault]");
  const tell = (words) => { fault.textContent = words; fault.hidden = false; };
  panel.addEventListener("input", () => port.touch());
  panel.querySelector("[data-split]")?.addEventListener("submit", (event) => {
    event.preventDefault();
    split(event.target.dataset);
  });

  async function split({ path, then }) {
    const { from } = port.selection();
    let revision;
    try {
      revision = (await port.saveNow("manual")).revision ?? port.revision;
    } catch {
      tell(fault.dataset.moved);
      return;
    }
    const headers = { "Content-Type": "application/json", "X-CSRFToken": csrf(), "Idempotency-Key": uuid7(), "If-Match": `"${revision}"` };
    const body = JSON.stringify({ at: from, fence: port.fence });
    const response = await fetch(path, { method: "POST", headers, body }).catch(() => null);
    const answer = await response?.json().catch(() => null);
    if (response?.ok) location.assign(`${then}${answer.id}/`);
    else tell(answer ? `${answer.title}. ${answer.detail ?? ""}` : fault.dataset.away);
  }
}
