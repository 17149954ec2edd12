// Counts the time since data-since (or between it and data-until) as m:ss.

export default function attach(element) {
  const since = new Date(element.dataset.since);
  const until = element.dataset.until ? new Date(element.dataset.until) : null;

  function say() {
    const seconds = Math.max(0, Math.floor(((until ?? new Date()) - since) / 1000));
    const minutes = Math.floor(seconds / 60);
    element.textContent = `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
    if (!until && element.isConnected) setTimeout(say, 1000);
  }

  say();
}
