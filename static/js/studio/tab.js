// The name of this tab: kept through reloads, never shared with a copy of the tab.

import { uuid7 } from "sync/uuid7";

const KEY = "studio-tab";

export const lockOf = (name) => `${KEY}-${name}`;

function hold(name) {
  return new Promise((resolve) => {
    if (!navigator.locks) return resolve(true);
    return navigator.locks.request(lockOf(name), { ifAvailable: true }, (lock) => {
      resolve(Boolean(lock));
      // Held as long as the tab lives: a duplicated tab finds it taken and takes a name of its own.
      return lock ? new Promise(() => {}) : null;
    });
  });
}

async function named() {
  const kept = sessionStorage.getItem(KEY);
  if (kept && (await hold(kept))) return kept;
  const fresh = uuid7();
  sessionStorage.setItem(KEY, fresh);
  await hold(fresh);
  return fresh;
}

export const tab = named();
