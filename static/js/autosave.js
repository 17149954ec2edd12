// The settings page: each field is saved as it changes, now or when the network is back; its mark says which.

import { client } from "parts/sync";

const RESOURCE = "settings";

function valueOf(field) {
  if (field.type === "checkbox") return field.checked;
  if (field.type === "number") return field.valueAsNumber;
  return field.value === "" ? null : field.value;
}

function put(form, name, value) {
  const field = form.elements[name];
  if (!field || field.disabled) return;
  if (field.type === "checkbox") field.checked = Boolean(value);
  else field.value = value ?? "";
  form.dispatchEvent(new CustomEvent("applied", { detail: { name } }));
}

function mark(name, kind, text = "") {
  const place = document.getElementById(`saved-${name}`);
  const pattern = document.getElementById(`mark-${kind}`);
  if (!place) return;
  const shown = pattern.content.firstElementChild.cloneNode(true);
  if (text) shown.querySelector("[data-text]").textContent = text;
  place.replaceChildren(shown);
}

const fieldsOf = ({ body }) => Object.keys(body).filter((name) => name !== "client_changed_at");

export default async function attach(form) {
  const found = await client;
  if (!found) return;
  const { queue } = found;
  const mine = async () => (await queue.pending()).filter((one) => one.resource === RESOURCE);
  const waiting = async () => new Set((await mine()).filter((one) => one.state === "waiting").flatMap(fieldsOf));

  form.addEventListener("change", ({ target }) => {
    if (!target.name) return;
    if (!target.checkValidity()) return mark(target.name, "refused", target.validationMessage);
    mark(target.name, "waiting");
    const body = { [target.name]: valueOf(target), client_changed_at: new Date().toISOString() };
    const label = form.querySelector(`#saved-${target.name}`)?.dataset.label;
    const wish = { resource: RESOURCE, method: "PATCH", path: form.dataset.path, body, label };
    found.push(wish).catch(() => mark(target.name, "refused", form.dataset.full));
  });
  queue.addEventListener("done", async ({ detail: { operation } }) => {
    if (operation.resource !== RESOURCE) return;
    const later = await waiting();
    for (const name of fieldsOf(operation)) if (!later.has(name)) mark(name, "saved");
  });
  queue.addEventListener("parked", ({ detail: { operation } }) => {
    if (operation.resource !== RESOURCE) return;
    const why = operation.problem?.errors?.[0]?.message ?? operation.problem?.title;
    for (const name of fieldsOf(operation)) mark(name, "refused", why);
  });
  document.addEventListener("settings", async ({ detail }) => {
    const later = await waiting();
    for (const [name, value] of Object.entries(detail)) if (!later.has(name)) put(form, name, value);
  });
  for (const operation of await mine()) {
    for (const name of fieldsOf(operation)) {
      put(form, name, operation.body[name]);
      mark(name, operation.state === "waiting" ? "waiting" : "refused", operation.problem?.title);
    }
  }
}
