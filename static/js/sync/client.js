// The whole client: a queue on this device, its sender, and the feed of what others change.
//
//   const client = await connect({ user, headers, alive, renew });
//   await client.push({ resource: "settings", method: "PATCH", path: "/api/v1/me/settings/", body: { theme: "dark" } });
//   client.queue.addEventListener("conflict", ({ detail }) => …);

import { Drain } from "sync/drain";
import { Feed } from "sync/feed";
import { Queue } from "sync/queue";
import { Sender } from "sync/sender";
import { open } from "sync/store";

// `alive()` says whether the sign-in holds, `renew()` makes it hold again; many tabs renew once.
export async function connect({ user, base, headers, fetch, alive, renew }) {
  const sender = new Sender({ base, headers, fetch });
  const queue = new Queue(await open(user));
  const once = () => navigator.locks.request(`renew-${user}`, async () => (await alive()) || renew());
  return new Client(queue, sender, new Drain(queue, sender, once), once);
}

class Client {
  constructor(queue, sender, drain, renew) {
    this.queue = queue;
    this.sender = sender;
    this.drain = drain;
    this.renew = renew;
    drain.run();
  }

  push(wish) {
    return this.queue.push(wish);
  }

  // True when storage is nearly full: say so before more is typed.
  isTight() {
    return this.queue.store.isTight();
  }

  follow(types, take, { restart, mark } = {}) {
    const feed = new Feed(this.sender, { types, take, restart, mark, renew: this.renew });
    this.queue.addEventListener("done", () => feed.wake());
    feed.follow();
    return feed;
  }

  // For signing out. Resolves to what was not sent (and then nothing is wiped), unless `anyway`.
  async leave({ anyway = false } = {}) {
    const left = await this.queue.pending();
    if (!left.length || anyway) await this.queue.store.wipe();
    return anyway ? [] : left;
  }
}
