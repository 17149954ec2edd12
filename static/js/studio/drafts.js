// What was typed and the server has not confirmed: a log of changes on this device, for each chapter and tab. It is
// written within a second of a key, and dropped only after the server acknowledged the very same text.

import { ChangeSet, Text } from "codemirror";

import { STORES, database, done } from "studio/device";
import { uuid7 } from "sync/uuid7";

const FLUSH_MS = 400;
const COMPACT_MS = 30_000;
const COMPACT_CHANGES = 200;
const KEPT_MS = 30 * 86_400_000;

export async function open(user) {
  return new Drafts(await database(user));
}

const lines = (text) => Text.of(text.split("\n"));

// The text that a stored draft stands for. Changes are applied in the order in which they were made.
function replayed(head, changes) {
  const start = lines(head.text ?? head.base);
  return changes.reduce((text, one) => ChangeSet.fromJSON(one.changes).apply(text), start).toString();
}

export class Drafts extends EventTarget {
  constructor(database) {
    super();
    this.database = database;
    this.waiting = null;
    this.logged = 0;
    database.onversionchange = () => database.close();
  }

  // What the next change builds on. Nothing is stored before there is a change.
  begin({ chapter, tab, revision, base, read }) {
    // A page of its own each time: what an earlier page of this tab left waits for a decision.
    this.head = { key: `${chapter}:${tab}:${uuid7()}`, chapter, tab, revision, base, text: null };
    this.read = read;
    this.stored = false;
  }

  log(changes) {
    this.waiting = this.waiting ? this.waiting.compose(changes) : changes;
    this.timer ??= setTimeout(() => this.flush(), FLUSH_MS);
    this.compacting ??= setTimeout(() => this.compact(), COMPACT_MS);
  }

  // Writes what waits. `strict` where the page may go away; else what survives a killed browser is enough.
  async flush(durability = "relaxed") {
    clearTimeout(this.timer);
    this.timer = null;
    if (!this.waiting) return;
    if (this.broken) {
      this.broken = false;
      await this.rewrite(this.read(), durability);
      return;
    }
    const { waiting, head } = this;
    this.waiting = null;
    this.logged += 1;
    const first = !this.stored;
    this.stored = true;
    await this.write(durability, (heads, changes) => {
      if (first) heads.put({ ...head, at: Date.now() });
      changes.add({ key: head.key, changes: waiting.toJSON() });
    });
    if (this.logged >= COMPACT_CHANGES) await this.compact();
  }

  // The log so far as one text.
  async compact(durability = "relaxed") {
    clearTimeout(this.compacting);
    this.compacting = null;
    if (this.stored || this.waiting) await this.rewrite(this.read(), durability);
  }

  // The server has `text` as `revision`; what was typed since stays.
  async acknowledge({ text, revision }) {
    this.head = { ...this.head, revision, base: text, text: null };
    const now = this.read();
    if (now === text) return this.forget();
    return this.rewrite(now, "relaxed");
  }

  rewrite(text, durability) {
    this.settle();
    this.stored = true;
    const head = { ...this.head, text, at: Date.now() };
    return this.write(durability, (heads, changes) => {
      this.clear(changes, head.key);
      heads.put(head);
    });
  }

  forget(key = this.head.key) {
    if (key === this.head?.key) {
      this.settle();
      this.stored = false;
    }
    return this.write("relaxed", (heads, changes) => {
      this.clear(changes, key);
      heads.delete(key);
    });
  }

  settle() {
    clearTimeout(this.timer);
    this.timer = this.waiting = null;
    this.logged = 0;
  }

  clear(changes, key) {
    changes.index("key").openKeyCursor(IDBKeyRange.only(key)).onsuccess = ({ target }) => {
      if (!target.result) return;
      changes.delete(target.result.primaryKey);
      target.result.continue();
    };
  }

  // Drafts of a chapter, newest first: {key, tab, revision, base, text, at}. Those over 30 days old are dropped.
  async found(chapter) {
    const transaction = this.database.transaction(STORES);
    const heads = await done(transaction.objectStore("heads").index("chapter").getAll(chapter));
    const others = heads.filter((head) => head.key !== this.head?.key);
    const drafts = await Promise.all(others.map(async (head) => {
      const log = await done(transaction.objectStore("changes").index("key").getAll(head.key));
      return { ...head, text: replayed(head, log) };
    }));
    const old = drafts.filter((one) => Date.now() - one.at > KEPT_MS);
    for (const one of old) await this.forget(one.key);
    return drafts.filter((one) => !old.includes(one)).sort((a, b) => b.at - a.at);
  }

  write(durability, deed) {
    return new Promise((resolve, reject) => {
      const transaction = this.database.transaction(STORES, "readwrite", { durability });
      deed(...STORES.map((name) => transaction.objectStore(name)));
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    }).catch((error) => {
      // The text is still in the editor: the page says so and saves more often; the next write holds all of it.
      this.broken = true;
      this.dispatchEvent(new CustomEvent("failed", { detail: error }));
    });
  }
}
