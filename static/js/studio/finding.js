// Find and replace of the writing page: the browser's own search sees only the lines on the screen.

import { Decoration, EditorView, StateEffect, StateField } from "codemirror";

const LIMIT_MS = 2000;
const REST_MS = 250;
const show = StateEffect.define();
const hit = Decoration.mark({ class: "cm-hit" });
const current = Decoration.mark({ class: "cm-hit cm-hit-current" });

const none = { hits: [], at: -1 };
const found = StateField.define({
  create: () => none,
  update(value, transaction) {
    const shown = transaction.effects.find((effect) => effect.is(show));
    if (shown) return shown.value;
    if (!transaction.docChanged || !value.hits.length) return value;
    const map = (place, side) => transaction.changes.mapPos(place, side);
    return { ...value, hits: value.hits.map(([a, b]) => [map(a, 1), map(b, -1)]).filter(([a, b]) => a < b) };
  },
});

// Only what is on the screen is painted: a word may stand ten thousand times in a chapter.
const painted = EditorView.decorations.of((view) => {
  const { hits, at } = view.state.field(found);
  const { from, to } = view.viewport;
  const marks = hits.flatMap(([a, b], index) => (b < from || a > to ? [] : [(index === at ? current : hit).range(a, b)]));
  return Decoration.set(marks);
});

export const finding = [found, painted];

export class Finder {
  constructor(view, bar) {
    Object.assign(this, { view, bar, number: 0 });
    this.field = bar.querySelector("[name=find]");
    this.count = bar.querySelector("[data-count]");
    for (const name of ["input", "change"]) bar.addEventListener(name, (event) => this.changed(event));
    bar.addEventListener("keydown", (event) => this.key(event));
    bar.addEventListener("click", (event) => this.deed(event.target.closest("[data-find]")?.dataset.find));
  }

  open() {
    const { from, to } = this.view.state.selection.main;
    this.bar.hidden = false;
    const selected = this.view.state.sliceDoc(from, Math.min(to, from + 200));
    if (selected && !selected.includes("\n")) this.field.value = selected;
    this.field.focus();
    this.field.select();
    this.search();
  }

  close() {
    this.bar.hidden = true;
    this.view.dispatch({ effects: show.of(none) });
    this.view.focus();
  }

  changed(event) {
    if (event.target.name === "replace" || event.isComposing) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(), REST_MS);
  }

  key(event) {
    if (event.isComposing) return;
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && event.target === this.field) this.step(event.shiftKey ? -1 : 1);
    else if (event.key === "F3") this.step(event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
  }

  deed(name) {
    if (name === "next") this.step(1);
    else if (name === "previous") this.step(-1);
    else if (name === "one") this.replaceOne();
    else if (name === "all") this.replaceAll();
    else if (name === "close") this.close();
  }

  get state() {
    return this.view.state.field(found);
  }

  // A worker searches, so that a pattern that never ends is ended after two seconds and the page goes on.
  async search() {
    const wanted = this.field.value;
    const { checked: regex } = this.bar.querySelector("[name=regex]");
    const { checked: caseful } = this.bar.querySelector("[name=case]");
    const answer = wanted ? await this.ask({ text: this.view.state.doc.toString(), wanted, regex, caseful }) : none;
    if (!answer) return;
    const hits = answer.hits ?? [];
    const caret = this.view.state.selection.main.from;
    const at = hits.findIndex(([from]) => from >= caret);
    this.total = answer.count ?? 0;
    this.view.dispatch({ effects: show.of({ hits, at: at < 0 && hits.length ? 0 : at }) });
    this.say(answer.error);
  }

  ask(question) {
    this.number += 1;
    const id = this.number;
    this.worker ??= new Worker(this.bar.dataset.worker);
    return new Promise((resolve) => {
      const { worker } = this;
      const late = setTimeout(() => {
        worker.terminate();
        this.worker = null;
        resolve({ error: "late" });
      }, LIMIT_MS);
      worker.addEventListener("message", ({ data }) => {
        if (data.id !== id) return;
        clearTimeout(late);
        resolve(id === this.number ? data : null);
      });
      worker.postMessage({ id, ...question });
    });
  }

  say(error) {
    const { hits, at } = this.state;
    const { late, pattern, none: nothing } = this.bar.dataset;
    const words = { late, pattern }[error] ?? (hits.length ? `${at + 1} / ${this.total}` : nothing);
    this.count.textContent = this.field.value ? words : "";
  }

  // F3 without the bar: on from the words that a search led here with, or that were looked for before.
  async next(by) {
    if (this.state.hits.length || !this.field.value) return this.step(by);
    // Where a search led, the first hit is the one that is selected.
    const onward = this.isHere ? by : 0;
    await this.search();
    return this.step(onward);
  }

  seek(words) {
    this.field.value = words;
    this.isHere = true;
  }

  step(by) {
    this.isHere = false;
    const { hits, at } = this.state;
    if (!hits.length) return;
    const next = (at + by + hits.length) % hits.length;
    const [anchor, head] = hits[next];
    this.view.dispatch({
      selection: { anchor, head },
      effects: [show.of({ hits, at: next }), EditorView.scrollIntoView(anchor, { y: "center" })],
    });
    this.say();
  }

  replaceOne() {
    const { hits, at } = this.state;
    if (at < 0 || this.view.state.readOnly) return;
    const [from, to] = hits[at];
    this.view.dispatch({ changes: { from, to, insert: this.insert }, userEvent: "input.replace" });
    this.search();
  }

  // One transaction, so one undo takes all of it back.
  replaceAll() {
    const { hits } = this.state;
    if (!hits.length || this.view.state.readOnly) return;
    const { insert } = this;
    this.view.dispatch({ changes: hits.map(([from, to]) => ({ from, to, insert })), userEvent: "input.replace.all" });
    this.search();
  }

  get insert() {
    return this.bar.querySelector("[name=replace]").value;
  }
}
