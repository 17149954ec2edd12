// j and k walk the items of a list, x ticks one, e opens its evidence, Enter opens it.

export default function attach(list) {
  const items = () => [...list.querySelectorAll("[data-item]")].filter((item) => item.offsetParent);
  let current = null;

  function move(step) {
    const all = items();
    if (!all.length) return;
    const at = all.indexOf(current);
    current?.removeAttribute("data-current");
    current = all[Math.min(all.length - 1, Math.max(0, at + step))];
    current.setAttribute("data-current", "");
    current.setAttribute("tabindex", "-1");
    current.focus();
    current.scrollIntoView({ block: "nearest" });
  }

  const deeds = {
    j: () => move(1),
    k: () => move(-1),
    x: () => current?.querySelector("input[type=checkbox]")?.click(),
    e: () => current?.querySelector("[data-evidence]")?.click(),
    Enter: () => {
      if (document.activeElement === current) current.querySelector("a, button, summary")?.click();
    },
  };

  document.addEventListener("keydown", (event) => {
    if (!list.isConnected || !list.offsetParent || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, dialog")) return;
    if (deeds[event.key]) deeds[event.key]();
  });
}
