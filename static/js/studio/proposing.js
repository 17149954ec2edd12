// Taking a proposal: what is typed goes to the server first, the server writes, and the editor follows in one step that
// can be undone.

import { csrf } from "parts/session";
import { ready } from "studio/editor";
import { uuid7 } from "sync/uuid7";

const points = (text) => Array.from(text);

async function post(path, body, revision) {
  const headers = { "Content-Type": "application/json", "X-CSRFToken": csrf(), "Idempotency-Key": uuid7() };
  if (revision !== undefined) headers["If-Match"] = `"${revision}"`;
  return fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
}

export default function attach(part) {
  const path = `/api/v1/proposals/${part.dataset.proposal}/acceptance/`;
  const fault = part.querySelector("[data-fault]");
  const tell = (words) => { fault.textContent = words; fault.hidden = false; };

  function chosen() {
    const boxes = [...part.querySelectorAll("[data-hunk]:not(:disabled)")];
    if (!boxes.length) return {};
    return { hunks: boxes.filter((box) => box.checked).map((box) => Number(box.dataset.hunk)) };
  }

  async function take(body) {
    const outline = part.dataset.outline === "yes";
    const port = outline ? null : await ready;
    let revision;
    try {
      if (port) revision = (await port.saveNow()).revision ?? port.revision;
    } catch {
      tell(fault.dataset.moved);
      return;
    }
    const before = port?.text();
    const response = await post(path, body(port), revision).catch(() => null);
    if (!response) tell(fault.dataset.away);
    else if (!response.ok) {
      const problem = await response.json();
      tell(`${problem.title}. ${problem.detail}`);
      if (problem.code === "proposal_closed" || problem.code === "proposal_stale") refresh();
    } else {
      if (port) follow(port, before, await response.json());
      refresh();
    }
  }

  // The text here is the one the server began from, or the author's: then the editor's own merging follows.
  function follow(port, before, { changes }) {
    if (port.text() !== before) {
      tell(fault.dataset.moved);
      return;
    }
    port.replaceRanges(changes.map(({ start, end, text }) => ({ from: start, to: end, text })));
    for (const { start, text } of changes) port.select(start, start + points(text).length);
    port.saveNow().catch(() => {});
  }

  const refresh = () => window.htmx.trigger(part, "refresh");

  part.addEventListener("click", (event) => {
    if (event.target.closest("[data-accept]")) take(chosen);
    if (event.target.closest("[data-put]")) {
      take((port) => {
        const { from, to } = port.selection();
        return { range_start: from, range_end: to };
      });
    }
  });
}
