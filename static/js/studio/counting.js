// 字数, the twin of studio/prose/counting.py: same table, same rules, same vectors.

import RANGES from "studio/ranges";

const hex = (code) => `\\u{${code.toString(16)}}`;
const members = (name) => RANGES[name].map(([first, last]) => `${hex(first)}-${hex(last)}`).join("");

const SYLLABLES = members("syllables");
const PUNCTUATION = members("punctuation");
const WORDS = members("words");
const DIGITS = members("digits");
const BY_CONTEXT = "—―‘’“”…·";
const PART = `[${WORDS}][${WORDS}${members("marks")}]*`;

const syllables = new RegExp(`[${SYLLABLES}]`, "gu");
const punctuation = new RegExp(`[${PUNCTUATION}]`, "gu");
const words = new RegExp(`${PART}(?:(?:['’-]|(?<=[${DIGITS}])[.,](?=[${DIGITS}]))${PART})*`, "gu");
const byContext = new RegExp(`[${BY_CONTEXT}]`, "gu");
const dense = new RegExp(`[${SYLLABLES}${PUNCTUATION}]`, "u");
const wordy = new RegExp(`[${WORDS}]`, "u");
const seen = new RegExp(`[^${members("unseen")}]`, "gu");

const escape = /\\([!-/:-@[-`{-~])/gu;
const sceneBreak = /(?<![^\n])(?:\*\*\*|---)[ \t]*(?![^\n])/gu;
const lead = /(?<![^\n])(?:#{1,3}[ \t]+|>[ \t]?)/gu;
const link = /\[([^[\]\n]+)\]\(https?:\/\/[^ \t\n()]+\)/gu;
const JOINERS = "'-.,";

const number = (text, pattern) => text.match(pattern)?.length ?? 0;

// Shapes: {words, plain, chars}, as `Count` in Python. Lines count apart, so the counts of lines add up.
export function count(text) {
  const bare = unmarked(text);
  const plain = number(bare, syllables) + number(bare, words);
  const signs = bare.split("\n").reduce((sum, line) => sum + signsOf(line), 0);
  return { words: plain + number(bare, punctuation) + signs, plain, chars: number(bare, seen) };
}

export function unmarked(text) {
  let bare = text;
  if (bare.includes("\\")) bare = bare.replace(escape, (_all, sign) => (JOINERS.includes(sign) ? sign : "\0"));
  if (bare.includes("[")) bare = bare.replace(link, "$1");
  return bare.replace(sceneBreak, "").replace(lead, "").replaceAll("*", "");
}

// Dashes, quotes and ellipses of a line: one each where Chinese is written or nothing else stands.
function signsOf(line) {
  if (line.search(byContext) < 0 || (!dense.test(line) && wordy.test(line))) return 0;
  return number(line.includes("’") ? line.replace(words, "") : line, byContext);
}
