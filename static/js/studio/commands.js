// Keys and buttons of the writing page. What belongs to another part is told to the document: `studio:command`.

import { atCorner } from "studio/cards";

const FOCUS = "write-focus";

export function keys(session) {
  const tell = (name) => () => command(session, name);
  return [
    { key: "Mod-s", run: () => save(session), preventDefault: true },
    { key: "Mod-f", run: () => find(session), preventDefault: true },
    { key: "F3", run: () => step(session, 1), shift: () => step(session, -1), preventDefault: true },
    { key: "F9", run: () => focus(session) },
    { key: "Alt-ArrowUp", run: () => go(session, "previous") },
    { key: "Alt-ArrowDown", run: () => go(session, "next") },
    { key: "Mod-i", run: () => atCorner(session), preventDefault: true },
    { key: "Mod-Enter", run: tell("continue") },
    { key: "Mod-.", run: tell("stop") },
    { key: "Escape", run: () => command(session, "stop", { opens: false }) && false },
  ];
}

export function attach(session) {
  const deeds = { save, find, focus, "take-over": takeOver, "use-page": () => location.reload() };
  session.form.closest("[data-writing]").addEventListener("click", (event) => {
    const name = event.target.closest("[data-deed]")?.dataset.deed;
    deeds[name]?.(session);
    const asked = event.target.closest("[data-command]")?.dataset.command;
    if (asked) command(session, asked);
    const place = event.target.closest("[data-chapter-link]");
    if (place) leaveFor(session, event, place.href);
  });
  document.addEventListener("studio:palette", ({ detail: { name } }) => command(session, name));
  // Outside the text too: the browser's own search sees only the lines on the screen.
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || !(event.ctrlKey || event.metaKey) || event.shiftKey) return;
    const deed = { f: find, s: save }[event.key.toLowerCase()];
    if (!deed) return;
    event.preventDefault();
    deed(session);
  });
}

function save(session) {
  session.saver.now("manual").catch(() => {});
  return true;
}

function find(session) {
  session.finder.open();
  return true;
}

function step({ finder }, by) {
  finder.next(by);
  return true;
}

function focus({ form }) {
  form.closest("[data-writing]").classList.toggle(FOCUS);
  return true;
}

function go(session, way) {
  const link = document.querySelector(`[data-way="${way}"]`);
  if (link) leaveFor(session, null, link.href);
  return true;
}

// To another chapter: what stands here goes first to this device, then to the server, and nobody waits for long.
async function leaveFor({ drafts, saver }, event, address) {
  if (event?.ctrlKey || event?.metaKey || saver.clean) {
    if (!event) location.assign(address);
    return;
  }
  event?.preventDefault();
  await drafts?.flush("strict");
  await Promise.race([saver.now().catch(() => {}), new Promise((resolve) => setTimeout(resolve, 1500))]);
  location.assign(address);
}

async function takeOver(session) {
  if (await session.lock.takeOver()) location.reload();
}

// What belongs to a panel beside the text. One that is not open yet is opened, and finds there what it was asked for.
function command(session, name, { opens = true } = {}) {
  const { port } = session;
  const event = new CustomEvent("studio:command", { cancelable: true, detail: { name, port } });
  const isHeard = !document.dispatchEvent(event);
  if (!opens) return true;
  const place = document.querySelector(`[data-panel="${name === "comment" ? "comments" : "assistant"}"]`);
  if (!place) return true;
  if (!isHeard) port.wanted = name;
  place.closest("details").open = true;
  const panel = place.closest(".panel");
  if (panel.hidden) document.querySelector(`[aria-controls="${panel.id}"]`)?.click();
  return true;
}
