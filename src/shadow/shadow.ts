import type { WorkspaceName } from "../core/brands.ts";
import type { FieldDescription } from "../protocol/field-description.ts";

/**
 * A real PostgreSQL that holds one workspace's schema and no rows. Its answers are PostgreSQL's own
 * bytes. Every call is one round trip that leaves no state behind.
 */
export interface Shadow {
  /** Parse and Describe, of any statement. A PgError carries PostgreSQL's own fields, position included. */
  describe(
    request: { readonly sql: string; readonly parameterOids: readonly number[] },
    context: ShadowContext,
  ): Promise<ShadowDescription>;
  /**
   * Parse, Bind, Describe and Execute. Only for SELECT, VALUES, TABLE, SHOW and EXPLAIN, which the
   * caller knows by the syntax tree: in single-user mode a SET or DO could make its sender the
   * superuser, so they are refused here once more.
   */
  execute(request: ShadowRequest, context: ShadowContext): Promise<ShadowAnswer>;
}

export interface ShadowContext {
  readonly workspace: WorkspaceName;
  /** A member of the workspace; answers are what it may see. */
  readonly role: string;
  readonly session: number;
  /**
   * The settings of the client's session that a PostgreSQL answer depends on, by name. One that
   * PostgreSQL refuses is the request's error.
   */
  readonly settings: ReadonlyMap<string, string>;
  /** What the gateway knows of this session, as JSON: live-catalog.ts reads it. */
  readonly facts?: string | undefined;
  /** What it knows of all sessions now, for a statement that asksForLive(). */
  readonly live?: string | undefined;
  /** Ends a running statement together with its process; the reason is the request's error. */
  readonly signal: AbortSignal;
}

export interface ShadowDescription {
  readonly parameterOids: readonly number[];
  /** Undefined where the statement returns no rows. */
  readonly fields: readonly FieldDescription[] | undefined;
}

export interface ShadowRequest {
  readonly sql: string;
  readonly parameterOids: readonly number[];
  readonly parameterFormats: readonly number[];
  readonly parameters: readonly (Uint8Array | undefined)[];
  readonly resultFormats: readonly number[];
}

export interface ShadowAnswer {
  readonly fields: readonly FieldDescription[] | undefined;
  /** Whole DataRow messages, one behind the other. */
  readonly rows: Buffer;
  readonly rowCount: number;
  /** As in CommandComplete: `SELECT 3`. */
  readonly tag: string;
  /** Whole NoticeResponse messages. */
  readonly notices: readonly Buffer[];
  /** What the statement has asked of the gateway, in order. */
  readonly effects: readonly ShadowEffect[];
}

/** A call, somewhere in a statement, of what only the gateway can do. */
export type ShadowEffect =
  | { readonly call: "cancel" | "terminate"; readonly processId: number }
  | { readonly call: "notify"; readonly channel: string; readonly payload: string }
  | {
      readonly call: "set_config";
      readonly name: string;
      readonly value: string | null;
      readonly local: boolean;
    };
