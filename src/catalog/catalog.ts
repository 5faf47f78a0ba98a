/**
 * The checked, immutable model of the YAML catalog: what the workspaces, tables and views are.
 * What state a table's data is in is not here but in `workspace/`.
 */
import type { RoleName, StoreName, WorkspaceName } from "../core/brands.ts";
import type { FormatOptions } from "../formats/format.ts";

export interface Catalog {
  readonly workspaces: ReadonlyMap<WorkspaceName, Workspace>;
}

export interface Workspace {
  readonly name: WorkspaceName;
  readonly description: string | undefined;
  readonly members: ReadonlySet<RoleName>;
  readonly limits: WorkspaceLimits;
  readonly upload: { readonly store: StoreName; readonly prefix: string } | undefined;
  readonly exportTargets: readonly { readonly store: StoreName; readonly prefix: string }[];
  readonly tables: readonly TableDefinition[];
  readonly views: readonly ViewDefinition[];
  /** The YAML file it was read from, for messages and for `add`. */
  readonly file: string;
}

export interface WorkspaceLimits {
  readonly memoryBytes: number | undefined;
  readonly threads: number | undefined;
  readonly connections: number | undefined;
  /** 0 is none. */
  readonly statementTimeoutMs: number;
  readonly queue: number;
  readonly tempDiskBytes: number | undefined;
  /** 0 is none. */
  readonly resultSizeBytes: number;
}

export interface TableDefinition {
  readonly schema: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly source: SourceReference;
  readonly options: FormatOptions;
  /** By the name in the file's header. */
  readonly columns: ReadonlyMap<string, ColumnDefinition>;
  readonly names: "normalized" | "as_is";
  readonly primaryKey: readonly string[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly onBadValue: "reject" | "fail";
  /** The last column, which holds the key of the object that each row is from; absent is none. */
  readonly fileNameColumn?: string | undefined;
  /** How often the source is revalidated; undefined is never. */
  readonly refreshMs: number | undefined;
}

export interface SourceReference {
  /** As the YAML has it, for messages and for bucketgres.tables. */
  readonly text: string;
  readonly store: StoreName;
  /** A key, or a pattern with `*`, `**`, `?`, `[…]` and `{a,b}`. */
  readonly pattern: string;
  readonly isGlob: boolean;
  readonly versionId: string | undefined;
}

export interface ColumnDefinition {
  /** The name in SQL, when it is not to be derived from the header. */
  readonly name: string | undefined;
  /** A PostgreSQL type name such as `numeric(12,2)`, already checked. */
  readonly type: string | undefined;
  readonly description: string | undefined;
  readonly hidden: boolean;
}

export interface ForeignKey {
  readonly columns: readonly string[];
  readonly references: {
    readonly schema: string;
    readonly table: string;
    readonly columns: readonly string[];
  };
}

export interface ViewDefinition {
  readonly schema: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly sql: string;
}
