// Counts [data-countdown] down by the second as m:ss.

for (const element of document.querySelectorAll("[data-countdown]")) {
  const end = Date.now() + Number(element.dataset.countdown) * 1000;

  const say = () => {
    const seconds = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    element.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (seconds > 0) setTimeout(say, 500);
  };

  say();
}
