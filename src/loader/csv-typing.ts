/** Finds out the types of a CSV table's columns: from a sample, or from every row. */
import type { Connection } from "../duckdb/connection.ts";
import { csvColumn } from "../formats/csv.ts";
import { declaredReading } from "../formats/csv-declared.ts";
import type { Reading } from "../formats/csv-readings.ts";
import {
  type ColumnFacts,
  decideType,
  factsFrom,
  factsQuery,
  mergeFacts,
  NO_FACTS,
  placeFrom,
  provenMarks,
} from "../formats/csv-types.ts";
import type { CsvOptions } from "../formats/format.ts";
import type { PlannedColumn } from "./csv-columns.ts";
import type { CsvFile } from "./csv-file.ts";

const SAMPLE_ROWS = 8_192;
const SAMPLE_CELLS = 2_000_000;

/** What is known of a column's values, and the options by which they are read. */
export interface ColumnReading {
  readonly facts: ColumnFacts;
  /** The table's, and the marks that the column's numbers prove. */
  readonly options: CsvOptions;
}

export interface TypedColumn extends ColumnReading {
  readonly reading: Reading;
  /** The rows seen so far do not settle it. */
  readonly isOpen: boolean;
  /** The end of a sentence about the column. */
  readonly warning: string | undefined;
}

export function typeColumn(column: PlannedColumn, { facts, options }: ColumnReading): TypedColumn {
  const declared = column.definition?.type;
  if (declared === undefined) return { facts, options, ...decideType(facts, options) };
  const reading = declaredReading(declared, facts, options);
  return { facts, options, reading, isOpen: false, warning: undefined };
}

/** Told what each file's values of a column are by themselves. */
export type OnFacts = (file: CsvFile, column: PlannedColumn, reading: ColumnReading) => void;

export interface FactsRequest {
  readonly connection: Connection;
  readonly files: readonly CsvFile[];
  readonly columns: readonly PlannedColumn[];
  readonly options: CsvOptions;
  /** Reads a file again where it has to be repaired first. */
  readonly readable: <T>(file: CsvFile, read: () => Promise<T>) => Promise<T>;
  readonly onFacts: OnFacts;
}

/** The facts of all columns from the first rows of every file; and whether these are all their rows. */
export async function sampleFacts(
  request: FactsRequest,
): Promise<{ readonly readings: ColumnReading[]; readonly isWhole: boolean }> {
  const { connection } = request;
  let isWhole = true;
  const readings = await withMarks(request, async (columns, options, file, index) => {
    const limit = Math.max(1, Math.min(SAMPLE_ROWS, Math.floor(SAMPLE_CELLS / columns.length)));
    const sample = `(SELECT * FROM ${file.typedRelation} LIMIT ${limit})`;
    const { facts, rows } = await relationFacts(connection, sample, index, columns, options);
    isWhole &&= rows < limit;
    return facts;
  });
  return { readings, isWhole };
}

/** The facts of these columns from every row of every file. */
export async function wholeFacts(request: FactsRequest): Promise<ColumnReading[]> {
  const { connection } = request;
  return await withMarks(request, async (columns, options, file, index) => {
    const relation = file.typedRelation;
    return (await relationFacts(connection, relation, index, columns, options)).facts;
  });
}

type FactsOfFile = (
  columns: readonly PlannedColumn[],
  options: CsvOptions,
  file: CsvFile,
  index: number,
) => Promise<ColumnFacts[]>;

/** Columns whose numbers prove their marks are looked at again, by these. */
async function withMarks(request: FactsRequest, read: FactsOfFile): Promise<ColumnReading[]> {
  const { columns, options } = request;
  const facts = await factsOfFiles(request, columns, options, read);
  const readings = facts.map((it): ColumnReading => ({ facts: it, options }));
  const mayBeLists = request.files.some(({ layout }) => layout.dialect.delimiter === ",");
  for (const decimal of [",", "."] as const) {
    const chosen = facts.flatMap((it, column) => {
      const marks = provenMarks(it, mayBeLists);
      return marks?.decimal === decimal ? [{ column, marked: { ...options, ...marks } }] : [];
    });
    const [first] = chosen;
    if (first === undefined) continue;
    const subset = chosen.flatMap(({ column }) => columns[column] ?? []);
    const again = await factsOfFiles(request, subset, first.marked, read);
    chosen.forEach(({ column, marked }, index) => {
      readings[column] = { facts: again[index] ?? NO_FACTS, options: marked };
    });
  }
  return readings;
}

async function factsOfFiles(
  { files, readable, onFacts }: FactsRequest,
  columns: readonly PlannedColumn[],
  options: CsvOptions,
  read: FactsOfFile,
): Promise<ColumnFacts[]> {
  let all: ColumnFacts[] = columns.map(() => NO_FACTS);
  for (const [index, file] of files.entries()) {
    const own = await readable(file, () => read(columns, options, file, index));
    all = all.map((it, column) => mergeFacts(it, own[column] ?? NO_FACTS));
    columns.forEach((column, at) => {
      onFacts(file, column, { facts: own[at] ?? NO_FACTS, options });
    });
  }
  return all;
}

async function relationFacts(
  connection: Connection,
  relation: string,
  fileIndex: number,
  columns: readonly PlannedColumn[],
  options: CsvOptions,
): Promise<{ readonly facts: ColumnFacts[]; readonly rows: number }> {
  const facts = columns.map(() => NO_FACTS);
  const present = columns.flatMap(({ places }, column) => {
    const place = places[fileIndex];
    return place === undefined ? [] : [{ column, sql: csvColumn(place) }];
  });
  if (present.length === 0) return { facts, rows: 0 };
  const names = present.map(({ sql }) => sql);
  let rows = 0;
  for (const row of await connection.rows(factsQuery(relation, names, options))) {
    const found = placeFrom(row);
    rows = found.rows;
    const column = present[found.place]?.column;
    if (column !== undefined) facts[column] = factsFrom(row, 0);
  }
  return { facts, rows };
}
