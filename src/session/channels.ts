import type { WorkspaceName } from "../core/brands.ts";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";

export interface Notification {
  /** The sender's. */
  readonly processId: number;
  readonly channel: string;
  readonly payload: string;
}

export type Listener = (notification: Notification) => void;

/**
 * Who listens to what, in this gateway: a channel is known within its workspace, as PostgreSQL's
 * are within a database. Other gateways over the same workspace do not hear of it.
 */
export class Channels {
  readonly #listeners = new Map<string, Set<Listener>>();

  listen(workspace: WorkspaceName, channel: string, listener: Listener): void {
    const key = keyOf(workspace, channel);
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners.add(listener));
  }

  unlisten(workspace: WorkspaceName, channel: string, listener: Listener): void {
    const key = keyOf(workspace, channel);
    const listeners = this.#listeners.get(key);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(key);
  }

  notify(workspace: WorkspaceName, notification: Notification): void {
    const listeners = this.#listeners.get(keyOf(workspace, notification.channel)) ?? [];
    for (const listener of listeners) listener(notification);
  }
}

/** No name holds a zero byte. */
function keyOf(workspace: WorkspaceName, channel: string): string {
  return `${workspace}\0${channel}`;
}

type Wish =
  | { readonly kind: "listen" | "unlisten"; readonly channel: string }
  | { readonly kind: "unlisten all" };

/** What the transaction has asked for so far: a savepoint goes back to it. */
export interface ChannelSnapshot {
  readonly wishes: readonly Wish[];
  /** By channel and payload: PostgreSQL delivers equal ones of one transaction once. */
  readonly notifications: ReadonlyMap<string, Notification>;
}

const NOTHING: ChannelSnapshot = { wishes: [], notifications: new Map() };

/**
 * LISTEN, UNLISTEN and NOTIFY of one session. All three take effect when their transaction commits
 * (PostgreSQL documentation, NOTIFY), in this order: so a transaction that begins to listen hears
 * its own notifications.
 */
export class SessionChannels {
  readonly #channels: Channels;
  readonly #workspace: WorkspaceName;
  readonly #processId: number;
  readonly #receive: Listener;
  readonly #listening = new Set<string>();
  #pending: ChannelSnapshot = NOTHING;

  constructor(channels: Channels, workspace: WorkspaceName, processId: number, receive: Listener) {
    this.#channels = channels;
    this.#workspace = workspace;
    this.#processId = processId;
    this.#receive = receive;
  }

  /** In the order of their LISTEN. */
  get listening(): readonly string[] {
    return [...this.#listening];
  }

  listen(channel: string): void {
    this.#wish({ kind: "listen", channel });
  }

  /** Undefined is all of them. */
  unlisten(channel: string | undefined): void {
    this.#wish(channel === undefined ? { kind: "unlisten all" } : { kind: "unlisten", channel });
  }

  notify(channel: string, payload: string): void {
    if (channel === "") throw invalid("channel name cannot be empty");
    if (Buffer.byteLength(channel) > LIMITS.identifierBytes) throw invalid("channel name too long");
    if (Buffer.byteLength(payload) >= LIMITS.notificationPayloadBytes) {
      throw invalid("payload string too long");
    }
    const { wishes, notifications } = this.#pending;
    const key = `${channel}\0${payload}`;
    if (notifications.has(key)) return;
    if (notifications.size >= LIMITS.channels) throw tooMany("notifications in one transaction");
    const notification = { processId: this.#processId, channel, payload };
    this.#pending = { wishes, notifications: new Map(notifications).set(key, notification) };
  }

  snapshot(): ChannelSnapshot {
    return this.#pending;
  }

  restore(snapshot: ChannelSnapshot): void {
    this.#pending = snapshot;
  }

  commit(): void {
    const { wishes, notifications } = this.#pending;
    this.#pending = NOTHING;
    for (const wish of wishes) this.#grant(wish);
    for (const notification of notifications.values()) {
      this.#channels.notify(this.#workspace, notification);
    }
  }

  rollback(): void {
    this.#pending = NOTHING;
  }

  /** The session ends. */
  close(): void {
    this.#grant({ kind: "unlisten all" });
  }

  #wish(wish: Wish): void {
    const { wishes, notifications } = this.#pending;
    if (wishes.length + this.#listening.size >= LIMITS.channels) throw tooMany("channels");
    this.#pending = { wishes: [...wishes, wish], notifications };
  }

  #grant(wish: Wish): void {
    switch (wish.kind) {
      case "listen":
        this.#listening.add(wish.channel);
        this.#channels.listen(this.#workspace, wish.channel, this.#receive);
        return;
      case "unlisten":
        this.#listening.delete(wish.channel);
        this.#channels.unlisten(this.#workspace, wish.channel, this.#receive);
        return;
      case "unlisten all":
        for (const channel of this.#listening) {
          this.#channels.unlisten(this.#workspace, channel, this.#receive);
        }
        this.#listening.clear();
        return;
    }
  }
}

function invalid(message: string): PgError {
  return new PgError("invalid_parameter_value", message);
}

function tooMany(what: string): PgError {
  return new PgError("program_limit_exceeded", `too many ${what} (${LIMITS.channels})`);
}
