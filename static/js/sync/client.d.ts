// Types of the client. Bare module names (`sync/…`) are resolved by an import map to the files of this folder.

export type State = "waiting" | "conflict" | "parked";

export interface Problem {
  type?: string;
  title: string;
  status?: number;
  detail?: string;
  code?: string;
  trace_id?: string;
  errors?: { pointer: string; code: string; message: string; params: Record<string, unknown> }[];
}

/** What a person wants done. Operations of one `resource` are sent in order; `label` is for showing. */
export interface Wish {
  resource: string;
  method: "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  body?: unknown;
  ifMatch?: string;
  label?: string;
}

/** A wish on disk. `id` is its Idempotency-Key, made when the person acted; `at` is ISO 8601. */
export interface Operation extends Wish {
  seq: number;
  id: string;
  at: string;
  state: State;
  problem?: Problem;
  /** The server's version, of an operation in conflict. */
  theirs?: { etag: string; data: unknown } | null;
}

export interface QueueEvents {
  change: CustomEvent<{ operation: Operation }>;
  done: CustomEvent<{ operation: Operation; data: unknown; etag: string | null }>;
  conflict: CustomEvent<{ operation: Operation }>;
  parked: CustomEvent<{ operation: Operation }>;
  /** The device has no room: nothing more is kept. */
  full: CustomEvent<{ operation: Operation }>;
}

export interface Queue extends EventTarget {
  push(wish: Wish): Promise<Operation>;
  pending(): Promise<Operation[]>;
  retry(operation: Operation, ifMatch?: string): Promise<void>;
  discard(operation: Operation): Promise<void>;
  addEventListener<Name extends keyof QueueEvents>(
    name: Name,
    listener: (event: QueueEvents[Name]) => void,
  ): void;
}

/** One entry of `sync/`. `data` is absent of what is gone, and above 64 KiB: read `address` then. */
export interface Change {
  type: string;
  id: string;
  op: "upsert" | "gone";
  version: string | null;
  etag: string | null;
  address: string;
  data?: Record<string, unknown>;
}

export interface Feed {
  wake(): void;
  stop(): void;
}

export interface Client {
  readonly queue: Queue;
  push(wish: Wish): Promise<Operation>;
  isTight(): Promise<boolean>;
  follow(types: string[], take: (change: Change) => void, options?: { restart?: () => void; mark?: string }): Feed;
  /** Resolves to what was not sent; the device's copy is wiped when that is nothing, or with `anyway`. */
  leave(options?: { anyway?: boolean }): Promise<Operation[]>;
}

export interface Connection {
  /** Names the database on this device: one for each person. */
  user: string;
  base?: string;
  headers?: () => Record<string, string> | Promise<Record<string, string>>;
  fetch?: typeof globalThis.fetch;
  alive: () => Promise<boolean>;
  renew: () => Promise<unknown>;
}

export function connect(connection: Connection): Promise<Client>;
