// Chapters of the outline by drag: one, or all that are ticked. Buttons and keys do the same through the form.

import { csrf } from "parts/session";
import { Sender } from "sync/sender";

export default function attach(form) {
  const sender = new Sender({ headers: () => ({ "X-CSRFToken": csrf() }) });
  const said = form.querySelector("[data-said]");
  let dragged = [];

  const rowOf = (target) => target.closest?.("[data-chapter]");
  const mark = (row) => {
    for (const one of form.querySelectorAll("[data-over]")) one.removeAttribute("data-over");
    row?.setAttribute("data-over", "");
  };

  form.addEventListener("dragstart", (event) => {
    const row = rowOf(event.target);
    if (!row) return;
    const ticked = [...form.querySelectorAll("[data-chapter]:has(input:checked)")];
    dragged = ticked.includes(row) ? ticked : [row];
    for (const one of dragged) one.setAttribute("data-dragged", "");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", row.dataset.chapter);
  });
  form.addEventListener("dragover", (event) => {
    if (!dragged.length || !event.target.closest("[data-volume]")) return;
    event.preventDefault();
    mark(rowOf(event.target));
  });
  form.addEventListener("dragend", () => {
    for (const one of dragged) one.removeAttribute("data-dragged");
    dragged = [];
    mark(null);
  });
  form.addEventListener("drop", (event) => {
    const part = event.target.closest("[data-volume]");
    if (!part || !dragged.length) return;
    event.preventDefault();
    const row = rowOf(event.target);
    if (dragged.includes(row)) return;
    const list = part.querySelector("[data-sortable]");
    for (const one of dragged) list.insertBefore(one, row);
    send(dragged.map((one) => one.dataset.chapter), part.dataset.volume, row?.dataset.chapter);
  });

  // What the form sends: so the answer brings the way back too.
  async function send(ids, into, before) {
    const body = new FormData();
    body.set("structure", form.dataset.structure);
    body.set("into", into);
    if (before) body.set("before", before);
    for (const id of ids) body.append("chapter", id);
    const headers = { "X-CSRFToken": csrf() };
    const response = await sender.request(form.action, { method: "POST", headers, body, redirect: "manual" }).catch(() => null);
    said.textContent = response ? form.dataset.moved : form.dataset.changed;
    // The numbers are the server's to count.
    location.reload();
  }
}
