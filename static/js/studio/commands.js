// Keys and buttons of the writing page. What belongs to another part is told to the document: `studio:command`.

import { personAt } from "studio/names";

const FOCUS = "write-focus";

export function keys(session) {
  const tell = (name) => () => {
    document.dispatchEvent(new CustomEvent("studio:command", { detail: { name, port: session.port } }));
    return true;
  };
  return [
    { key: "Mod-s", run: () => save(session), preventDefault: true },
    { key: "Mod-f", run: () => find(session), preventDefault: true },
    { key: "F3", run: () => step(session, 1), shift: () => step(session, -1), preventDefault: true },
    { key: "F9", run: () => focus(session) },
    { key: "Alt-ArrowUp", run: () => go(session, "previous") },
    { key: "Alt-ArrowDown", run: () => go(session, "next") },
    { key: "Mod-i", run: () => card(session), preventDefault: true },
    { key: "Mod-Enter", run: tell("continue") },
    { key: "Mod-.", run: tell("stop") },
  ];
}

export function attach(session) {
  const deeds = { save, find, focus, "take-over": takeOver, "use-page": () => location.reload() };
  session.form.closest("[data-writing]").addEventListener("click", (event) => {
    const name = event.target.closest("[data-deed]")?.dataset.deed;
    deeds[name]?.(session);
    const place = event.target.closest("[data-chapter-link]");
    if (place) leaveFor(session, event, place.href);
  });
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
  finder.step(by);
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

function card(session) {
  const person = personAt(session);
  const place = session.form.querySelector("[data-person]");
  place.hidden = !person;
  if (!person) return true;
  place.querySelector("[data-name]").textContent = [person.name, ...(person.aliases ?? [])].join(" · ");
  place.querySelector("[data-about]").textContent = person.description ?? "";
  return true;
}
