// Marks of Markdown-lite and the names of characters, in what is on the screen. The line in which somebody composes is
// left alone, and everything waits until the hands rest.

import { Decoration, RangeSetBuilder, StateEffect, ViewPlugin } from "codemirror";

const REST_MS = 300;
const refresh = StateEffect.define();
const HEADING = /^#{1,3}[ \t]+/;
const BREAK = /^(?:\*\*\*|---)[ \t]*$/;
const QUOTE = /^>[ \t]?/;
const INLINE = /\\[!-/:-@[-`{-~]|\*\*(?![ \t*])[^*\n]{1,2000}\*\*|\*(?![ \t*])[^*\n]{1,2000}\*|\[[^[\]\n]{1,500}\]\(https?:\/\/[^ \t\n()]{1,2000}\)/g;

const sign = Decoration.mark({ class: "cm-sign" });
const strong = Decoration.mark({ class: "cm-strong" });
const emphasis = Decoration.mark({ class: "cm-emphasis" });
const link = Decoration.mark({ class: "cm-link" });
const name = Decoration.mark({ class: "cm-name" });
const whole = Object.fromEntries(
  ["heading", "break", "quote"].map((kind) => [kind, Decoration.line({ class: `cm-${kind}-line` })]),
);

export function highlighting(names) {
  return ViewPlugin.define((view) => new Highlights(view, names), { decorations: (plugin) => plugin.decorations });
}

export function redraw(view) {
  view.dispatch({ effects: refresh.of(null) });
}

class Highlights {
  constructor(view, names) {
    this.names = names;
    this.decorations = this.drawn(view);
  }

  update(update) {
    if (update.docChanged) {
      this.decorations = this.decorations.map(update.changes);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.rest(update.view), REST_MS);
    } else if (update.viewportChanged || update.transactions.some((one) => one.effects.some((e) => e.is(refresh)))) {
      if (!update.view.composing) this.decorations = this.drawn(update.view);
    }
  }

  rest(view) {
    if (view.composing) this.timer = setTimeout(() => this.rest(view), REST_MS);
    else redraw(view);
  }

  destroy() {
    clearTimeout(this.timer);
  }

  drawn(view) {
    const builder = new RangeSetBuilder();
    for (const { from, to } of view.visibleRanges) {
      for (let at = from; at <= to; ) {
        const line = view.state.doc.lineAt(at);
        // Of a line that is longer than the screen, only what is on it.
        const start = Math.max(line.from, from);
        const text = view.state.doc.sliceString(start, Math.min(line.to, to));
        this.line(builder, line, start, text);
        at = line.to + 1;
      }
    }
    return builder.finish();
  }

  line(builder, line, start, text) {
    const lead = start === line.from ? leadOf(text) : null;
    if (lead) builder.add(line.from, line.from, whole[lead.kind]);
    const marks = [...inline(text, lead?.length ?? 0), ...this.named(text)];
    if (lead?.length) marks.push([0, lead.length, sign]);
    for (const [a, b, mark] of marks.sort((one, two) => one[0] - two[0] || two[1] - one[1])) {
      builder.add(start + a, start + b, mark);
    }
  }

  named(text) {
    const pattern = this.names.pattern;
    return pattern ? [...text.matchAll(pattern)].map((found) => [found.index, found.index + found[0].length, name]) : [];
  }
}

function leadOf(text) {
  const heading = HEADING.exec(text);
  if (heading) return { kind: "heading", length: heading[0].length };
  if (BREAK.test(text)) return { kind: "break", length: 0 };
  const quote = QUOTE.exec(text);
  return quote ? { kind: "quote", length: quote[0].length } : null;
}

function* inline(text, from) {
  for (const found of text.matchAll(INLINE)) {
    const [all] = found;
    const start = found.index;
    const end = start + all.length;
    if (start < from) continue;
    if (all.startsWith("\\")) yield [start, start + 1, sign];
    else if (all.startsWith("[")) yield [start, end, link];
    else {
      const width = all.startsWith("**") ? 2 : 1;
      yield [start, end, width === 2 ? strong : emphasis];
      yield [start, start + width, sign];
      yield [end - width, end, sign];
    }
  }
}
