import type { CacheEntry } from "../cache/cache-entry.ts";
import type { TableDefinition } from "../catalog/catalog.ts";
import type { PgErrorFields } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import type { EngineTable, TableStateValue } from "../engine/engine.ts";

/** What is known of a table's data now. */
export type TableState =
  | { readonly name: "loading" }
  | {
      readonly name: "ready";
      readonly entry: CacheEntry;
      /** How its columns differ from those of the version before. */
      readonly columnsChanged?: string;
    }
  /** The last good version is served; the newest could not be read. */
  | { readonly name: "stale"; readonly entry: CacheEntry; readonly error: PgErrorFields }
  | { readonly name: "failed"; readonly error: PgErrorFields };

export function entryOf(state: TableState): CacheEntry | undefined {
  return "entry" in state ? state.entry : undefined;
}

/** The table as the engine is told of it. */
export function engineTable({ schema, name }: TableDefinition, state: TableState): EngineTable {
  const entry = entryOf(state);
  if (entry === undefined)
    return { schema, name, state: "unavailable", error: reasonOf(name, state) };
  return {
    schema,
    name,
    state: "ready",
    path: entry.path,
    columns: entry.columns.map((column) => column.name),
    rejectedCount: entry.rejectedCount,
  };
}

/** The table's row in bucketgres.tables. */
export function stateRow(
  { schema, name, source, options }: TableDefinition,
  state: TableState,
  checkedAt: Date | undefined,
): readonly TableStateValue[] {
  const entry = entryOf(state);
  const error = "error" in state ? state.error : undefined;
  const changes = "columnsChanged" in state ? [state.columnsChanged] : [];
  const warnings = [...changes, ...(entry?.warnings ?? [])].join("; ");
  return [
    schema === "public" ? name : `${schema}.${name}`,
    source.text,
    options.format,
    state.name,
    entry?.rowCount,
    entry?.rejectedCount,
    entry?.source.bytes,
    entry?.source.etag,
    entry?.source.versionId,
    entry?.source.lastModified,
    entry?.loadedAt,
    entry?.loadMs,
    checkedAt,
    error?.message,
    error === undefined ? warnings || undefined : error.hint,
  ];
}

/** What a query of a table without data is answered with. */
function reasonOf(name: string, state: TableState): PgErrorFields {
  if (state.name === "failed") {
    return {
      sqlstate: SQLSTATE.object_not_in_prerequisite_state,
      message: `table "${name}" has no data: ${state.error.message}`,
      detail: state.error.detail,
      hint: state.error.hint ?? "See: SELECT * FROM bucketgres.tables.",
    };
  }
  return {
    sqlstate: SQLSTATE.object_not_in_prerequisite_state,
    message: `table "${name}" is being loaded for the first time`,
    hint: "Try again in a moment; its state is in bucketgres.tables.",
  };
}
