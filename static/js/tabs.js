// Tabs whose panels are all in the page. The chosen one stands in the address, so reload and Back keep it.

export default function attach(list) {
  const tabs = [...list.querySelectorAll("[role=tab]")];
  const parameter = list.dataset.parameter || "tab";
  const panel = (tab) => document.getElementById(tab.getAttribute("aria-controls"));

  function show(tab) {
    for (const other of tabs) {
      const on = other === tab;
      other.setAttribute("aria-selected", String(on));
      other.tabIndex = on ? 0 : -1;
      panel(other).hidden = !on;
    }
  }

  function choose(tab) {
    show(tab);
    const address = new URL(location.href);
    address.searchParams.set(parameter, tab.dataset.name);
    history.replaceState(history.state, "", address);
  }

  list.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (!tab) return;
    event.preventDefault();
    choose(tab);
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    next.focus();
    choose(next);
  });
  const named = new URL(location.href).searchParams.get(parameter);
  show(tabs.find((tab) => tab.dataset.name === named) ?? tabs[0]);
}
