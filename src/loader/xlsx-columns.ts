/** How each column of a table comes out of the workbooks that have it. */
import { declaredReading } from "../formats/csv-declared.ts";
import type { Reading } from "../formats/csv-readings.ts";
import {
  type ColumnFacts,
  decideType,
  factsFrom,
  factsQuery,
  mergeFacts,
  NO_FACTS,
} from "../formats/csv-types.ts";
import {
  type CellKind,
  ColumnCensus,
  columnTitle,
  mixture,
  type SheetReader,
} from "../formats/xlsx.ts";
import type { PlannedColumn } from "./csv-columns.ts";
import type { LoadContext } from "./load-context.ts";
import { SLICE, stagedSlices } from "./xlsx-staging.ts";

/** A workbook's sheet, opened. */
export interface Sheet {
  /** The object's key. */
  readonly file: string;
  readonly reader: SheetReader;
}

export interface XlsxColumn extends PlannedColumn {
  /** What is staged of it. */
  readonly kind: CellKind;
  /** What makes values of the staged text; undefined where the values themselves are staged. */
  readonly reading: Reading | undefined;
}

/** Declared types whose values are those of a kind, and need no way over text. */
const DIRECT: ReadonlyMap<string, (census: ColumnCensus) => CellKind | undefined> = new Map([
  ["text", ({ kind }) => only(kind, "text")],
  ["bigint", ({ kind }) => only(kind, "bigint")],
  ["int8", ({ kind }) => only(kind, "bigint")],
  ["double precision", ({ fitsDouble }) => (fitsDouble ? "double" : undefined)],
  ["float8", ({ fitsDouble }) => (fitsDouble ? "double" : undefined)],
  ["boolean", ({ kind }) => only(kind, "boolean")],
  ["date", ({ kind }) => only(kind, "date")],
  ["time", ({ kind }) => only(kind, "time")],
  ["timestamp", ({ kind }) => (kind === "date" ? "timestamp" : only(kind, "timestamp"))],
]);

/** Declared types that depend on what the column holds. */
const DEPENDENT: ReadonlySet<string> = new Set(["numeric", "decimal", "dec", "date"]);

/**
 * The columns with their kinds, on which all workbooks agree. Texts that all look like values, as
 * many exports write their numbers, get the type that they would have in a CSV; they and declared
 * types are read as text, and looked at as a whole where that decides.
 */
export async function decideColumns(
  planned: readonly PlannedColumn[],
  sheets: readonly Sheet[],
  context: LoadContext,
): Promise<readonly XlsxColumn[]> {
  const kinds = planned.map((column) => directKind(column, sheets));
  const inDoubt = planned.flatMap((column, index) => {
    const type = declaredType(column);
    const isDecided = kinds[index] !== undefined || (type !== undefined && !DEPENDENT.has(type));
    return isDecided ? [] : [index];
  });
  const facts = await gatherFacts(planned, inDoubt, sheets, context);
  return planned.map((column, index): XlsxColumn => {
    const kind = kinds[index];
    if (kind !== undefined) return { ...column, kind, reading: undefined };
    const found = facts.get(index) ?? NO_FACTS;
    const declared = column.definition?.type;
    const reading =
      declared === undefined ? decideType(found, {}).reading : declaredReading(declared, found, {});
    return { ...column, kind: "text", reading };
  });
}

/** Sentences on columns that became text because their cells have no type in common. */
export function mixtureWarnings(
  columns: readonly XlsxColumn[],
  sheets: readonly Sheet[],
): readonly string[] {
  return columns.flatMap(({ header, places, definition, reading }) => {
    const isText = reading === undefined || reading.duckdbType === "VARCHAR";
    if (definition?.type !== undefined || !isText) return [];
    const found = sheets.flatMap(({ file, reader }, index) => {
      const column = reader.columns[places[index] ?? -1];
      if (column === undefined) return [];
      const { census, letters } = column;
      const where = sheets.length === 1 ? "" : ` of sheet "${reader.sheet.name}" in "${file}"`;
      return [{ census, letters, cellAt: (row: number) => `${letters}${row}${where}` }];
    });
    const mixed = mixture(found);
    return mixed === undefined ? [] : [`${columnTitle(header, found[0]?.letters ?? "")} ${mixed}`];
  });
}

function directKind(column: PlannedColumn, sheets: readonly Sheet[]): CellKind | undefined {
  const counted = column.places.flatMap((place, index) => {
    const census = sheets[index]?.reader.columns[place ?? -1]?.census;
    return census === undefined ? [] : [census];
  });
  const census = ColumnCensus.merged(counted);
  const declared = declaredType(column);
  if (declared !== undefined) return DIRECT.get(declared)?.(census);
  return census.mayBeTyped ? undefined : census.kind;
}

function declaredType({ definition }: PlannedColumn): string | undefined {
  return definition?.type?.trim().toLowerCase().replace(/\s+/g, " ");
}

async function gatherFacts(
  planned: readonly PlannedColumn[],
  inDoubt: readonly number[],
  sheets: readonly Sheet[],
  { connection, signal }: LoadContext,
): Promise<ReadonlyMap<number, ColumnFacts>> {
  const facts = new Map<number, ColumnFacts>();
  if (inDoubt.length === 0) return facts;
  for (const [file, { reader }] of sheets.entries()) {
    const staged = inDoubt.map((index) => ({
      name: `c${index}`,
      kind: "text" as const,
      place: planned[index]?.places[file],
    }));
    const slices = stagedSlices(reader, staged, () => Promise.resolve(connection), signal);
    for await (const _ of slices) {
      for (const index of inDoubt) {
        const [row = []] = await connection.rows(factsQuery(SLICE, [`c${index}`], {}));
        facts.set(index, mergeFacts(facts.get(index) ?? NO_FACTS, factsFrom(row, 0)));
      }
    }
  }
  return facts;
}

function only(kind: CellKind, wanted: CellKind): CellKind | undefined {
  return kind === wanted ? kind : undefined;
}
