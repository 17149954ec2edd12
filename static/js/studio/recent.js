// The last words that were looked for in a work, offered by the field; they stay on this device.

const MOST = 8;

export default function attach(form) {
  const key = `recent:${form.dataset.recentOf}`;
  const field = form.elements.q;
  const list = document.getElementById(field.getAttribute("list"));

  function read() {
    try {
      return JSON.parse(localStorage.getItem(key)) ?? [];
    } catch {
      return [];
    }
  }

  function show() {
    list.replaceChildren(...read().map((words) => new Option(words, words)));
  }

  field.addEventListener("change", () => {
    const words = field.value.trim();
    if (!words) return;
    const kept = [words, ...read().filter((one) => one !== words)].slice(0, MOST);
    try {
      localStorage.setItem(key, JSON.stringify(kept));
    } catch {
      return;
    }
    show();
  });
  show();
}
