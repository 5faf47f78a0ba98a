import type { ColumnDefinition, TableDefinition } from "../catalog/catalog.ts";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import { columnNames, matchColumns } from "../core/sql-names.ts";

/** A column of the table to be, and where each file has it. */
export interface PlannedColumn {
  readonly header: string;
  /** In SQL. */
  readonly name: string;
  readonly definition: ColumnDefinition | undefined;
  /** By file: the place in its header; undefined where the file has no such column. */
  readonly places: readonly (number | undefined)[];
}

/**
 * The columns of all files together, matched by header and never by place; several of the same
 * header are matched in their order. Hidden columns are left out.
 */
export function planColumns(
  headersOfFiles: readonly (readonly string[])[],
  table: TableDefinition,
): PlannedColumn[] {
  const byKey = new Map<string, { header: string; places: (number | undefined)[] }>();
  headersOfFiles.forEach((headers, file) => {
    const seen = new Map<string, number>();
    headers.forEach((header, place) => {
      const nth = seen.get(header) ?? 0;
      seen.set(header, nth + 1);
      const key = JSON.stringify([header, nth]);
      const column = byKey.get(key) ?? { header, places: [] };
      column.places[file] = place;
      byKey.set(key, column);
    });
  });
  const columns = [...byKey.values()];
  const headers = columns.map((column) => column.header);
  if (headers.length > LIMITS.csv.columns) {
    throw new PgError(
      "too_many_columns",
      `the files have ${headers.length} columns together, but tables can have at most ${LIMITS.csv.columns} columns`,
    );
  }
  const keys = matchColumns(headers, table.columns.keys(), table.names);
  refuseUnknownColumns(table, headers, keys);
  const names = columnNames(headers, { names: table.names, mapping: table.columns });
  const planned = columns.map(({ header, places }, index): PlannedColumn => {
    const key = keys[index];
    const definition = key === undefined ? undefined : table.columns.get(key);
    return { header, name: names[index] ?? header, definition, places };
  });
  const visible = planned.filter((column) => column.definition?.hidden !== true);
  if (visible.length > 0) return visible;
  throw new PgError("invalid_table_definition", `all columns of table "${table.name}" are hidden`);
}

function refuseUnknownColumns(
  table: TableDefinition,
  headers: readonly string[],
  keys: readonly (string | undefined)[],
): void {
  const known = new Set(keys);
  const missing = [...table.columns.keys()].find((key) => !known.has(key));
  if (missing === undefined) return;
  const listed = headers.slice(0, 20).map((header) => `"${header}"`);
  throw new PgError("undefined_column", `the source has no column "${missing}"`, {
    hint: `Correct it under columns: of table "${table.name}". The header has ${listed.join(", ")}${headers.length > 20 ? " and more" : ""}.`,
  });
}
