// Tries a model without leaving the page: phases as they pass, then what came of it, beside the field to change.

const PHASES = { connect: 1, first: 2 };

export default function trial(form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run(form).catch(() => verdict(form, false, form.dataset.away));
  });
}

async function run(form) {
  const button = form.querySelector("button");
  if (button.disabled) return;
  button.disabled = true;
  clear(form);
  try {
    const headers = { Accept: "application/x-ndjson" };
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers });
    if (!answer.ok) return verdict(form, false, answer.status === 429 ? form.dataset.often : form.dataset.away);
    for await (const step of lines(answer.body)) show(form, step);
  } finally {
    button.disabled = false;
  }
}

async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ; ) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const part of parts) yield JSON.parse(part);
  }
}

function show(form, step) {
  const bar = form.querySelector("[data-bar]");
  if (step.name) {
    bar.value = PHASES[step.name];
    return phase(form, step.name, step.ms);
  }
  phase(form, "total", step.total_ms);
  bar.value = step.ok ? 3 : bar.value;
  bar.classList.add(step.ok ? "bar-done" : "bar-failed");
  verdict(form, step.ok, step.ok ? form.dataset.worked : step.message);
  for (const after of document.querySelectorAll("[data-after-test]")) after.hidden = !step.ok;
  if (!step.ok && step.field) mark(document.querySelector(`#id_${step.field}`), step.message);
}

function phase(form, name, ms) {
  form.querySelector(`[data-phase="${name}"]`).textContent = `${ms} ms`;
}

function verdict(form, ok, text) {
  const place = form.querySelector("[data-verdict]");
  place.dataset.ok = ok === null ? "" : ok ? "yes" : "no";
  place.textContent = text;
}

function mark(input, text) {
  if (!input) return;
  const said = Object.assign(document.createElement("p"), { className: "field-error", textContent: text });
  said.id = `${input.id}_fault`;
  input.closest(".field").classList.add("field-invalid");
  input.closest(".field").append(said);
  input.setAttribute("aria-describedby", said.id);
  input.focus();
}

function clear(form) {
  for (const said of document.querySelectorAll("p.field-error[id$=_fault]")) said.remove();
  for (const bad of document.querySelectorAll(".field-invalid")) bad.classList.remove("field-invalid");
  for (const place of form.querySelectorAll("[data-phase]")) place.textContent = "–";
  const bar = form.querySelector("[data-bar]");
  bar.classList.remove("bar-done", "bar-failed");
  bar.value = 0;
  verdict(form, null, form.dataset.busy);
}
