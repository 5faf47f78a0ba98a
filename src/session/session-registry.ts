import { randomBytes, timingSafeEqual } from "node:crypto";
import type { WorkspaceName } from "../core/brands.ts";
import { PgError } from "../core/pg-error.ts";
import type { Session } from "./session.ts";
import type { SessionActivity } from "./session-activity.ts";
import type { Login } from "./startup.ts";

/** How many sessions there may be; undefined is no bound of its own. */
export interface SessionLimits {
  readonly connections: number;
  readonly connectionsPerUser: number;
  readonly connectionsOf: (workspace: WorkspaceName) => number | undefined;
}

export interface Registration extends Disposable {
  /** What the client knows as the process id of its server. */
  readonly processId: number;
  readonly secretKey: Buffer;
}

export type CancelOutcome = "matched" | "idle" | "unknown";

interface Entry {
  readonly session: Session;
  readonly workspace: WorkspaceName;
  readonly role: string;
  readonly identity: string;
  readonly secretKey: Buffer;
  /** Who waits for its end. */
  readonly waiting: Set<() => void>;
}

/** The sessions as one role in one workspace may see and end them. */
export interface VisibleSessions {
  inWorkspace(): readonly VisibleSession[];
  /** "denied" is for another role's session; one that is in another workspace, too, is not known. */
  signal(processId: number, act: "cancel" | "terminate"): "signaled" | "denied" | "unknown";
  /** Resolves when the session has ended, or when `signal` aborts. */
  gone(processId: number, signal: AbortSignal): Promise<void>;
}

export interface VisibleSession {
  readonly processId: number;
  readonly role: string;
  readonly isOwn: boolean;
  readonly activity: SessionActivity;
}

/** Whose session it is. */
export type Registrant = Pick<Login, "role" | "workspace" | "identity" | "minorVersion">;

/** Protocol 3.0 has room for 32 bits, 3.2 for 256 bytes: as many of each as PostgreSQL 18 sends. */
const SECRET_KEY_BYTES = { before32: 4, since32: 32 };
const LARGEST_PROCESS_ID = 2 ** 31 - 1;

/** The live sessions of this gateway: who they are, how many, and the keys that cancel them. */
export class SessionRegistry {
  readonly #limits: () => SessionLimits;
  readonly #entries = new Map<number, Entry>();
  #nextProcessId = 1;

  constructor(limits: () => SessionLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.size;
  }

  sessions(): readonly Session[] {
    return [...this.#entries.values()].map(({ session }) => session);
  }

  /** The registration ends when it is disposed of. Too many sessions are refused with 53300. */
  register(session: Session, registrant: Registrant): Registration {
    const { workspace, role, identity, minorVersion } = registrant;
    this.#refuseTooMany(workspace, role);
    const processId = this.#freeProcessId();
    const { before32, since32 } = SECRET_KEY_BYTES;
    const secretKey = randomBytes(minorVersion < 2 ? before32 : since32);
    const waiting = new Set<() => void>();
    this.#entries.set(processId, { session, workspace, role, identity, secretKey, waiting });
    const end = (): void => {
      this.#entries.delete(processId);
      for (const wake of waiting) wake();
    };
    return { processId, secretKey, [Symbol.dispose]: end };
  }

  /** Cancels what runs in the session that has this key. The outcome is for the metrics alone. */
  cancel(processId: number, secretKey: Buffer): CancelOutcome {
    const entry = this.#entries.get(processId);
    if (entry === undefined || entry.secretKey.length !== secretKey.length) return "unknown";
    if (!timingSafeEqual(entry.secretKey, secretKey)) return "unknown";
    return entry.session.cancel() ? "matched" : "idle";
  }

  /** Ends all sessions of a workspace that is no longer there. */
  terminateIn(workspace: WorkspaceName): void {
    for (const entry of this.#entries.values()) {
      if (entry.workspace === workspace) entry.session.terminate();
    }
  }

  /** Ends the sessions of whoever may no longer be here; returns how many these are. */
  revoke(whyRevoked: (login: Omit<Entry, "session" | "secretKey">) => string | undefined): number {
    let count = 0;
    for (const entry of this.#entries.values()) {
      const why = whyRevoked(entry);
      if (why === undefined) continue;
      entry.session.terminate(why);
      count += 1;
    }
    return count;
  }

  /** What pg_stat_activity, pg_cancel_backend() and their like work on. */
  seenBy(viewer: { readonly workspace: WorkspaceName; readonly role: string }): VisibleSessions {
    const isVisible = ({ workspace, role }: Entry): boolean =>
      workspace === viewer.workspace || role === viewer.role;
    return {
      inWorkspace: () =>
        [...this.#entries].flatMap(([processId, { session, workspace, role }]) =>
          session.activity === undefined || workspace !== viewer.workspace
            ? []
            : [{ processId, role, isOwn: role === viewer.role, activity: session.activity }],
        ),
      signal: (processId, act) => {
        const entry = this.#entries.get(processId);
        if (entry === undefined || !isVisible(entry)) return "unknown";
        if (entry.role !== viewer.role) return "denied";
        if (act === "cancel") entry.session.cancel();
        else entry.session.terminate();
        return "signaled";
      },
      gone: (processId, signal) => this.#gone(processId, signal),
    };
  }

  /** Resolves when the session has ended, or when `signal` aborts. */
  #gone(processId: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const entry = this.#entries.get(processId);
      if (entry === undefined || signal.aborted) return resolve();
      entry.waiting.add(resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  #refuseTooMany(workspace: WorkspaceName, role: string): void {
    const { connections, connectionsPerUser, connectionsOf } = this.#limits();
    const entries = [...this.#entries.values()];
    const ofRole = entries.filter((entry) => entry.role === role).length;
    const inWorkspace = entries.filter((entry) => entry.workspace === workspace).length;
    if (entries.length >= connections)
      throw tooMany("sorry, too many clients already", "limits.connections");
    if (ofRole >= connectionsPerUser) {
      throw tooMany(`too many connections for role "${role}"`, "limits.connections_per_user");
    }
    if (inWorkspace >= (connectionsOf(workspace) ?? Number.POSITIVE_INFINITY)) {
      throw tooMany(
        `too many connections for database "${workspace}"`,
        "the workspace's limits.connections",
      );
    }
  }

  #freeProcessId(): number {
    while (this.#entries.has(this.#nextProcessId)) this.#advance();
    const free = this.#nextProcessId;
    this.#advance();
    return free;
  }

  #advance(): void {
    this.#nextProcessId = this.#nextProcessId >= LARGEST_PROCESS_ID ? 1 : this.#nextProcessId + 1;
  }
}

function tooMany(message: string, setting: string): PgError {
  return new PgError("too_many_connections", message, {
    severity: "FATAL",
    hint: `Close idle connections, or raise ${setting}.`,
  });
}
