import type { WorkspaceName } from "../core/brands.ts";
import type { PgErrorFields } from "../core/pg-error.ts";
import type { FieldDescription, FormatCode } from "../protocol/field-description.ts";
import type { CopyInOptions, CopyOptions, CopyRelation } from "../sql/statement.ts";

/** What a session may ask of a workspace's data. Nothing here knows which database answers. */
export interface Engine {
  /** Makes the workspace what the definition says, in one step for every later statement. */
  configure(workspace: WorkspaceName, definition: EngineWorkspace): Promise<ConfiguredWorkspace>;
  /** Forgets the workspace. Statements that run in it end with an error. */
  remove(workspace: WorkspaceName): Promise<void>;
  describe(
    request: DescribeRequest,
    options: { readonly signal: AbortSignal },
  ): Promise<EngineDescription>;
  /** The transaction that statements have named will send no more of them. */
  endTransaction(workspace: WorkspaceName, transaction: string): void;
  /** Sends nothing before the first `run`. */
  open(request: ExecuteRequest, options: { readonly signal: AbortSignal }): EngineStream;
  /** Appends what the source gives to a table; resolves to the number of rows. All or nothing. */
  copyIn(
    request: CopyInRequest,
    source: CopyInSource,
    options: { readonly signal: AbortSignal },
  ): Promise<number>;
  /** Makes room for a session's temporary tables, under a name that is the session's own. */
  openSession(workspace: WorkspaceName, session: string): Promise<void>;
  /** Ends the transaction over them that a statement has begun; nothing where none has. */
  endSessionTransaction(
    workspace: WorkspaceName,
    session: string,
    outcome: "commit" | "rollback",
  ): Promise<void>;
  /** Drops all of them. */
  closeSession(workspace: WorkspaceName, session: string): void;
  close(): Promise<void>;
}

/** A workspace as the engine sees it: files that are ready, and SQL over them. */
export interface EngineWorkspace {
  /** The folder that all its cache files are in; nothing else may be opened. */
  readonly cacheDirectory: string;
  readonly memoryBytes: number;
  readonly threads: number;
  readonly tempDiskBytes: number;
  readonly tables: readonly EngineTable[];
  /** In the engine's dialect, in an order of the YAML's: one may use another. */
  readonly views: readonly {
    readonly schema: string;
    readonly name: string;
    readonly sql: string;
  }[];
  /** The rows of bucketgres.tables, as the table's columns in order. */
  readonly tableStates: readonly (readonly TableStateValue[])[];
}

export type TableStateValue = string | number | Date | undefined;

export type EngineTable =
  | {
      readonly schema: string;
      readonly name: string;
      readonly state: "ready";
      /** The cache file; a new version has a new path. */
      readonly path: string;
      readonly columns: readonly string[];
      /** Cells and rows that the file's `main.rejects` lists. */
      readonly rejectedCount: number;
    }
  /** Listed, but without data: every query of it ends with this error. */
  | {
      readonly schema: string;
      readonly name: string;
      readonly state: "unavailable";
      readonly error: PgErrorFields;
    };

/** What became of the views: their columns, or why they cannot be used. */
export interface ConfiguredWorkspace {
  readonly views: readonly ConfiguredView[];
  /** Paths of cache files that are gone or cannot be attached. */
  readonly unattached: readonly string[];
}

export interface ConfiguredView {
  readonly schema: string;
  readonly name: string;
  readonly result: { readonly columns: readonly ViewColumn[] } | { readonly error: PgErrorFields };
}

export interface ViewColumn {
  readonly name: string;
  /** As DuckDB prints the type. */
  readonly duckdbType: string;
}

/** What of a session's state the engine's answers depend on. */
export interface EngineSettings {
  readonly timeZone: string;
  /** Schemas in which an unqualified name is looked up, in order. */
  readonly searchPath: readonly string[];
}

export interface DescribeRequest {
  readonly workspace: WorkspaceName;
  readonly sql: string;
  readonly dialect: "postgresql" | "duckdb";
  readonly settings: EngineSettings;
  /**
   * Any name, the same for all statements of one transaction: they see one version of every table,
   * the one that was current at the first of them. Each other statement sees the latest.
   */
  readonly transaction: string | undefined;
  /** Undefined where the statement has nothing to do with temporary tables. */
  readonly temporary: TemporaryScope | undefined;
}

/** Whose temporary tables a statement sees, before all others. */
export interface TemporaryScope {
  /** One that `openSession` has opened. */
  readonly session: string;
  /**
   * Whether the statement is part of the session's transaction over them, which the first such
   * statement begins. Any other sees what was committed, and cannot change them.
   */
  readonly inTransaction: boolean;
}

export interface EngineDescription {
  /** By number, from 1: a type OID, or undefined where the engine cannot tell. */
  readonly parameterOids: readonly (number | undefined)[];
  /** Undefined while a parameter's missing type leaves the columns open. */
  readonly fields: readonly FieldDescription[] | undefined;
}

export interface ExecuteRequest extends DescribeRequest {
  readonly parameterOids: readonly number[];
  readonly parameterFormats: readonly FormatCode[];
  readonly parameters: readonly (Uint8Array | undefined)[];
  readonly output: OutputFormat;
  /** The type OIDs that the client was told; other ones are "cached plan must not change result type". */
  readonly expectedTypeOids: readonly number[] | undefined;
  /** The rows are kept until the stream is closed: each run says from which of them it goes where. */
  readonly scrolls?: boolean;
}

export interface CopyInRequest {
  readonly workspace: WorkspaceName;
  readonly settings: EngineSettings;
  readonly transaction: string | undefined;
  /** The table is one of these. */
  readonly temporary: TemporaryScope;
  readonly relation: CopyRelation;
  readonly options: CopyInOptions;
}

/**
 * Called when the table is known, with the number of its columns that the data have. The data may be
 * cut anywhere. They have to end, with its reason, when the request's signal aborts.
 */
export type CopyInSource = (columnCount: number) => AsyncIterable<Buffer>;

export type OutputFormat =
  /** One code for all columns, one for each, or none, which means text (as in Bind). */
  | { readonly kind: "rows"; readonly formats: readonly FormatCode[] }
  | { readonly kind: "copy"; readonly options: CopyOptions }
  /** Run for its effect: the outcome counts the rows that were changed. */
  | { readonly kind: "none" };

/** What a cursor asks of one run, beyond a number of rows. */
export interface CursorRun {
  /**
   * Skipped rows are only counted. With none, the statement begins: what it sees is fixed, and a
   * failure to begin is heard now.
   */
  readonly rows: "sent" | "skipped" | "none";
  /** In place of the request's, where there are any. */
  readonly formats: readonly FormatCode[] | undefined;
  /** Of a request that scrolls, whose runs know nothing of each other. */
  readonly from?: RowPlace;
}

export interface RowPlace {
  /** Of the run's first row, counted from 0 in the order of the result. */
  readonly row: number;
  readonly direction: "forward" | "backward";
}

/** Takes what a stream produces, in order. */
export interface RowSink {
  /** Once, before the first page. Without formats every column is text, or its format is known. */
  fields(fields: readonly FieldDescription[], formats?: readonly FormatCode[]): void;
  /** Whole messages, in pieces. The stream waits for the promise before it sends much more. */
  page(pieces: readonly Buffer[]): Promise<void> | undefined;
}

export interface EngineStream {
  /**
   * Sends rows to the sink until `maxRows` (0 is all). Rejects with a PgError when the statement
   * failed, was aborted (with the signal's reason) or its process ended (admin_shutdown).
   */
  run(sink: RowSink, maxRows: number, cursor?: CursorRun): Promise<RunOutcome>;
  /** Ends the statement, finished or not. */
  close(): void;
}

export interface RunOutcome {
  /** More rows may follow: only after a `maxRows` that was reached. */
  readonly suspended: boolean;
  /** Of this run. */
  readonly rows: number;
}

/** The one code that Bind's list of format codes gives to a column (PostgreSQL documentation 55.7). */
export function formatOf<Code extends number>(formats: readonly Code[], column: number): Code | 0 {
  return (formats.length === 1 ? formats[0] : formats[column]) ?? 0;
}
