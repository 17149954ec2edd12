// A bar over what is selected: the AI's deeds on a passage, and a comment on it. Never while somebody composes.

import { EditorView } from "codemirror";

const REST_MS = 250;
const GAP = 8;

export function floating(session) {
  const bar = session.form.querySelector("[data-floating]");
  let timer = 0;
  if (!bar) return [];
  // A press on the bar takes neither the caret nor the selection.
  bar.addEventListener("mousedown", (event) => event.preventDefault());
  bar.addEventListener("click", () => { bar.hidden = true; });
  return EditorView.updateListener.of(({ view, selectionSet, docChanged, focusChanged }) => {
    if (!selectionSet && !docChanged && !focusChanged) return;
    bar.hidden = true;
    clearTimeout(timer);
    timer = setTimeout(() => show(view), REST_MS);
  });

  function show(view) {
    const { empty, from, to } = view.state.selection.main;
    if (empty || view.composing || !view.hasFocus || to - from < 2) return;
    const place = view.coordsAtPos(from);
    const sheet = session.form.getBoundingClientRect();
    if (!place || place.top < sheet.top || place.top > sheet.bottom) return;
    bar.hidden = false;
    const left = Math.min(Math.max(place.left, sheet.left + GAP), sheet.right - bar.offsetWidth - GAP);
    const above = place.top - bar.offsetHeight - GAP;
    bar.style.left = `${left}px`;
    bar.style.top = `${above > sheet.top ? above : place.bottom + GAP}px`;
  }
}
