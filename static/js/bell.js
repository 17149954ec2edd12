// The bell: the number of unread notices, told by a stream while the page is seen. A stream that fails is replaced
// by asking every half minute; a hidden page holds none, because a browser opens six connections to one host.

const ASK_MS = 30000;
const AGAIN_MS = 60000;
const SEEN = "notices";

export default function attach(bell) {
  const count = bell.querySelector("[data-bell-count]");
  const summary = bell.querySelector("summary");
  const lost = bell.querySelector("[data-bell-lost]");
  const list = bell.querySelector("[data-bell-list]");
  let source = null;
  let asking = 0;
  let returning = 0;
  let tag = "";

  function show({ unread }) {
    count.hidden = !unread;
    count.textContent = unread > 99 ? "99+" : unread;
    summary.setAttribute("aria-label", unread ? bell.dataset.some.replace("%s", unread) : bell.dataset.none);
    sessionStorage.setItem(SEEN, unread);
    document.dispatchEvent(new CustomEvent("notices", { detail: unread }));
    if (bell.open) window.htmx.trigger(list, "refresh");
  }

  async function ask() {
    const reply = await fetch(bell.dataset.badge, { headers: tag ? { "If-None-Match": tag } : {} }).catch(() => null);
    if (!reply?.ok) return;
    tag = reply.headers.get("ETag") ?? "";
    show(await reply.json());
  }

  function stop() {
    source?.close();
    source = null;
    clearInterval(asking);
    clearTimeout(returning);
    asking = 0;
  }

  function fallBack() {
    source?.close();
    lost.hidden = false;
    if (!asking) asking = setInterval(ask, ASK_MS);
    clearTimeout(returning);
    returning = setTimeout(listen, AGAIN_MS);
  }

  function listen() {
    stop();
    if (!window.EventSource) return fallBack();
    source = new EventSource(bell.dataset.stream);
    source.addEventListener("open", () => { lost.hidden = true; clearInterval(asking); asking = 0; });
    source.addEventListener("badge", (event) => show(JSON.parse(event.data)));
    source.addEventListener("end", fallBack);
    // The browser tries again by itself unless the server refused for good.
    source.addEventListener("error", () => (source?.readyState === EventSource.CLOSED ? fallBack() : (lost.hidden = false)));
    return null;
  }

  bell.addEventListener("toggle", () => bell.open && window.htmx.trigger(list, "refresh"));
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : listen()));
  window.addEventListener("pagehide", stop);
  window.addEventListener("pageshow", (event) => event.persisted && listen());
  show({ unread: Number(sessionStorage.getItem(SEEN) ?? 0) });
  if (!document.hidden) listen();
}
