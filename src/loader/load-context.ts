import type { TableDefinition } from "../catalog/catalog.ts";
import type { Connection } from "../duckdb/connection.ts";

/** What a conversion has to work with. */
export interface LoadContext {
  readonly table: TableDefinition;
  /** To the new `.duckdb` file, which holds `main.rejects` already. */
  readonly connection: Connection;
  /** One more, closed by whoever made the context; also interrupted when the signal aborts. */
  readonly connect: () => Promise<Connection>;
  /** For temporary files; removed by whoever made it. */
  readonly directory: string;
  /** What the load may take in all, at most. */
  readonly memoryBytes: number;
  readonly signal: AbortSignal;
}

/** One object, as a local file. */
export interface SourceFile {
  /** The object's key, for messages and rejects. */
  readonly name: string;
  readonly path: string;
}

/** A column of the finished `main.data`. */
export interface LoadedColumn {
  readonly name: string;
  readonly header: string;
}

export interface Conversion {
  readonly columns: readonly LoadedColumn[];
  readonly warnings: readonly string[];
}
