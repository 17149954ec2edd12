// Offsets: the server counts code points, JavaScript counts UTF-16 units. Shapes: non-negative integers.

const PAIR = /[\ud800-\udbff][\udc00-\udfff]/g;

const pairs = (text) => text.match(PAIR)?.length ?? 0;

// How many code points stand before a UTF-16 offset.
export function toPoints(text, units) {
  return units - pairs(text.slice(0, units));
}

// The UTF-16 offset at which a code point begins; one past the end is the end.
export function toUnits(text, points) {
  // A pair that begins before the place counts whole, hence the one unit more.
  let units = Math.min(points, text.length);
  for (;;) {
    const wanted = Math.min(points + pairs(text.slice(0, units + 1)), text.length);
    if (wanted <= units) return units;
    units = wanted;
  }
}
