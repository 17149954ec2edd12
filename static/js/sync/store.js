// The queue on disk: one IndexedDB database for each person, so that nobody sends another one's work.

const OPERATIONS = "operations";
const VERSION = 1;
export const FULL = "QuotaExceededError";
const TIGHT = 0.95;

export const databaseOf = (user) => `sync-${user}`;

function promise(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export async function open(user) {
  const request = indexedDB.open(databaseOf(user), VERSION);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(OPERATIONS, { keyPath: "seq", autoIncrement: true });
  };
  return new Store(await promise(request), user);
}

export class Store {
  constructor(database, user) {
    this.database = database;
    this.user = user;
    database.onversionchange = () => database.close();
  }

  // Resolves when the write is on disk: a tab that dies after that has lost nothing.
  write(deed) {
    return new Promise((resolve, reject) => {
      const transaction = this.database.transaction(OPERATIONS, "readwrite", { durability: "strict" });
      const request = deed(transaction.objectStore(OPERATIONS));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? request.error);
    });
  }

  add(operation) {
    return this.write((store) => store.add(operation));
  }

  put(operation) {
    return this.write((store) => store.put(operation));
  }

  remove(seq) {
    return this.write((store) => store.delete(seq));
  }

  // In the order in which the person acted.
  all() {
    return promise(this.database.transaction(OPERATIONS).objectStore(OPERATIONS).getAll());
  }

  async isTight() {
    const { usage = 0, quota = 0 } = (await navigator.storage?.estimate?.()) ?? {};
    return quota > 0 && usage / quota > TIGHT;
  }

  async wipe() {
    this.database.close();
    await promise(indexedDB.deleteDatabase(databaseOf(this.user)));
  }
}
