// The AI beside the text: what is asked goes with the passage at hand, after everything typed is on the server.

import { ready } from "studio/editor";

const points = (text) => Array.from(text).length;

// Fills in where the passage stands. Resolves to false when a person has to decide about the text first.
async function place(form, port) {
  try {
    const { revision } = await port.saveNow();
    form.elements.base_revision.value = revision ?? port.revision;
  } catch {
    return false;
  }
  const { from, to } = port.selection();
  form.elements.range_start.value = from;
  form.elements.range_end.value = to;
  return true;
}

function fitAgents(form) {
  const modes = { outline: "outline", analyze: "findings", chat: "chat" };
  const wanted = modes[form.elements.type.value] ?? "prose";
  const agents = form.elements.agent;
  for (const option of agents.options) option.hidden = option.disabled = Boolean(option.value) && option.dataset.mode !== wanted;
  if (agents.selectedOptions[0]?.disabled) agents.value = "";
}

export default function attach(panel) {
  const form = panel.querySelector("#help");
  const context = panel.querySelector("#help-context");

  async function preview() {
    const port = await ready;
    if (await place(form, port)) window.htmx.trigger(form, "send");
  }

  function begin(type, port) {
    const choice = [...form.elements.type.options].find((option) => option.value === type);
    if (!choice) return;
    form.elements.type.value = type;
    fitAgents(form);
    panel.closest("details")?.setAttribute("open", "");
    const { text } = port.selection();
    if (choice.dataset.needsSelection === undefined || points(text)) preview();
    else form.elements.instruction.focus();
  }

  panel.addEventListener("click", async (event) => {
    const quote = event.target.closest("[data-find]");
    if (!quote) return;
    const port = await ready;
    const [whole, words] = [Array.from(port.text()), quote.dataset.find];
    const at = Number(quote.dataset.at);
    const here = whole.slice(at, at + points(words)).join("") === words ? at : points(port.text().split(words)[0]);
    if (here < whole.length) port.select(here, here + points(words));
  });
  const tools = panel.querySelector("[data-tools]");
  tools?.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (await place(tools, await ready)) window.htmx.trigger(tools, "send");
  });
  if (!form) return;

  fitAgents(form);
  form.elements.type.addEventListener("change", () => fitAgents(form));
  form.addEventListener("submit", (event) => { event.preventDefault(); preview(); });
  context.addEventListener("change", (event) => {
    if (event.target.name !== "sent") return;
    context.querySelector("[data-again]").hidden = false;
    context.querySelector("[data-send]").disabled = true;
  });
  context.addEventListener("click", (event) => {
    if (!event.target.closest("[data-again]")) return;
    const values = new FormData(context.querySelector("[data-context]"));
    const extra = { shown: values.getAll("shown"), sent: values.getAll("sent") };
    const all = Object.assign(Object.fromEntries(new FormData(form)), extra);
    window.htmx.ajax("POST", form.getAttribute("hx-post"), { target: "#help-context", values: all });
  });
  panel.addEventListener("htmx:afterRequest", (event) => {
    if (event.target.matches?.("[data-context]") && event.detail.successful) context.replaceChildren();
  });
  document.addEventListener("studio:command", (event) => {
    const { name, port } = event.detail;
    if (!panel.isConnected || name === "comment") return;
    event.preventDefault();
    if (name === "stop") panel.querySelector("[data-stop]")?.click();
    else begin(name, port);
  });
  ready.then((port) => {
    const { wanted } = port;
    if (!wanted || wanted === "comment" || wanted === "stop") return;
    port.wanted = null;
    begin(wanted, port);
  });
}
