// A request that is being answered: its words as they come; at the end the server's card takes its place. The first event
// is all that there is, so whoever comes back sees what everybody sees. Without a stream it asks again.

const POLL_MS = 2000;
const ENDS = ["done", "error", "cancelled", "end"];

export default function attach(card) {
  const place = card.querySelector("[data-arriving]");
  const count = card.querySelector("[data-count]");
  const [waiting, writing] = card.querySelectorAll("[data-stage]");
  let polling = 0;
  let variant = 1;
  const source = new EventSource(card.dataset.stream);

  function stop() {
    source.close();
    clearInterval(polling);
  }

  function refresh() {
    stop();
    if (card.isConnected) window.htmx.trigger(card, "refresh");
  }

  function poll() {
    if (!polling) polling = setInterval(() => (card.isConnected ? refresh() : stop()), POLL_MS);
  }

  function show(text) {
    place.textContent = text;
    if (text) count.textContent = count.dataset.arrived.replace("#", Array.from(text).length);
    waiting.hidden = Boolean(text);
    writing.hidden = !text;
    place.scrollTop = place.scrollHeight;
  }

  source.addEventListener("snapshot", (event) => {
    const data = JSON.parse(event.data);
    variant = data.variant;
    show(data.text);
  });
  source.addEventListener("text", (event) => {
    const data = JSON.parse(event.data);
    show(data.variant === variant ? place.textContent + data.text : data.text);
    variant = data.variant;
  });
  for (const name of ENDS) {
    source.addEventListener(name, (event) => {
      if (name === "error" && !event.data) poll();
      else refresh();
    });
  }
  window.addEventListener("pagehide", stop);
}
