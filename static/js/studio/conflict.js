// When a save is refused, or an earlier one never arrived: the text is brought to safety first, then a person decides.

import { open as openDialog } from "parts/dialog";
import { writable } from "studio/editor";
import { digest } from "studio/saving";
import { lockOf } from "studio/tab";

const STATES = { lock_lost: "lost", chapter_in_bin: "bin", chapter_too_large: "large", invalid_text: "invalid" };

// A text goes to the server as a version of its own. Resolves to nothing unless the very same text is there.
async function keep({ form, sender, name }, text) {
  const body = JSON.stringify({ kind: "conflict", content: text, tab_id: name, device: form.dataset.device });
  const headers = { "Content-Type": "application/json" };
  const response = await sender
    .request(`${form.dataset.path}versions/`, { method: "POST", headers, body })
    .catch(() => null);
  if (!response?.ok) return null;
  const [kept, sha] = [await response.json(), await digest(text)];
  return !sha || sha === kept.sha256 ? kept : null;
}

export async function keepConflict(session, { problem }) {
  const { status, form, drafts } = session;
  session.lock.stop();
  writable(session, false);
  await drafts?.flush("strict");
  if (problem.status !== 412 && problem.code !== "lock_lost") {
    const gone = problem.status === 403 || problem.status === 404;
    status.show("read-only");
    status.banner(gone ? "gone" : STATES[problem.code] ?? "refused");
    return;
  }
  status.show("conflict");
  const kept = await keep(session, session.saver.read());
  if (!kept) {
    status.banner("conflict-here");
    return;
  }
  await drafts?.forget();
  const address = `${form.dataset.merge}?mine=${kept.number}&base=${form.dataset.revision}`;
  status.banner(problem.code === "lock_lost" ? "lost" : "conflict", address);
}

// A draft that the server never acknowledged and that differs from what it has.
export async function offerDrafts(session) {
  const { drafts, form, view, saver } = session;
  const text = view.state.doc.toString();
  const all = await abandoned(session);
  for (const same of all.filter((one) => one.text === text)) await drafts.forget(same.key);
  const draft = all.find((one) => one.text !== text);
  const dialog = form.closest("[data-writing]").querySelector("[data-drafts]");
  if (!draft || !dialog) return;
  show(dialog, draft, text);
  dialog.addEventListener("click", async (event) => {
    const choice = event.target.closest("[data-choice]")?.dataset.choice;
    if (!choice) return;
    if (choice === "merge") return merge(session, draft);
    if (choice === "use") {
      view.dispatch({ changes: difference(text, draft.text), userEvent: "input.apart" });
      await drafts.flush("strict");
    }
    await drafts.forget(draft.key);
    dialog.close();
    if (choice === "use") saver.fire();
  });
  openDialog(dialog);
}

// Drafts of tabs that are gone: one of a tab that is still open belongs to it.
async function abandoned({ drafts, form, name }) {
  const locks = (await navigator.locks?.query())?.held.map((one) => one.name) ?? [];
  const all = await drafts.found(form.dataset.chapter);
  return all.filter((one) => one.tab === name || !locks.includes(lockOf(one.tab)));
}

async function merge(session, draft) {
  const kept = await keep(session, draft.text);
  if (!kept) return;
  await session.drafts.forget(draft.key);
  location.assign(`${session.form.dataset.merge}?mine=${kept.number}&base=${draft.revision}`);
}

function show(dialog, draft, text) {
  const { from, to, insert } = difference(text, draft.text);
  const margin = 40;
  const put = (name, value) => { dialog.querySelector(`[data-${name}]`).textContent = value; };
  put("at", new Date(draft.at).toLocaleString(document.documentElement.lang));
  put("before", text.slice(Math.max(0, from - margin), from));
  put("removed", text.slice(from, to).slice(0, 2000));
  put("added", insert.slice(0, 2000));
  put("after", text.slice(to, to + margin));
}

// The one change between two texts, after what they begin and end with alike.
export function difference(before, after) {
  let from = 0;
  const most = Math.min(before.length, after.length);
  while (from < most && before[from] === after[from]) from += 1;
  let end = 0;
  while (end < most - from && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  return { from, to: before.length - end, insert: after.slice(from, after.length - end) };
}
