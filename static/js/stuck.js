// The list of what could not be sent: what it was, why not, and what to do with it. Nothing leaves it by itself.

import { client } from "parts/sync";

const text = (value) => (typeof value === "object" ? JSON.stringify(value) : String(value)) || "–";

function words(body) {
  const fields = Object.entries(body ?? {}).filter(([name]) => name !== "client_changed_at");
  if (fields.length === 1) return text(fields[0][1]);
  return fields.map(([name, value]) => `${name}: ${text(value)}`).join("\n");
}

function why({ state, problem }) {
  if (state === "conflict") return [problem.title, problem.changed_by].filter(Boolean).join(" · ");
  return problem?.errors?.map((one) => one.message).join(" ") || problem?.detail || problem?.title || "";
}

// Of the server's version, only what the person's own version speaks of; a profile stands inside its person.
function same(theirs, body) {
  const data = theirs?.data?.profile ?? theirs?.data ?? {};
  return Object.fromEntries(Object.keys(body ?? {}).filter((name) => name in data).map((name) => [name, data[name]]));
}

function entry(pattern, operation, queue) {
  const item = pattern.content.firstElementChild.cloneNode(true);
  const { theirs, body } = operation;
  const put = (name, shown) => { item.querySelector(`[data-${name}]`).textContent = shown; };
  item.dataset.state = operation.state;
  put("label", operation.label || operation.path);
  put("reason", why(operation));
  put("mine", words(body));
  put("theirs", theirs ? words(same(theirs, body)) : "");
  item.querySelector("[data-versions]").hidden = operation.state !== "conflict";
  item.querySelector("[data-again]").addEventListener("click", () => queue.retry(operation, theirs?.etag));
  item.querySelector("[data-drop]").addEventListener("click", () => queue.discard(operation));
  return item;
}

export default async function attach(list) {
  const found = await client;
  if (!found) return;
  const { queue } = found;
  const pattern = document.getElementById("stuck-pattern");

  async function draw() {
    const all = await queue.pending();
    list.replaceChildren(...all.filter((one) => one.state !== "waiting").map((one) => entry(pattern, one, queue)));
    document.querySelector("[data-nothing-stuck]").hidden = list.children.length > 0;
  }

  for (const name of ["change", "done", "conflict", "parked"]) queue.addEventListener(name, draw);
  await draw();
}
