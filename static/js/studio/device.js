// The place on this device where unsent text of a person is kept: one database for each of them.

const VERSION = 1;
export const STORES = ["heads", "changes"];

export const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

const nameOf = (user) => `studio-${user}`;

export function database(user) {
  const request = indexedDB.open(nameOf(user), VERSION);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("heads", { keyPath: "key" }).createIndex("chapter", "chapter");
    request.result.createObjectStore("changes", { autoIncrement: true }).createIndex("key", "key");
  };
  return done(request);
}

// How many chapters hold something that was not sent; nothing is made where nothing is kept.
export async function unsent(user) {
  const all = (await globalThis.indexedDB?.databases?.()) ?? [];
  if (!all.some((one) => one.name === nameOf(user))) return 0;
  const opened = await database(user);
  const heads = await done(opened.transaction("heads").objectStore("heads").getAll());
  opened.close();
  return new Set(heads.map((one) => one.chapter)).size;
}
