// Asks before a page is left while a form on it holds something that was not sent.

const changed = new Set();

export function isClean() {
  return [...changed].every((form) => !form.isConnected);
}

export default function attach(form) {
  form.addEventListener("input", () => changed.add(form));
  // Last of all listeners: a submit that somebody held back has sent nothing.
  window.addEventListener("submit", (event) => {
    if (event.target === form && !event.defaultPrevented) changed.delete(form);
  });
  form.addEventListener("queued", () => changed.delete(form));
  window.addEventListener("beforeunload", (event) => {
    if (changed.has(form) && form.isConnected) event.preventDefault();
  });
}
