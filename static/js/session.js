// Whether this page's person is still signed in. When not, asks for the password in a dialog, and nothing on the
// page is lost: whoever waits goes on once the person is back, in this tab or another one.

import { open } from "parts/dialog";

const waiting = new Set();
const channel = new BroadcastChannel("session");
let dismissed = false;

// The token changes with each sign-in, so it is read when it is needed.
export function csrf() {
  return document.cookie.match(/(?:^|; )(?:__Host-)?csrf=([^;]+)/)?.[1] ?? "";
}

// Throws when the server cannot be asked. Somebody else's page is drawn again instead of used.
export async function alive() {
  const response = await fetch("/api/v1/me/", { headers: { Accept: "application/json" }, cache: "no-store" });
  if (response.status === 401) return false;
  if (!response.ok) throw new Error(response.statusText);
  if ((await response.json()).id === document.body.dataset.user) return true;
  location.reload();
  return false;
}

// Resolves to true when the person is back. With `ask` the dialog opens again after it was closed, and closing
// it resolves to false; without, a closed dialog stays closed until somebody asks.
export function back({ ask = false } = {}) {
  if (ask || !dismissed) open(document.getElementById("signin"));
  return new Promise((resolve) => waiting.add({ resolve, ask }));
}

function resume() {
  const dialog = document.getElementById("signin");
  for (const one of waiting) one.resolve(true);
  waiting.clear();
  dismissed = false;
  for (const token of document.querySelectorAll("[name=csrfmiddlewaretoken]")) token.value = csrf();
  if (dialog.open) dialog.close();
}

async function look() {
  if (waiting.size && !document.hidden && (await alive())) resume();
}

async function send(form) {
  const headers = { Accept: "application/json", "X-Requested-With": "XMLHttpRequest", "X-CSRFToken": csrf() };
  const response = await fetch(form.action, { method: "POST", body: new FormData(form), headers });
  if (response.ok && (await alive())) {
    channel.postMessage("back");
    return resume();
  }
  const told = (await response.json().catch(() => null))?.form?.errors?.[0];
  const error = form.querySelector("[data-error]");
  error.textContent = told || form.dataset.failed;
  error.hidden = false;
  return form.elements.password.select();
}

export default function attach(dialog) {
  dialog.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.target).catch(() => {
      const error = event.target.querySelector("[data-error]");
      error.textContent = event.target.dataset.away;
      error.hidden = false;
    });
  });
  dialog.addEventListener("close", () => {
    dialog.querySelector("[type=password]").value = "";
    dismissed = waiting.size > 0;
    for (const one of [...waiting].filter((entry) => entry.ask)) {
      waiting.delete(one);
      one.resolve(false);
    }
  });
  for (const name of ["focus", "online"]) window.addEventListener(name, () => look().catch(() => {}));
  channel.addEventListener("message", () => look().catch(() => {}));
}
