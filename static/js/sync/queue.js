// What a person did and the server has not confirmed: kept on disk, sent in order, never dropped.
// Events: change (pending), done, conflict, parked, full.

import { FULL } from "sync/store";
import { uuid7 } from "sync/uuid7";

export const WAITING = "waiting";
export const STUCK = new Set(["conflict", "parked"]);

export class Queue extends EventTarget {
  constructor(store) {
    super();
    this.store = store;
    this.channel = new BroadcastChannel(`sync-${store.user}`);
    this.channel.addEventListener("message", ({ data }) => this.tell(data.name, data.detail, false));
  }

  // Shapes: {resource, method, path, body?, ifMatch?, label?}. Resolves once the operation is on disk.
  async push(wish) {
    const operation = { id: uuid7(), at: new Date().toISOString(), state: WAITING, ...wish };
    try {
      operation.seq = await this.store.add(operation);
    } catch (error) {
      if (error?.name === FULL) this.tell("full", { operation });
      throw error;
    }
    this.tell("change", { operation });
    return operation;
  }

  pending() {
    return this.store.all();
  }

  async settle(operation, { data, etag }) {
    await this.store.remove(operation.seq);
    await this.follow(operation, etag);
    this.tell("done", { operation, data, etag });
  }

  // What was queued on the version that this operation replaced now builds on the one it made.
  async follow({ resource, ifMatch }, etag) {
    if (!ifMatch || !etag) return;
    const rest = (await this.pending()).filter((one) => one.resource === resource && one.ifMatch === ifMatch);
    for (const one of rest) await this.store.put({ ...one, ifMatch: etag });
  }

  async stop(operation, state, facts) {
    const stopped = { ...operation, state, ...facts };
    await this.store.put(stopped);
    this.tell(state, { operation: stopped });
  }

  // The person decided: send it again, perhaps on the version they have now seen, under a new key.
  async retry(operation, ifMatch = operation.ifMatch) {
    const { problem: _problem, theirs: _theirs, ...wish } = operation;
    await this.store.put({ ...wish, id: uuid7(), state: WAITING, ifMatch });
    this.tell("change", { operation });
  }

  async discard(operation) {
    await this.store.remove(operation.seq);
    this.tell("change", { operation });
  }

  tell(name, detail, everywhere = true) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
    if (everywhere) this.channel.postMessage({ name, detail });
  }
}
