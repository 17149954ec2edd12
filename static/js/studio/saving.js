// Brings a chapter's text to the server: one save in flight, the newest text next, and a save whose answer got lost is
// sent again as it was, so that it counts once. Events: state {state, …}, saved {revision, text}, stopped {found}.

import { Pause, delay } from "sync/backoff";
import { uuid7 } from "sync/uuid7";
import { DONE, LATER, SIGN_IN, judge } from "sync/verdict";

export const IDLE_MS = 2000;
export const LONGEST_MS = 10_000;
// The limit of a request that outlives its page is 64 KB, headers and all.
const KEEPALIVE_BYTES = 60_000;

export async function digest(text) {
  if (!crypto.subtle) return null;
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Saver extends EventTarget {
  // `read()` gives the text, `stamp()` what else a save says, `busy()` whether an input method composes.
  constructor({ sender, path, etag, read, stamp, busy, renew, longest = LONGEST_MS }) {
    super();
    Object.assign(this, { sender, path, etag, read, stamp, busy, renew, longest });
    this.pause = new Pause();
    this.kind = "autosave";
    globalThis.addEventListener("online", () => this.pause.wake());
  }

  get clean() {
    return !this.dirty && !this.operation;
  }

  // Something changed. The second timer is never re-armed: typing without a pause is saved too.
  touch() {
    this.dirty = true;
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.fire(), IDLE_MS);
    this.late ??= setTimeout(() => this.fire(), this.longest);
    if (!this.running && !this.stopped) this.say("unsaved");
  }

  // Resolves when what stands now is saved; rejects when a person has to decide.
  async now(kind = "autosave") {
    this.pause.wake();
    do await this.fire(kind);
    while (!this.clean && !this.stopped);
    if (this.stopped) throw this.stopped;
    return { revision: this.revision };
  }

  fire(kind = "autosave") {
    if (kind !== "autosave") this.kind = kind;
    if (this.busy()) {
      // Whoever composes is not disturbed; the end of the composition fires again.
      this.postponed ??= Promise.withResolvers?.() ?? withResolvers();
      return this.postponed.promise;
    }
    this.again = Boolean(this.running);
    this.running ??= this.drain().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  // The composition ended.
  resume() {
    const { postponed } = this;
    if (!postponed) return;
    this.postponed = null;
    this.fire().then(postponed.resolve, postponed.reject);
  }

  async drain() {
    for (let attempt = 0; !this.stopped; ) {
      this.operation ??= this.next();
      if (!this.operation) return;
      this.say("saving");
      const found = await this.send(this.operation);
      if (found.verdict === DONE) {
        attempt = 0;
        await this.settle(found);
        if (!this.again) return;
        this.again = false;
      } else if (found.verdict === LATER) {
        this.say(navigator.onLine ? "kept" : "offline");
        await this.pause.for(delay(attempt, found.retryAfter));
        attempt += 1;
      } else if (found.verdict === SIGN_IN) {
        this.say("signed-out");
        await this.renew();
        if (attempt) await this.pause.for(delay(attempt));
        attempt += 1;
      } else {
        this.stop(found);
      }
    }
  }

  next() {
    if (!this.dirty && this.kind === "autosave") return null;
    const { kind } = this;
    clearTimeout(this.idle);
    clearTimeout(this.late);
    this.dirty = false;
    this.late = null;
    this.kind = "autosave";
    return { id: uuid7(), text: this.read(), kind, etag: this.etag, facts: this.stamp() };
  }

  async send({ id, text, kind, etag, facts }) {
    const body = JSON.stringify({ content: text, kind, ...facts });
    const headers = { "Content-Type": "application/json", "Idempotency-Key": id, "If-Match": etag };
    const keepalive = document.hidden && new Blob([body]).size < KEEPALIVE_BYTES;
    try {
      return await judge(await this.sender.request(this.path, { method: "PATCH", headers, body, keepalive }));
    } catch (error) {
      return { verdict: LATER, problem: { title: String(error) }, retryAfter: null };
    }
  }

  async settle({ data, etag }) {
    const { text } = this.operation;
    const sha = await digest(text);
    this.operation = null;
    this.etag = etag ?? this.etag;
    this.revision = data.revision;
    if (sha && data.content_sha256 && sha !== data.content_sha256) {
      // What the server holds is not what was sent: the draft stays, and the text goes again.
      this.dirty = true;
      this.say("kept");
      return;
    }
    this.dispatchEvent(new CustomEvent("saved", { detail: { ...data, text } }));
    this.say(this.dirty ? "unsaved" : "saved");
  }

  stop(found) {
    this.stopped = found;
    this.dirty = true;
    this.dispatchEvent(new CustomEvent("stopped", { detail: found }));
  }

  say(state) {
    if (state === this.state && state !== "saved") return;
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, at: new Date() } }));
  }
}

function withResolvers() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}
