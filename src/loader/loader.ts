import type { CacheEntry, SourceVersion } from "../cache/cache-entry.ts";
import type { TableDefinition } from "../catalog/catalog.ts";
import type { WorkspaceName } from "../core/brands.ts";
import type { PgErrorFields } from "../core/pg-error.ts";

/** Brings sources into the cache. Lives in a process of its own, behind this interface. */
export interface Loader {
  /**
   * Looks at the table's source and, where it is not `known` already, downloads and converts it.
   * Expected failures are outcomes. Rejects only when `signal` aborts (with its reason) or the
   * loader process died (crash_shutdown); it is then started again for the next call.
   */
  load(request: LoadRequest, options: { readonly signal: AbortSignal }): Promise<LoadOutcome>;
  /** Looks at a workbook's source and, where it is not `known` already, lists its sheets. As `load`. */
  listSheets(
    request: LoadRequest,
    options: { readonly signal: AbortSignal },
  ): Promise<SheetsOutcome>;
  close(): Promise<void>;
}

export interface LoadRequest {
  readonly workspace: WorkspaceName;
  readonly table: TableDefinition;
  /** The version that is served now. */
  readonly known: SourceVersion | undefined;
  /** The path of the served entry, where it could not be read: checked, and built again if damaged. */
  readonly suspected?: string | undefined;
}

export type SheetsOutcome =
  | { readonly outcome: "unchanged" }
  | {
      readonly outcome: "listed";
      readonly source: SourceVersion;
      /** Those that are not hidden, in the order of their tabs. */
      readonly sheets: readonly string[];
    }
  | { readonly outcome: "failed"; readonly error: PgErrorFields };

export type LoadOutcome =
  | { readonly outcome: "unchanged" }
  | { readonly outcome: "loaded"; readonly entry: CacheEntry }
  /** The source is missing, unreadable or broken: what the user is to hear, with the cure as hint. */
  | {
      readonly outcome: "failed";
      readonly error: PgErrorFields;
      /** Where no version is served yet: the last one that the cache holds, to be served as stale. */
      readonly lastGood?: CacheEntry | undefined;
    };
