// Live progress of a task. The server's event stream says when something moved; the part itself is fetched
// again by htmx (hx-trigger="refresh"), so that the page always shows what the server would render.
// Streams that fail are replaced by asking every few seconds; the page survives sleep and lost networks.

const POLL_MS = 4000;
const REFRESH_MS = 700;

function paint(element, data) {
  const bar = element.querySelector("progress");
  const percent = data.percent ?? data.progress;
  if (bar && Number.isFinite(percent)) {
    bar.max = 100;
    bar.value = percent;
    for (const number of element.querySelectorAll("[data-percent]")) number.textContent = `${Math.floor(percent)}%`;
  }
  const words = data.message ?? data.detail;
  if (words) for (const text of element.querySelectorAll("[data-message]")) text.textContent = words;
}

export default function attach(element) {
  let timer = 0;
  let polling = 0;
  let source = null;

  function refresh() {
    clearTimeout(timer);
    timer = setTimeout(() => element.isConnected && window.htmx.trigger(element, "refresh"), REFRESH_MS);
  }

  function stop() {
    source?.close();
    clearInterval(polling);
  }

  function poll() {
    if (polling) return;
    polling = setInterval(() => {
      if (!element.isConnected) return stop();
      if (!document.hidden) window.htmx.trigger(element, "refresh");
      return null;
    }, POLL_MS);
  }

  function listen() {
    source = new EventSource(element.dataset.stream);
    source.addEventListener("open", () => { clearInterval(polling); polling = 0; });
    source.addEventListener("progress", (event) => {
      if (!element.isConnected) return stop();
      return paint(element, JSON.parse(event.data));
    });
    source.addEventListener("event", refresh);
    source.addEventListener("end", () => { stop(); refresh(); });
    source.addEventListener("error", poll);
  }

  if (element.dataset.stream && window.EventSource) listen();
  else poll();
  window.addEventListener("pagehide", stop);
}
