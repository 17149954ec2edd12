// Turns a recent moment into words ("3 minutes ago") and keeps them true; the exact moment stays in the title.

const STEPS = [[60, "second"], [3600, "minute", 60], [86400, "hour", 3600], [604800, "day", 86400]];
const AGAIN_MS = 30000;

export default function attach(element) {
  const language = element.closest("[lang]")?.lang;
  const words = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const at = new Date(element.dateTime);
  if (!element.title) {
    element.title = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "medium" }).format(at);
  }

  function say() {
    const seconds = (at - Date.now()) / 1000;
    const step = STEPS.find(([limit]) => Math.abs(seconds) < limit);
    if (step) element.textContent = words.format(Math.round(seconds / (step[2] ?? 1)), step[1]);
    if (element.isConnected && step) setTimeout(say, AGAIN_MS);
  }

  say();
}
