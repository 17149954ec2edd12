// How long to wait before the next try: 1 to 60 seconds with jitter, never less than the server asks for.

const FIRST_MS = 1000;
const MOST_MS = 60_000;

export function delay(attempt, retryAfter = null, random = Math.random) {
  const most = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  const own = most / 2 + (random() * most) / 2;
  return Math.max(own, seconds(retryAfter) * 1000);
}

function seconds(text) {
  if (!text) return 0;
  if (/^\d+$/.test(text)) return Number(text);
  const until = Date.parse(text) - Date.now();
  return Number.isNaN(until) ? 0 : Math.max(0, until / 1000);
}

// A sleep that can be ended early: `wake()` when there is a reason to try now.
export class Pause {
  wake() {
    this.end?.();
  }

  for(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.end = () => { clearTimeout(timer); resolve(); };
    });
  }
}
