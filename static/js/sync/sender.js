// Sends one operation and says what became of it. Knows HTTP, not the queue.

import { CONFLICT, LATER, judge } from "sync/verdict";

const REACH_MS = 30_000;

export class Sender {
  // `headers()` gives what every request carries: a bearer token, or the page's CSRF token.
  constructor({ base = "", headers = () => ({}), fetch = (...given) => globalThis.fetch(...given) } = {}) {
    this.base = base;
    this.headers = headers;
    this.fetch = fetch;
  }

  async request(path, options = {}) {
    const given = { Accept: "application/json", ...(await this.headers()), ...options.headers };
    const signal = AbortSignal.timeout(REACH_MS);
    return this.fetch(this.base + path, { credentials: "same-origin", signal, ...options, headers: given });
  }

  async send(operation) {
    const { method, path, body, ifMatch, id } = operation;
    const headers = { "Content-Type": "application/json", "Idempotency-Key": id };
    if (ifMatch) headers["If-Match"] = ifMatch;
    try {
      const content = body === undefined ? undefined : JSON.stringify(body);
      const found = await judge(await this.request(path, { method, headers, body: content }));
      return found.verdict === CONFLICT ? { ...found, theirs: await this.current(path) } : found;
    } catch (error) {
      return { verdict: LATER, problem: { title: String(error) }, retryAfter: null };
    }
  }

  // What stands on the server now, for the person to compare with their own.
  async current(path) {
    const response = await this.request(path);
    return response.ok ? { etag: response.headers.get("ETag"), data: await response.json() } : null;
  }
}
