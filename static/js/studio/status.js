// The line under the text: words, today's words, how the saving stands. Words come from the page, in its language.

const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit" };

export class Status {
  constructor(form) {
    this.form = form;
    this.chip = form.querySelector("[data-chip]");
    this.count = form.querySelector("[data-words]");
    this.whole = form.querySelector("[data-work-words]");
    this.today = form.querySelector("[data-today]");
    this.format = new Intl.NumberFormat(document.documentElement.lang);
  }

  show(state, at = new Date()) {
    for (const one of this.chip.querySelectorAll("[data-state]")) one.hidden = one.dataset.state !== state;
    this.chip.dataset.now = state;
    const time = this.chip.querySelector(`[data-state="${state}"] time`);
    if (time) time.textContent = at.toLocaleTimeString(document.documentElement.lang, TIME);
  }

  banner(name, link = "") {
    for (const one of this.form.querySelectorAll("[data-banner]")) one.hidden = one.dataset.banner !== name;
    const anchor = this.form.querySelector(`[data-banner="${name}"] [data-way]`);
    if (anchor && link) anchor.href = link;
  }

  held({ holder }) {
    this.banner("held");
    const since = new Date(holder.since).toLocaleTimeString(document.documentElement.lang, TIME);
    this.form.querySelector("[data-holder]").textContent = `${holder.user_name} · ${since}`;
  }

  words(words) {
    this.count.textContent = this.format.format(words);
    this.count.value = words;
  }

  // What the server says after a save: its count of the chapter, and the difference for the work.
  work({ word_count: words, typed_today: today }) {
    const place = document.querySelector(".write-chapter[aria-current] .hint");
    if (place) place.textContent = this.format.format(words);
    if (this.whole && words !== undefined) {
      const before = Number(this.form.dataset.savedWords);
      const sum = Number(this.form.dataset.workWords) + words - before;
      Object.assign(this.form.dataset, { savedWords: words, workWords: sum });
      this.whole.textContent = this.format.format(sum);
    }
    if (this.today && today !== undefined) this.today.textContent = this.format.format(today);
  }
}
