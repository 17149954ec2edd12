// After a refused form: the focus goes to the first field that is wrong, or to the summary of errors.

export default function attach(summary) {
  const wrong = summary.closest("main, body").querySelector("[aria-invalid=true]");
  (wrong ?? summary).focus();
}
