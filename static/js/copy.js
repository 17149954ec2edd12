// Copies data-text, or the text of the element that data-target names, and says so.

const SAID_MS = 1600;

export default function attach(button) {
  const label = button.querySelector("[data-label]") ?? button;
  button.addEventListener("click", async () => {
    const text = button.dataset.text ?? document.getElementById(button.dataset.target).textContent;
    const before = label.textContent;
    try {
      await navigator.clipboard.writeText(text);
      label.textContent = button.dataset.done;
    } catch {
      label.textContent = button.dataset.failed;
    }
    setTimeout(() => { label.textContent = before; }, SAID_MS);
  });
}
