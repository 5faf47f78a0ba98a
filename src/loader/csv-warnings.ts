/** Sentences for bucketgres.tables on what is strange in the files of a table, and was kept. */
import { decideType, hasValues, isMixed } from "../formats/csv-types.ts";
import { parseDuckdbType } from "../pgtypes/duckdb-type-text.ts";
import { pgTypeText } from "../pgtypes/duckdb-types.ts";
import type { PlannedColumn } from "./csv-columns.ts";
import type { CsvFile } from "./csv-file.ts";
import type { ColumnReading, OnFacts, TypedColumn } from "./csv-typing.ts";

/** How many files or columns one sentence names, before it counts. */
const NAMED = 3;
/** How many sentences of one kind there are. */
const SENTENCES = 10;
/** As many columns as PostgreSQL's tables have, and its clients expect. */
const USUAL_COLUMNS = 1_600;

/** In PostgreSQL's words. */
export function typeName(duckdbType: string): string {
  const type = parseDuckdbType(duckdbType);
  return type === undefined ? duckdbType : pgTypeText(type);
}

/** Which columns some files lack, and which only some have. */
export function columnWarnings(
  files: readonly CsvFile[],
  columns: readonly PlannedColumn[],
): string[] {
  const lacking = new Map<number, string[]>();
  const own = new Map<number, string[]>();
  for (const { header, places } of columns) {
    const holders = files.flatMap((_file, index) => (places[index] === undefined ? [] : [index]));
    if (holders.length === files.length) continue;
    const isUsual = holders.length * 2 > files.length;
    const strange = isUsual
      ? files.flatMap((_file, index) => (places[index] === undefined ? [index] : []))
      : holders;
    const found = isUsual ? lacking : own;
    for (const index of strange) found.set(index, [...(found.get(index) ?? []), header]);
  }
  return [
    ...sentences(files, lacking, "lacks columns that most files have, which are NULL there:"),
    ...sentences(files, own, "has columns that most files lack:"),
    ...(columns.length > USUAL_COLUMNS
      ? [
          `the table has ${columns.length} columns: PostgreSQL's clients see the first ${USUAL_COLUMNS}, and take at most 1664 in one result`,
        ]
      : []),
  ];
}

function sentences(
  files: readonly CsvFile[],
  found: ReadonlyMap<number, readonly string[]>,
  what: string,
): string[] {
  const shown = [...found]
    .toSorted(([a], [b]) => a - b)
    .slice(0, NAMED)
    .map(([file, headers]) => `file "${files[file]?.name}" ${what} ${listed(headers)}`);
  const more = found.size - shown.length;
  return more > 0 ? [...shown, `${more} more such ${more === 1 ? "file" : "files"}`] : shown;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMED).map((name) => `"${name}"`);
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}

/** Where the last row of a file is one of totals. */
export async function totalWarnings(
  files: readonly CsvFile[],
  columns: readonly PlannedColumn[],
  types: readonly TypedColumn[],
): Promise<string[]> {
  const warnings: string[] = [];
  for (const [index, file] of files.entries()) {
    if (warnings.length === NAMED) break;
    const total = file.layout.skipFooter > 0 ? undefined : await file.totalRow();
    if (total === undefined) continue;
    const column = columns.findIndex(({ places }) => places[index] === 0);
    const type = types[column];
    const isToBlame = type?.reading.duckdbType === "VARCHAR" && isMixed(type.facts);
    const blame = isToBlame ? `, and makes column "${columns[column]?.name}" text` : "";
    warnings.push(
      `line ${total.line} of file "${file.name}" begins with "${total.text}" and is kept as a row${blame}: if it is no row, set csv: { skip_footer: 1 }`,
    );
  }
  return warnings;
}

/** What types the files by themselves would give to a column. */
export class TypesByFile {
  readonly #types = new Map<PlannedColumn, Map<string, string>>();

  readonly note: OnFacts = (file: CsvFile, column: PlannedColumn, reading: ColumnReading) => {
    if (column.definition?.type !== undefined || !hasValues(reading.facts)) return;
    const types = this.#types.get(column) ?? new Map<string, string>();
    types.set(file.name, decideType(reading.facts, reading.options).reading.duckdbType);
    this.#types.set(column, types);
  };

  /** For the columns whose files do not agree. */
  warnings(columns: readonly PlannedColumn[], types: readonly TypedColumn[]): string[] {
    const found = columns.flatMap((column, index) => {
      const byType = groups(this.#types.get(column) ?? new Map());
      const type = types[index]?.reading.duckdbType;
      if (byType.size < 2 || type === undefined) return [];
      const parts = [...byType].map(([own, files]) => `${typeName(own)} in ${listed(files)}`);
      return [
        `column "${column.name}" is ${typeName(type)}, because its files differ: ${parts.join("; ")}`,
      ];
    });
    const more = found.length - SENTENCES;
    return more > 0
      ? [...found.slice(0, SENTENCES), `the files differ in the types of ${more} more columns`]
      : found;
  }
}

function groups(types: ReadonlyMap<string, string>): Map<string, string[]> {
  const byType = new Map<string, string[]>();
  for (const [file, type] of types) byType.set(type, [...(byType.get(type) ?? []), file]);
  return byType;
}
