// The chapter's 字数 while somebody types: only the lines that changed are counted again.

import { count } from "studio/counting";

const PAUSE_MS = 300;

const span = (doc, from, to) => doc.sliceString(doc.lineAt(from).from, doc.lineAt(to).to);

export class Counts {
  // `words` is what the server counted in `doc`; `tell(words)` gets the new number; `busy()` says that an input
  // method composes.
  constructor(doc, { words, busy, tell }) {
    Object.assign(this, { doc, words, busy, tell });
    this.changes = null;
  }

  note(update) {
    this.changes = this.changes ? this.changes.compose(update.changes) : update.changes;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settle(update.view), PAUSE_MS);
  }

  settle(view) {
    if (!this.changes) return;
    if (this.busy()) {
      this.timer = setTimeout(() => this.settle(view), PAUSE_MS);
      return;
    }
    const { doc } = view.state;
    for (const [a, b, c, d] of wholeLines(this.doc, doc, this.changes)) {
      this.words += count(span(doc, c, d)).words - count(span(this.doc, a, b)).words;
    }
    this.doc = doc;
    this.changes = null;
    this.tell(this.words);
  }
}

// Changed ranges grown to whole lines on both sides; those that share a line are one.
function wholeLines(before, after, changes) {
  const found = [];
  changes.iterChangedRanges((a, b, c, d) => {
    const last = found.at(-1);
    if (last && before.lineAt(a).from <= before.lineAt(last[1]).to) [last[1], last[3]] = [b, d];
    else if (last && after.lineAt(c).from <= after.lineAt(last[3]).to) [last[1], last[3]] = [b, d];
    else found.push([a, b, c, d]);
  });
  return found;
}
