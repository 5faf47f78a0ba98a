import type { Node } from "libpg-query";
import type { PgError } from "../core/pg-error.ts";
import type { CopyEncoding } from "./copy-encodings.ts";
import type { TemporaryWrite } from "./temporary.ts";

/** One statement of a Query or Parse message, parsed and classified. */
export interface Statement {
  /** Its own text, without the neighbours and the semicolon. */
  readonly text: string;
  /** Where `text` starts in the message, in characters from 0: added to positions in errors. */
  readonly offset: number;
  /**
   * Locations in it are byte offsets in `text`. Undefined where only DuckDB's grammar can read it.
   */
  readonly ast: Node | undefined;
  /** The highest `$n`. */
  readonly parameterCount: number;
  /** Without an ast: what PostgreSQL said of it, for when DuckDB cannot parse it either. */
  readonly syntaxError?: PgError;
  readonly route: Route;
}

/** Who answers a statement. */
export type Route =
  /** Session matters: the gateway itself. */
  | { readonly to: "gateway"; readonly command: GatewayCommand }
  /** Only system catalogs, or no relation at all. */
  | { readonly to: "shadow" }
  /** The workspace's tables, views and allow-listed table functions. */
  | {
      readonly to: "engine";
      readonly dialect: "postgresql" | "duckdb";
      /** The translation is an EXPLAIN: its answer is to be shown as one column, QUERY PLAN. */
      readonly explain?: ExplainOptions;
    }
  /** Makes, changes or drops something, which can only be a temporary table or view of the session. */
  | { readonly to: "temporary"; readonly write: TemporaryWrite }
  /**
   * COPY (query) TO STDOUT or COPY table TO STDOUT; `query` is a Statement of the engine or shadow.
   */
  | {
      readonly to: "copy-out";
      readonly query: Statement;
      /** The table that is copied; undefined for a query. */
      readonly relation: CopyRelation | undefined;
      readonly options: CopyOptions;
    }
  /** COPY table FROM STDIN. */
  | { readonly to: "copy-in"; readonly relation: CopyRelation; readonly options: CopyInOptions };

export interface CopyRelation {
  readonly schema: string | undefined;
  readonly name: string;
  /** In the order of the list; none is all of them. */
  readonly columns: readonly string[];
}

export interface ExplainOptions {
  readonly analyze: boolean;
  readonly format: "text" | "json";
}

/** PostgreSQL documentation, COPY: defaults already filled in. */
export interface CopyOptions {
  readonly format: "text" | "csv" | "binary";
  readonly header: boolean;
  readonly delimiter: string;
  readonly nullText: string;
  readonly quote: string;
  readonly escape: string;
  readonly encoding: CopyEncoding;
  /** Columns always quoted in csv: names, or all. */
  readonly forceQuote: readonly string[] | "all";
}

/** The same of COPY FROM. */
export interface CopyInOptions extends Omit<CopyOptions, "header" | "forceQuote"> {
  readonly header: boolean | "match";
  /** Columns in whose unquoted cells the NULL text is the text itself. */
  readonly forceNotNull: readonly string[] | "all";
  /** Columns in whose quoted cells the NULL text is NULL. */
  readonly forceNull: readonly string[] | "all";
}

export type GatewayCommand =
  /** The value is undefined for SET … TO DEFAULT. */
  | {
      readonly kind: "set";
      readonly name: string;
      readonly value: string | undefined;
      readonly local: boolean;
    }
  /** SELECT set_config(…), …: a SET that answers with one row of the new values. */
  | { readonly kind: "set-config"; readonly settings: readonly SetConfig[] }
  /** SELECT pg_sleep(2), alone: what only the process that holds the sockets can do. */
  | {
      readonly kind: "call";
      readonly function: GatewayFunction;
      readonly arguments: readonly CallArgument[];
      readonly label: string;
    }
  | { readonly kind: "reset"; readonly name: string | "all" }
  | { readonly kind: "show"; readonly name: string | "all" }
  | {
      readonly kind: "begin";
      readonly tag: "BEGIN" | "START TRANSACTION";
      readonly options: TransactionOptions;
    }
  | { readonly kind: "commit"; readonly chain: boolean }
  | { readonly kind: "rollback"; readonly chain: boolean }
  | { readonly kind: "savepoint"; readonly name: string }
  | { readonly kind: "release"; readonly name: string }
  | { readonly kind: "rollback-to"; readonly name: string }
  | {
      readonly kind: "set-transaction";
      readonly options: TransactionOptions;
      readonly session: boolean;
    }
  | { readonly kind: "discard"; readonly target: "all" | "plans" | "sequences" | "temp" }
  | { readonly kind: "deallocate"; readonly name: string | "all" }
  | {
      readonly kind: "prepare";
      readonly name: string;
      readonly parameterTypes: readonly string[];
      readonly statement: Statement;
    }
  | { readonly kind: "execute"; readonly name: string; readonly argumentsSql: readonly string[] }
  | DeclareCursor
  | {
      readonly kind: "fetch";
      readonly name: string;
      readonly motion: CursorMotion;
      readonly isMove: boolean;
    }
  /** Without a name it is CLOSE ALL. */
  | { readonly kind: "close"; readonly name: string | undefined }
  /** REFRESH MATERIALIZED VIEW: revalidate a table's source and load it if it changed. */
  | { readonly kind: "refresh"; readonly schema: string | undefined; readonly name: string }
  /** ANALYZE and VACUUM, for which there is nothing to do. */
  | { readonly kind: "maintain"; readonly tag: "ANALYZE" | "VACUUM" }
  | { readonly kind: "listen"; readonly channel: string }
  /** UNLISTEN * has no channel. */
  | { readonly kind: "unlisten"; readonly channel: string | undefined }
  | { readonly kind: "notify"; readonly channel: string; readonly payload: string }
  | { readonly kind: "lock" | "set-constraints" };

export interface DeclareCursor {
  readonly kind: "declare";
  readonly name: string;
  /** FETCH in a simple Query answers in binary. */
  readonly binary: boolean;
  readonly scroll: boolean;
  /** It outlives its transaction. */
  readonly hold: boolean;
  readonly query: Statement;
  /** Where the query starts in the text of the DECLARE itself. */
  readonly queryOffset: number;
}

/** What FETCH and MOVE say of where to go. */
export interface CursorMotion {
  readonly direction: "forward" | "backward" | "absolute" | "relative";
  /** Infinity is ALL. */
  readonly count: number;
}

export interface SetConfig {
  readonly name: string;
  readonly value: string;
  readonly local: boolean;
  /** The name of its column in the answer. */
  readonly label: string;
}

export type GatewayFunction = "pg_sleep" | "pg_cancel_backend" | "pg_terminate_backend";

/** A constant, or the number of the parameter that holds it. */
export type CallArgument = { readonly value: number } | { readonly parameter: number };

export interface TransactionOptions {
  readonly isolation?: "serializable" | "repeatable read" | "read committed" | "read uncommitted";
  readonly readOnly?: boolean;
  readonly deferrable?: boolean;
}
