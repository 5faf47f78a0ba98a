import type { WorkspaceName } from "../core/brands.ts";
import type { Engine } from "../engine/engine.ts";
import type { Logger } from "../observe/logger.ts";
import type { Shadow } from "../shadow/shadow.ts";
import type { Channels } from "./channels.ts";
import type { SqlContext } from "./context.ts";
import type { SessionRegistry } from "./session-registry.ts";
import type { LoginObserver, StartupServices } from "./startup.ts";

/** What the sessions of a gateway share. */
export interface SessionServices extends StartupServices {
  readonly engine: Engine;
  readonly shadow: Shadow;
  readonly sessions: SessionRegistry;
  /** LISTEN and NOTIFY. */
  readonly channels: Channels;
  readonly workspaces: SessionWorkspaces;
  readonly serverVersion: string;
  /** What pg_postmaster_start_time() answers. */
  readonly startedAt: Date;
  /** What idle_session_timeout is unless a session sets it; 0 is none. */
  readonly idleTimeoutMs: () => number;
  readonly observer: StatementObserver;
  /** Whether the SQL text of statements is logged; their parameters never are. */
  readonly logStatements: () => boolean;
  readonly log: Logger;
}

/** What a session asks of the workspaces beside its engine and shadow. */
export interface SessionWorkspaces {
  /** A session has begun there: what it will need soon can be started. */
  opened(workspace: WorkspaceName): void;
  /** 0 is none. */
  statementTimeoutMs(workspace: string): number;
  sqlContext(workspace: string): SqlContext;
  refresh(workspace: string, schema: string, table: string, signal: AbortSignal): Promise<void>;
}

/** Hears of every statement, for the metrics. */
export interface StatementObserver extends LoginObserver {
  statement(outcome: {
    readonly workspace: string;
    /** Undefined where it succeeded. */
    readonly sqlstate: string | undefined;
    readonly durationMs: number;
    readonly rows: number;
    readonly bytes: number;
  }): void;
}
