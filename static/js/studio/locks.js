// Who edits a chapter. The lock is a courtesy: without an answer nobody is kept from writing, the revision decides.

const BEAT_MS = 20_000;

export class Lock extends EventTarget {
  constructor({ sender, path, tab, device }) {
    super();
    Object.assign(this, { sender, path, tab, device });
    this.fence = null;
  }

  // Resolves to whether this tab may write.
  async take() {
    return this.judge(await this.ask("PUT", this.path));
  }

  async takeOver() {
    return this.judge(await this.ask("POST", `${this.path}takeover/`));
  }

  async ask(method, path, options = {}) {
    const facts = method === "DELETE" ? {} : { device: this.device };
    const body = JSON.stringify({ tab_id: this.tab, ...facts });
    const headers = { "Content-Type": "application/json" };
    try {
      const response = await this.sender.request(path, { method, headers, body, ...options });
      return { status: response.status, data: await response.json().catch(() => ({})) };
    } catch {
      return { status: 0, data: {} };
    }
  }

  judge({ status, data }) {
    clearTimeout(this.timer);
    if (this.stopped) return false;
    if (status === 409 && data.code === "lock_held") {
      // The old fence stays: a save under it is refused, and its text kept.
      this.dispatchEvent(new CustomEvent("held", { detail: data }));
      this.timer = setTimeout(() => this.look(), BEAT_MS);
      return false;
    }
    if (status === 200) this.fence = data.fence ?? null;
    this.timer = setTimeout(() => this.beat(), BEAT_MS);
    return true;
  }

  // While somebody else writes: nothing is taken away, but the page says when the chapter is free.
  async look() {
    if (this.judge(await this.ask("PUT", this.path))) this.dispatchEvent(new CustomEvent("free"));
  }

  async beat() {
    this.judge(await this.ask("PUT", this.path));
  }

  // No more heartbeats: what comes next is the person's decision.
  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  leave() {
    this.stop();
    if (this.fence !== null) this.ask("DELETE", this.path, { keepalive: true });
    this.fence = null;
  }
}
