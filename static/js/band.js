// A part of the page that loads by itself: when it cannot, it says so and offers another try.

export default function attach(band) {
  const failed = band.querySelector("[data-failed]");
  const show = (on) => {
    if (failed) failed.hidden = !on;
    for (const waiting of band.querySelectorAll("[data-waiting]")) waiting.hidden = on;
  };
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    band.addEventListener(name, (event) => event.target === band && show(true));
  }
  band.addEventListener("click", (event) => {
    if (!event.target.closest("[data-retry]")) return;
    show(false);
    window.htmx.trigger(band, "again");
  });
}
