// The reader's page: how it looks is kept on this device; after five seconds the reading is noted once.

const READ_MS = 5000;
const KEY = "reader-look";
const root = document.documentElement;

function look() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

function apply(chosen) {
  for (const [name, value] of Object.entries(chosen)) root.dataset[name] = value;
}

function offer(form) {
  const chosen = look();
  for (const field of form.elements) if (chosen[field.name]) field.value = chosen[field.name];
  form.hidden = false;
  form.addEventListener("change", () => {
    const now = Object.fromEntries(new FormData(form));
    apply(now);
    try {
      localStorage.setItem(KEY, JSON.stringify(now));
    } catch {
      // Without storage the look lasts as long as the page.
    }
  });
}

function note(page) {
  const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
  fetch(page.dataset.note, { method: "POST", headers: { "X-CSRFToken": token }, keepalive: true });
}

apply(look());
const form = document.querySelector("[data-look]");
if (form) offer(form);
const page = document.querySelector("[data-note]");
if (page) setTimeout(() => document.hidden || note(page), READ_MS);
