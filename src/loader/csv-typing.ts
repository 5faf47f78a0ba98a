/** Finds out the types of a CSV table's columns: from a sample, or from every row. */
import type { Connection } from "../duckdb/connection.ts";
import { csvColumn } from "../formats/csv.ts";
import { declaredReading } from "../formats/csv-declared.ts";
import type { Reading } from "../formats/csv-readings.ts";
import {
  type ColumnFacts,
  decideType,
  FACTS_PER_COLUMN,
  factsFrom,
  factsQuery,
  mergeFacts,
  NO_FACTS,
} from "../formats/csv-types.ts";
import type { CsvOptions } from "../formats/format.ts";
import type { PlannedColumn } from "./csv-columns.ts";
import type { CsvFile } from "./csv-file.ts";

/** Planning a statement grows faster than its aggregates do. */
const AGGREGATES_PER_STATEMENT = 120;
const COLUMNS_PER_STATEMENT = Math.floor(AGGREGATES_PER_STATEMENT / FACTS_PER_COLUMN);
const SAMPLE_ROWS = 8_192;
const SAMPLE_CELLS = 4_000_000;

export interface TypedColumn {
  readonly facts: ColumnFacts;
  readonly reading: Reading;
  /** The rows seen so far do not settle it. */
  readonly isOpen: boolean;
  /** The end of a sentence about the column. */
  readonly warning: string | undefined;
}

export function typeColumn(
  column: PlannedColumn,
  facts: ColumnFacts,
  options: CsvOptions,
): TypedColumn {
  const declared = column.definition?.type;
  if (declared === undefined) return { facts, ...decideType(facts, options) };
  const reading = declaredReading(declared, facts, options);
  return { facts, reading, isOpen: false, warning: undefined };
}

/** The facts of all columns from the first rows of one file; and whether these are all its rows. */
export async function sampleFacts(
  connection: Connection,
  file: CsvFile,
  fileIndex: number,
  columns: readonly PlannedColumn[],
  options: CsvOptions,
): Promise<{ readonly facts: ColumnFacts[]; readonly isWhole: boolean }> {
  const limit = Math.max(1, Math.min(SAMPLE_ROWS, Math.floor(SAMPLE_CELLS / columns.length)));
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE sample AS SELECT * FROM ${file.typedRelation} LIMIT ${limit}`,
  );
  const facts = await relationFacts(connection, "sample", fileIndex, columns, options);
  const [row] = await connection.rows("SELECT count(*) FROM sample");
  await connection.run("DROP TABLE sample");
  return { facts, isWhole: Number(row?.[0] ?? 0) < limit };
}

/** The facts of these columns from every row of every file. */
export async function wholeFacts(
  connection: Connection,
  files: readonly CsvFile[],
  columns: readonly PlannedColumn[],
  options: CsvOptions,
): Promise<ColumnFacts[]> {
  let facts = columns.map(() => NO_FACTS);
  for (const [index, file] of files.entries()) {
    const more = await relationFacts(connection, file.typedRelation, index, columns, options);
    facts = facts.map((it, column) => mergeFacts(it, more[column] ?? NO_FACTS));
  }
  return facts;
}

async function relationFacts(
  connection: Connection,
  relation: string,
  fileIndex: number,
  columns: readonly PlannedColumn[],
  options: CsvOptions,
): Promise<ColumnFacts[]> {
  const facts = columns.map(() => NO_FACTS);
  const present = columns.flatMap(({ places }, column) => {
    const place = places[fileIndex];
    return place === undefined ? [] : [{ column, sql: csvColumn(place) }];
  });
  for (let start = 0; start < present.length; start += COLUMNS_PER_STATEMENT) {
    const batch = present.slice(start, start + COLUMNS_PER_STATEMENT);
    const names = batch.map(({ sql }) => sql);
    const [row = []] = await connection.rows(factsQuery(relation, names, options));
    batch.forEach(({ column }, index) => {
      facts[column] = factsFrom(row, index);
    });
  }
  return facts;
}
