// Nothing typed is lost to a sign-in that ended or a lost network: a form is sent only when its person is signed
// in, else after the dialog; a request of htmx that met the end of the sign-in is repeated after it.

import { alive, back, csrf } from "parts/session";

// These look after themselves, or belong to people who are leaving.
const FREE = "[data-free], [hx-post], [hx-put], [hx-patch], [hx-delete]";

async function mayGo() {
  return (await alive()) || back({ ask: true });
}

function say(text) {
  document.body.dispatchEvent(new CustomEvent("toast", { detail: { text } }));
}

// A question that was answered with yes before the check is not asked again after it.
async function check(form, submitter, away, confirmed) {
  try {
    if (!(await mayGo())) return;
  } catch {
    say(away);
    return;
  }
  if (form.elements.csrfmiddlewaretoken && csrf()) form.elements.csrfmiddlewaretoken.value = csrf();
  form.dataset.checked = "yes";
  if (confirmed) form.dataset.confirmed = confirmed;
  form.requestSubmit(submitter);
  delete form.dataset.checked;
  delete form.dataset.confirmed;
}

export default function attach(body) {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.dataset.checked || form.matches(FREE)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    check(form, event.submitter, body.dataset.away, form.dataset.confirmed);
  }, true);
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (csrf()) detail.headers["X-CSRFToken"] = csrf();
  });
  document.addEventListener("htmx:responseError", async ({ detail }) => {
    if (detail.xhr.status !== 401) return;
    const { verb, path, elt } = detail.requestConfig;
    if (!(await back({ ask: verb !== "get" })) || !elt.isConnected) return;
    window.htmx.ajax(verb.toUpperCase(), path, { source: elt, target: detail.target });
  });
}
