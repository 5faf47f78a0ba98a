import type { TableDefinition } from "../catalog/catalog.ts";
import type { WorkspaceName } from "../core/brands.ts";
import type { Loader, LoadOutcome } from "../loader/loader.ts";
import type { Logger } from "../observe/logger.ts";
import type { TableState } from "./table-state.ts";

/** A table that clients see, with what is known of its data now. */
export interface ServedTable {
  readonly definition: TableDefinition;
  readonly state: TableState;
  /** When its source was last looked at. */
  readonly checkedAt: Date | undefined;
}

/** An entry of the catalog's tables while it runs: one table, or those that a workbook has. */
export interface LiveSource {
  readonly definition: TableDefinition;
  readonly tables: readonly ServedTable[];
  /**
   * Looks at the source and loads it if it has changed. Whoever asks meanwhile waits for the same
   * look. Failures become the tables' state.
   */
  revalidate(): Promise<void>;
  /** The same by a look that begins after this call. */
  refresh(): Promise<void>;
  /**
   * The files with these paths could not be read, or one that nobody can name: where they are served
   * they are checked, and built again if they are damaged.
   */
  suspect(paths: readonly string[] | undefined): Promise<void>;
  close(): void;
}

export interface LiveSourceOptions {
  readonly workspace: WorkspaceName;
  readonly definition: TableDefinition;
  readonly loader: Loader;
  readonly log: Logger;
  /** Hears of every look at the source; the time is that of a load. */
  readonly looked: (outcome: LoadOutcome["outcome"], loadMs: number | undefined) => void;
  /** Called after every look: other data or another state, or only the time of the look is new. */
  readonly changed: (what: "state" | "checked") => void;
}
