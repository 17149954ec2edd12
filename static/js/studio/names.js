// Names of the work's characters, underlined in the text; Mod+I on one shows who that is.

import { redraw } from "studio/highlight";

const MOST = 2000;
const escaped = (name) => name.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

export async function follow(session) {
  const { form, sender, names } = session;
  if (!form.dataset.names) return;
  const people = await all(sender, form.dataset.names);
  const known = people.flatMap((one) => [one.name, ...(one.aliases ?? [])].map((name) => [name.toLowerCase(), one]));
  names.people = new Map(known.filter(([name]) => name));
  // The longer name first: it wins over the shorter one inside it.
  const longest = [...names.people.keys()].sort((a, b) => b.length - a.length).slice(0, MOST);
  names.pattern = longest.length ? new RegExp(longest.map(escaped).join("|"), "giu") : null;
  if (names.pattern && !session.view.composing) redraw(session.view);
}

async function all(sender, path) {
  const found = [];
  for (let next = path; next && found.length < MOST; ) {
    const response = await sender.request(next).catch(() => null);
    if (!response?.ok) return found;
    const page = await response.json();
    found.push(...page.results.filter((one) => one.is_tracked !== false));
    next = page.next ? new URL(page.next, location.href).pathname + new URL(page.next, location.href).search : null;
  }
  return found;
}

// The character whose name stands at a place, the caret's where none is said: {person, from, to}, or nothing.
export function personAt({ view, names }, at = view.state.selection.main.head) {
  if (!names.pattern) return null;
  const line = view.state.doc.lineAt(at);
  for (const found of line.text.matchAll(names.pattern)) {
    const from = line.from + found.index;
    const to = from + found[0].length;
    if (from <= at && at <= to) return { person: names.people.get(found[0].toLowerCase()), from, to };
  }
  return null;
}
