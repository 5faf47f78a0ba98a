/** What `add` proposes for a source: the table's name, and what is written of it. */
import type { CachedColumn, CacheEntry } from "../cache/cache-entry.ts";
import type { SourceReference, TableDefinition, Workspace } from "../catalog/catalog.ts";
import { formatColumnType, parseColumnType } from "../catalog/column-type.ts";
import type { NewTable } from "../catalog/insert-table.ts";
import {
  formatRelationName,
  parseRelationName,
  type RelationName,
} from "../catalog/relation-name.ts";
import { formatNames, formatOfKey } from "../catalog/source-reference.ts";
import { PgError } from "../core/pg-error.ts";
import { normalizeName, truncateName } from "../core/sql-names.ts";
import { FORMATS, type FormatOptions } from "../formats/format.ts";
import { parseDuckdbType } from "../pgtypes/duckdb-type-text.ts";
import { pgTypeText } from "../pgtypes/duckdb-types.ts";
import { UsageError } from "./arguments.ts";

/** The format by the extension, with the sheet that the command line names. */
export function proposedOptions(source: SourceReference, sheet: string | undefined): FormatOptions {
  const format = formatOfKey(source.pattern);
  if (format === undefined) {
    throw new UsageError(
      `the extension of "${source.text}" tells no format`,
      `Write the table into the workspace's YAML with format: and one of ${formatNames().join(", ")}.`,
    );
  }
  if (format === "xlsx") return { format, xlsx: sheet === undefined ? {} : { sheet } };
  if (sheet !== undefined) {
    throw new UsageError(`a file of format ${format} has no sheets`, "Leave out --sheet.");
  }
  switch (format) {
    case "parquet":
      return { format };
    case "json":
    case "ndjson":
      return { format, json: {} };
    case "csv":
    case "tsv":
    case "txt":
      return { format, csv: {} };
  }
}

/** The table of the workspace that has this source already. */
export function tableOfSource(
  workspace: Workspace,
  source: SourceReference,
  options: FormatOptions,
): TableDefinition | undefined {
  return workspace.tables.find(
    (table) =>
      table.source.store === source.store &&
      table.source.pattern === source.pattern &&
      table.source.versionId === source.versionId &&
      sheetOf(table.options) === sheetOf(options),
  );
}

function sheetOf(options: FormatOptions): string | undefined {
  return options.format === "xlsx" && options.xlsx.sheet !== undefined
    ? String(options.xlsx.sheet)
    : undefined;
}

/** The name of the command line, which must be free; else one made of the file's, made free. */
export function proposedName(
  workspace: Workspace,
  source: SourceReference,
  given: { readonly name: string | undefined; readonly sheet: string | undefined },
): RelationName {
  const taken = new Map(
    [...workspace.tables, ...workspace.views].map((relation) => [
      formatRelationName(relation).toLowerCase(),
      formatRelationName(relation),
    ]),
  );
  if (given.name !== undefined) {
    const reading = parseRelationName(given.name);
    if (!reading.ok)
      throw new UsageError(reading.message, reading.hint ?? "Choose another --name.");
    const earlier = taken.get(formatRelationName(reading.relation).toLowerCase());
    if (earlier === undefined) return reading.relation;
    throw new PgError(
      "duplicate_table",
      `the workspace "${workspace.name}" has a table or view "${earlier}" already`,
      { hint: "Choose another --name." },
    );
  }
  const base = normalizeName([stemOf(source), given.sheet ?? ""].join(" ").trim()) || "data";
  for (let number = 1; ; number += 1) {
    const suffix = number === 1 ? "" : `_${number}`;
    const name = truncateName(base, suffix.length) + suffix;
    const relation = { schema: "public", name };
    if (!taken.has(name.toLowerCase()) && parseRelationName(name).ok) return relation;
  }
}

/** `orders` of `2024/orders-*.csv.gz`, and `sales` of `sales/*.csv`. */
function stemOf({ pattern }: SourceReference): string {
  const parts = pattern.replace(/\.(gz|zst)$/i, "").split("/");
  const last = parts.pop() ?? "";
  const extensions: readonly string[] = Object.values(FORMATS).flatMap((it) => [...it.extensions]);
  const extension = extensions.find((it) => last.toLowerCase().endsWith(it)) ?? "";
  const stems = [...parts, last.slice(0, last.length - extension.length)].map((part) =>
    part.replace(/[*?[\]{}\\].*$/, "").replace(/[-_. ]+$/, ""),
  );
  return stems.findLast((stem) => normalizeName(stem) !== "") ?? "";
}

/** The columns that a declared type can be written for, by what tells them apart in the file. */
export function proposedTable(
  source: SourceReference,
  options: FormatOptions,
  entry: CacheEntry,
): NewTable {
  const columns = new Map<string, { readonly type: string }>();
  for (const column of entry.columns) {
    const reading = parseColumnType(columnTypeOf(column));
    if (!reading.ok) continue;
    // The second column of a header, and one without any, go by their names in SQL.
    const isHeader = column.header.trim() !== "" && !columns.has(column.header);
    columns.set(isHeader ? column.header : column.name, { type: formatColumnType(reading.type) });
  }
  const sheet = sheetOf(options);
  return { source: source.text, ...(sheet === undefined ? {} : { xlsx: { sheet } }), columns };
}

/** In PostgreSQL's words. */
export function columnTypeOf({ duckdbType }: CachedColumn): string {
  const type = parseDuckdbType(duckdbType);
  return type === undefined ? "text" : pgTypeText(type);
}
