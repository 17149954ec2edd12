// Finds [data-part="name …"] and starts the module of each name on it, also in what htmx brings later. A name with
// a slash says its folder.

const started = new WeakMap();

async function start(element, name) {
  const names = started.get(element) ?? new Set();
  if (names.has(name)) return;
  started.set(element, names.add(name));
  const part = await import(name.includes("/") ? name : `parts/${name}`);
  part.default(element);
}

function attach(root) {
  const found = [...root.querySelectorAll("[data-part]")];
  if (root.matches?.("[data-part]")) found.push(root);
  for (const element of found) {
    for (const name of element.dataset.part.split(" ")) start(element, name);
  }
}

attach(document);
document.addEventListener("htmx:load", (event) => attach(event.detail.elt));
