// A worker: the places of a text where something stands. It is ended from outside when a pattern takes too long.

const MOST = 20_000;

self.addEventListener("message", ({ data: { id, text, wanted, regex, caseful } }) => {
  const flags = caseful ? "gu" : "giu";
  const source = regex ? wanted : wanted.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
  let pattern;
  try {
    pattern = new RegExp(source, `${flags}m`);
  } catch {
    self.postMessage({ id, error: "pattern" });
    return;
  }
  const hits = [];
  let count = 0;
  for (const found of text.matchAll(pattern)) {
    if (!found[0]) continue;
    count += 1;
    if (hits.length < MOST) hits.push([found.index, found.index + found[0].length]);
  }
  self.postMessage({ id, hits, count });
});
