// The console's theme names itself by a class of <html>; our parts ask data-theme.

export default function attach() {
  const root = document.documentElement;
  const copy = () => { root.dataset.theme = root.classList.contains("dark") ? "dark" : "light"; };
  new MutationObserver(copy).observe(root, { attributeFilter: ["class"] });
  copy();
}
