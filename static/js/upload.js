// Sends files with a bar that tells the truth and a button that stops.
// On a form: the whole form goes; a redirect is followed, a refusal shows the form again as the server answers it.

export function csrf() {
  return JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRFToken"] ?? "";
}

function post(address, body, bar, events) {
  const request = new XMLHttpRequest();
  request.open("POST", address);
  request.setRequestHeader("X-CSRFToken", csrf());
  request.setRequestHeader("Accept", events.accept);
  request.upload.onprogress = (event) => {
    if (!event.lengthComputable) return;
    bar.max = event.total;
    bar.value = event.loaded;
  };
  request.onload = () => events.done(request);
  request.onerror = () => events.failed();
  request.send(body);
  return request;
}

export function send(drop, item, file) {
  const bar = item.querySelector("progress");
  const body = new FormData();
  body.append(drop.dataset.field || "file", file);
  bar.hidden = false;
  const fail = (text) => {
    bar.classList.add("bar-failed");
    item.querySelector(".field-error").hidden = false;
    item.querySelector("[data-reason]").textContent = text || drop.dataset.failed;
  };
  const request = post(drop.dataset.upload, body, bar, {
    accept: "application/json",
    failed: () => fail(),
    done: (reply) => {
      const data = JSON.parse(reply.responseText || "{}");
      if (reply.status >= 300) return fail(data.detail);
      bar.classList.add("bar-done");
      drop.dispatchEvent(new CustomEvent("drop:done", { bubbles: true, detail: data }));
      return null;
    },
  });
  item.querySelector("[data-remove]").addEventListener("click", () => {
    request.abort();
    item.remove();
  });
}

export default function attach(form) {
  const panel = form.querySelector("[data-upload-progress]");
  let request = null;

  function rest() {
    panel.hidden = true;
    form.removeAttribute("aria-busy");
    for (const button of form.querySelectorAll("[type=submit]")) button.removeAttribute("aria-busy");
  }

  function again(reply) {
    const page = new DOMParser().parseFromString(reply.responseText, "text/html");
    const fresh = page.getElementById(form.id);
    if (!fresh) return location.assign(reply.responseURL);
    form.replaceWith(fresh);
    document.dispatchEvent(new CustomEvent("htmx:load", { detail: { elt: fresh } }));
    return fresh.querySelector("[aria-invalid=true]")?.focus();
  }

  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    event.preventDefault();
    panel.hidden = false;
    event.submitter?.setAttribute("aria-busy", "true");
    request = post(form.action, new FormData(form, event.submitter), panel.querySelector("progress"), {
      accept: "text/html",
      failed: () => { rest(); form.querySelector("[data-upload-failed]").hidden = false; },
      done: (reply) => (reply.responseURL === form.action ? again(reply) : location.assign(reply.responseURL)),
    });
  });
  panel.querySelector("[data-cancel]").addEventListener("click", () => { request?.abort(); rest(); });
}
