// Empties the queue: one tab at a time (Web Locks), things side by side, each thing's operations in order.

import { Pause, delay } from "sync/backoff";
import { WAITING } from "sync/queue";
import { CONFLICT, DONE, LATER, PARKED, SIGN_IN } from "sync/verdict";

export class Drain {
  // `renew()` resolves when somebody is signed in again; it is asked once, however many operations wait for it.
  constructor(queue, sender, renew) {
    this.queue = queue;
    this.sender = sender;
    this.renew = renew;
    this.pause = new Pause();
    this.running = null;
    queue.addEventListener("change", () => this.run());
    globalThis.addEventListener("online", () => this.run());
  }

  run() {
    this.pause.wake();
    this.again = Boolean(this.running);
    this.running ??= navigator.locks
      .request(`sync-${this.queue.store.user}`, () => this.empty())
      .finally(() => {
        this.running = null;
        if (this.again) this.run();
      });
    return this.running;
  }

  async empty() {
    for (let attempt = 0; ; attempt += 1) {
      const things = Map.groupBy(await this.sendable(), (operation) => operation.resource);
      if (!things.size) return;
      const ends = await Promise.all([...things.values()].map((line) => this.inOrder(line)));
      const wait = ends.filter(Boolean).reduce((most, end) => Math.max(most, end.wait(attempt)), 0);
      if (!ends.some(Boolean)) attempt = -1;
      else if (wait) await this.pause.for(wait);
    }
  }

  // A thing with a conflict waits for the person's decision, or later operations would overtake it.
  async sendable() {
    const all = await this.queue.pending();
    const held = new Set(all.filter((one) => one.state === CONFLICT).map((one) => one.resource));
    return all.filter((one) => one.state === WAITING && !held.has(one.resource));
  }

  // Resolves to nothing when the line was walked, else to how long to wait.
  async inOrder(line) {
    for (const { seq } of line) {
      const operation = (await this.sendable()).find((one) => one.seq === seq);
      if (!operation) continue;
      const found = await this.sender.send(operation);
      if (found.verdict === DONE) await this.queue.settle(operation, found);
      if (found.verdict === LATER) return { wait: (attempt) => delay(attempt, found.retryAfter) };
      if (found.verdict === SIGN_IN) return this.signIn();
      if (found.verdict === PARKED) await this.queue.stop(operation, PARKED, { problem: found.problem });
      if (found.verdict === CONFLICT) return this.hold(operation, found);
    }
    return null;
  }

  async hold(operation, { problem, theirs }) {
    await this.queue.stop(operation, CONFLICT, { problem, theirs });
    return null;
  }

  async signIn() {
    this.renewing ??= Promise.resolve(this.renew()).finally(() => { this.renewing = null; });
    await this.renewing;
    // Refused again although somebody is signed in: not a reason to hammer.
    return { wait: (attempt) => (attempt ? delay(attempt) : 0) };
  }
}
