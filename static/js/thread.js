// The thread begins at its newest turn and follows new ones, unless somebody reads further up.

const NEAR = 240;

export default function attach(main) {
  const near = () => document.documentElement.scrollHeight - window.scrollY - window.innerHeight < NEAR;
  const last = main.querySelector(".turn:last-child");
  if (last) last.scrollIntoView({ block: "start" });

  let follows = true;
  window.addEventListener("scroll", () => { follows = near(); }, { passive: true });
  main.addEventListener("htmx:afterSwap", (event) => {
    const turn = main.querySelector(".turn:last-child");
    if (!turn || !follows) return;
    if (event.detail.target?.id === "thread") turn.scrollIntoView({ block: "start", behavior: "instant" });
  });
}
