// A running answer: each step as it happens, the SQL as it is written; at the end the server's card takes its place.
// The first event is the whole message, so whoever comes back sees what everybody sees. Without a stream it asks again.

const POLL_MS = 2000;
const ENDS = ["done", "error", "cancelled", "end"];

function line(step) {
  const item = document.createElement("li");
  item.className = "answer-step";
  item.dataset.status = step.status;
  const dot = document.createElement("span");
  dot.className = "answer-dot";
  dot.setAttribute("aria-hidden", "true");
  const words = document.createElement("span");
  words.textContent = step.message;
  item.append(dot, words);
  return item;
}

export default function attach(card) {
  const steps = card.querySelector("[data-steps]");
  const draft = card.querySelector("[data-draft]");
  const sql = card.querySelector("[data-sql]");
  let polling = 0;
  let source = null;

  function stop() {
    source?.close();
    clearInterval(polling);
  }

  function refresh() {
    stop();
    if (card.isConnected) window.htmx.trigger(card, "refresh");
  }

  function poll() {
    if (!polling) polling = setInterval(() => (card.isConnected ? refresh() : stop()), POLL_MS);
  }

  function show(step) {
    steps.querySelector("[data-first]")?.remove();
    const last = steps.lastElementChild;
    const fresh = line(step);
    const same = last?.dataset.status === "running" && step.status !== "running";
    if (same) last.replaceWith(fresh);
    else steps.append(fresh);
  }

  function write(text) {
    sql.textContent = text;
    draft.hidden = !text;
    draft.firstElementChild.scrollTop = draft.firstElementChild.scrollHeight;
  }

  const hear = {
    snapshot({ message }) {
      if (message.metadata.steps.length) steps.replaceChildren(...message.metadata.steps.map(line));
      write(message.metadata.sql ?? "");
    },
    step(step) {
      show(step);
      if (step.stage === "generating_sql" && step.status === "running") write("");
    },
    delta: ({ text }) => write(sql.textContent + text),
    sql: (data) => write(data.sql),
  };

  source = new EventSource(card.dataset.stream);
  for (const [name, deed] of Object.entries(hear)) {
    source.addEventListener(name, (event) => deed(JSON.parse(event.data)));
  }
  for (const name of ENDS) {
    source.addEventListener(name, (event) => {
      if (name === "error" && !event.data) poll();
      else refresh();
    });
  }
  window.addEventListener("pagehide", stop);
}
