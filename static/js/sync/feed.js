// Follows what changes on the server: asks `sync/` every few seconds while somebody looks, at once when another
// tab knows of news. Starts anew where the server says that the copy cannot be brought up to date.

import { Pause, delay } from "sync/backoff";

const EVERY_MS = 4000;
const STALE = new Set([400, 410]);

export class Feed {
  // `take(change)` gets each change: {type, id, op, version, etag, address, data?}. `restart()` drops the copy.
  // With `mark` this tab remembers under that name how far it read, for pages that keep no copy of their own.
  constructor(sender, { types, take, restart = () => {}, renew = () => {}, mark = "" }) {
    this.sender = sender;
    this.types = types;
    this.take = take;
    this.restart = restart;
    this.renew = renew;
    this.mark = mark;
    this.cursor = (mark && sessionStorage.getItem(mark)) || "";
    this.pause = new Pause();
    this.stopped = false;
  }

  wake() {
    this.pause.wake();
  }

  stop() {
    this.stopped = true;
    this.wake();
  }

  async follow() {
    document.addEventListener("visibilitychange", () => this.wake());
    globalThis.addEventListener("online", () => this.wake());
    for (let failures = 0; !this.stopped; ) {
      failures = document.hidden || (await this.pull()) ? 0 : failures + 1;
      await this.pause.for(failures ? delay(failures, this.retryAfter) : EVERY_MS);
    }
  }

  // All pages there are. Resolves to whether the server answered.
  async pull() {
    for (let more = true; more; ) {
      const body = await this.page();
      if (!body) return false;
      for (const change of body.changes) this.take(change);
      this.cursor = body.cursor;
      if (this.mark) sessionStorage.setItem(this.mark, this.cursor);
      more = body.has_more;
    }
    return true;
  }

  async page() {
    const query = new URLSearchParams({ types: this.types.join(",") });
    if (this.cursor) query.set("cursor", this.cursor);
    let response;
    try {
      response = await this.sender.request(`/api/v1/sync/?${query}`);
    } catch {
      return null;
    }
    this.retryAfter = response.headers.get("Retry-After");
    if (response.ok) return response.json();
    if (response.status === 401) await this.renew();
    if (STALE.has(response.status) && this.cursor) {
      this.cursor = "";
      this.restart();
      return this.page();
    }
    return null;
  }
}
