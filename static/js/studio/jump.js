// Opens a chapter where the address says: `at` and `length` in code points, `words` as they were found there. Words
// that moved meanwhile are looked for where they stand nearest.

import { ready } from "studio/editor";
import { toPoints, toUnits } from "studio/positions";

export default async function attach() {
  const asked = new URLSearchParams(location.search);
  if (!asked.has("at")) return;
  const port = await ready;
  const [at, length] = ["at", "length"].map((name) => Number(asked.get(name)) || 0);
  const start = nearest(port.text(), asked.get("words"), at);
  port.select(start, start + length);
  if (asked.get("words")) port.seek(asked.get("words"));
}

function nearest(text, words, at) {
  const last = toPoints(text, text.length);
  const from = Math.min(at, last);
  if (!words) return from;
  const whole = text.toLowerCase();
  const sought = words.toLowerCase();
  // A text whose letters change their length in lower case has no such offsets: the place is taken as it was told.
  if (whole.length !== text.length) return from;
  const unit = toUnits(text, from);
  const before = whole.lastIndexOf(sought, unit);
  const after = whole.indexOf(sought, unit);
  const found = [before, after].filter((one) => one >= 0).sort((a, b) => Math.abs(a - unit) - Math.abs(b - unit));
  return found.length ? toPoints(text, found[0]) : from;
}
