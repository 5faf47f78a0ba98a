import type { WorkspaceName } from "../core/brands.ts";
import type { Engine } from "../engine/engine.ts";
import type { Logger } from "../observe/logger.ts";
import type { Shadow } from "../shadow/shadow.ts";
import type { StatementCache } from "../sql/statement-cache.ts";
import type { TranslateOptions } from "../sql/translate.ts";
import type { SessionChannels } from "./channels.ts";
import type { CopyInChannel } from "./copy-in-channel.ts";
import type { SessionParameters } from "./parameters.ts";
import type { Portals } from "./portals.ts";
import type { PreparedStatements } from "./prepared-statements.ts";
import type { SentCounters } from "./results.ts";
import type { SessionActivity } from "./session-activity.ts";
import type { SessionClock } from "./session-clock.ts";
import type { VisibleSessions } from "./session-registry.ts";
import type { TemporaryTables } from "./temporary-tables.ts";
import type { Transaction } from "./transaction.ts";

/** Belongs to one state of the workspace: with other columns a text is translated anew. */
export interface SqlContext {
  readonly cache: StatementCache;
  readonly columnType: NonNullable<TranslateOptions["columnType"]>;
  readonly schemas: ReadonlySet<string>;
  readonly temporaryCatalog?: string;
  /** How many tables stand behind each of the session's own views. */
  readonly viewTables?: ReadonlyMap<string, number>;
}

/** What the statements of one session work with. */
export interface SessionContext {
  readonly id: number;
  readonly workspace: WorkspaceName;
  readonly role: string;
  readonly engine: Engine;
  readonly shadow: Shadow;
  /** What the workspace's own schema means for the SQL that is parsed and translated now. */
  sql(): SqlContext;
  readonly parameters: SessionParameters;
  readonly transaction: Transaction;
  readonly temporary: TemporaryTables;
  readonly statements: PreparedStatements;
  /** What the client sends for the COPY FROM STDIN that is running. */
  readonly copyIn: CopyInChannel;
  readonly portals: Portals;
  /** Looks at a table's source now and answers when what is there is visible. */
  refresh(schema: string, table: string, signal: AbortSignal): Promise<void>;
  /** LISTEN and NOTIFY. */
  readonly channels: SessionChannels;
  readonly clock: SessionClock;
  readonly activity: SessionActivity;
  /** The others, and this one, as far as the role may see and end them. */
  readonly sessions: VisibleSessions;
  readonly serverStartedAt: Date;
  readonly sent: SentCounters;
  readonly log: Logger;
}
