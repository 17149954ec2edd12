// What other parts of the writing page may do with the text. Positions are code points, as the server counts them.

import { EditorView, isolateHistory } from "codemirror";

import { toPoints, toUnits } from "studio/positions";

export function portOf(session) {
  const { view, saver } = session;
  const listeners = new Set();
  const text = () => view.state.doc.toString();
  return {
    text,

    // Shapes: {from, to, text}.
    selection() {
      const { from, to } = view.state.selection.main;
      const whole = text();
      return { from: toPoints(whole, from), to: toPoints(whole, to), text: whole.slice(from, to) };
    },

    // Shapes: [{from, to, text}], places of the text as it stands, none overlapping. One step of undo for all of them.
    replaceRanges(changes) {
      if (view.state.readOnly) throw new Error("read-only");
      const whole = text();
      view.dispatch({
        changes: changes.map((one) => ({
          from: toUnits(whole, one.from),
          to: toUnits(whole, one.to),
          insert: one.text,
        })),
        annotations: isolateHistory.of("full"),
        userEvent: "input.apart",
      });
    },

    replaceRange(from, to, insert) {
      this.replaceRanges([{ from, to, text: insert }]);
    },

    select(from, to = from) {
      const whole = text();
      const anchor = toUnits(whole, from);
      view.dispatch({
        selection: { anchor, head: toUnits(whole, to) },
        effects: EditorView.scrollIntoView(anchor, { y: "center" }),
      });
      view.focus();
    },

    // Resolves to {revision} when what stands now is on the server; rejects when a person has to decide first.
    async saveNow(kind = "autosave") {
      if (saver.clean && kind === "autosave") return { revision: Number(session.form.dataset.revision) };
      return saver.now(kind);
    },

    // Returns a function that ends it.
    onSaved(callback) {
      listeners.add(callback);
      return () => listeners.delete(callback);
    },

    saved: (detail) => listeners.forEach((callback) => callback(detail)),
    // Words that F3 goes on with.
    seek: (words) => session.finder.seek(words),

    // Something beside the text changed that a save says too.
    touch: () => saver.touch(),
    focus: () => view.focus(),
    get fence() {
      return session.lock.fence;
    },
    get revision() {
      return Number(session.form.dataset.revision);
    },
  };
}
