// The editor of a statement: Ctrl+Enter runs it, Tab indents, Escape lets Tab leave again.

export default function attach(field) {
  let leaves = false;
  field.addEventListener("focus", () => { leaves = false; });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      field.form.requestSubmit();
    } else if (event.key === "Escape") {
      leaves = true;
      event.stopPropagation();
    } else if (event.key === "Tab" && !event.shiftKey && !leaves) {
      event.preventDefault();
      field.setRangeText("  ", field.selectionStart, field.selectionEnd, "end");
    }
  });
}
