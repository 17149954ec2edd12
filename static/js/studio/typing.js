// How many words were typed and how many pasted, and for how many seconds somebody worked. What the AI wrote, the
// server counts where it is accepted.

import { count } from "studio/counting";

const IDLE_MS = 5 * 60_000;
const PASTED = ["input.paste", "input.drop"];

export class Typing {
  constructor() {
    this.last = 0;
    this.reset();
  }

  reset() {
    this.sums = { typed_words: 0, pasted_words: 0 };
    this.active = 0;
  }

  // What happened since the last save, for the ledger.
  take() {
    const facts = { ...this.sums, active_seconds: Math.round(this.active / 1000) };
    this.reset();
    return facts;
  }

  // A transaction of the editor; those of an input method are counted when it has finished.
  note(update) {
    for (const transaction of update.transactions) {
      if (!transaction.docChanged) continue;
      const kind = kindOf(transaction);
      if (kind) this.sums[kind] += inserted(transaction.startState.doc, transaction.changes);
      this.tick();
    }
  }

  composed(before, changes) {
    this.sums.typed_words += inserted(before, changes);
    this.tick();
  }

  tick(now = Date.now()) {
    if (now - this.last < IDLE_MS) this.active += now - this.last;
    this.last = now;
  }
}

function kindOf(transaction) {
  if (transaction.isUserEvent("input.type.compose")) return null;
  if (transaction.isUserEvent("input.replace") || transaction.isUserEvent("input.apart")) return null;
  if (PASTED.some((event) => transaction.isUserEvent(event))) return "pasted_words";
  return transaction.isUserEvent("input") ? "typed_words" : null;
}

// The words that begin in what was inserted: a letter that goes on a word is no new word. Deletions subtract nothing.
function inserted(before, changes) {
  let words = 0;
  changes.iterChanges((from, _to, _start, _end, text) => {
    const left = before.sliceString(Math.max(0, from - 2), from);
    words += Math.max(0, count(left + text.toString()).words - count(left).words);
  });
  return words;
}
