// This page's client: sends what was done here also after an absence, shows what waits, and lets settings that
// were changed elsewhere apply here.

import { alive, back, csrf } from "parts/session";
import { isClean } from "parts/unsaved";
import { connect } from "sync/client";
import { STUCK } from "sync/queue";

const { user } = document.body.dataset;
const possible = user && "indexedDB" in window && "locks" in navigator;
// Nothing where nobody is signed in, or where the browser keeps no data (some private windows).
export const client = possible
  ? connect({ user, headers: () => ({ "X-CSRFToken": csrf() }), alive, renew: back }).catch(() => null)
  : Promise.resolve(null);

const takers = { settings, profile };

function settings(data) {
  document.dispatchEvent(new CustomEvent("settings", { detail: data }));
  document.documentElement.dataset.theme = data.theme;
  const here = document.documentElement.lang.startsWith("en") ? "en" : "zh-CN";
  if (data.language !== here && isClean()) location.reload();
}

function profile(data) {
  for (const name of document.querySelectorAll("[data-my-name]")) {
    name.textContent = data.display_name || name.dataset.myName;
  }
}

async function show(chip, queue) {
  const all = await queue.pending();
  const stuck = all.filter((one) => STUCK.has(one.state)).length;
  const text = stuck ? chip.dataset.stuck : chip.dataset.waiting;
  chip.hidden = !all.length;
  chip.classList.toggle("sync-chip-stuck", stuck > 0);
  chip.querySelector("[data-text]").textContent = text.replace("%s", stuck || all.length);
}

export default async function attach(chip) {
  const found = await client;
  if (!found) return;
  const { queue } = found;
  for (const name of ["change", "done", "conflict", "parked"]) {
    queue.addEventListener(name, () => show(chip, queue));
  }
  const full = document.getElementById("sync-full");
  queue.addEventListener("full", () => { full.hidden = false; });
  found.isTight().then((tight) => { full.hidden = !tight; });
  found.follow(Object.keys(takers), (change) => change.data && takers[change.type](change.data), { mark: "feed" });
  await show(chip, queue);
}
