/** The values of a CSV that their column's type does not hold: counted, listed, and named in an error. */
import { quoteLiteral } from "../core/identifier.ts";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { Connection } from "../duckdb/connection.ts";
import { csvColumn, LINE_COLUMN } from "../formats/csv.ts";
import type { PlannedColumn } from "./csv-columns.ts";
import type { CsvFile } from "./csv-file.ts";
import type { TypedColumn } from "./csv-typing.ts";
import { typeName } from "./csv-warnings.ts";

export interface BadValues {
  readonly column: number;
  readonly file: number;
}

export interface TypedFiles {
  readonly connection: Connection;
  readonly files: readonly CsvFile[];
  readonly columns: readonly PlannedColumn[];
  readonly types: readonly TypedColumn[];
}

/** Aggregates of one statement. */
const CHECKS_PER_STATEMENT = 100;

/** Which of these columns have such values, and in which files. */
export async function findBadValues(
  typed: TypedFiles,
  columns: readonly number[],
  readable: <T>(file: CsvFile, read: () => Promise<T>) => Promise<T>,
): Promise<BadValues[]> {
  const bad: BadValues[] = [];
  for (const [index, file] of typed.files.entries()) {
    const conditions = columns.flatMap((column) => {
      const condition = isBad(typed, { column, file: index });
      return condition === undefined ? [] : [{ column, condition }];
    });
    for (let start = 0; start < conditions.length; start += CHECKS_PER_STATEMENT) {
      const batch = conditions.slice(start, start + CHECKS_PER_STATEMENT);
      const checks = batch.map(({ condition }) => `bool_or(${condition})`);
      const [row = []] = await readable(file, () =>
        typed.connection.rows(`SELECT ${checks.join(", ")} FROM ${file.relation}`),
      );
      batch.forEach(({ column }, at) => {
        if (row[at] === true) bad.push({ column, file: index });
      });
    }
  }
  return bad;
}

/** SQL; undefined where any text will do. */
function isBad({ columns, types }: TypedFiles, { column, file }: BadValues): string | undefined {
  const place = columns[column]?.places[file];
  const reading = types[column]?.reading;
  if (place === undefined || reading === undefined) return undefined;
  const text = csvColumn(place);
  const value = reading.value(text);
  return value === text ? undefined : `${text} <> '' AND ${value} IS NULL`;
}

/** Lists them in `main.rejects`. The file is repaired, so that its rows know their lines. */
export async function rejectBadValues(typed: TypedFiles, bad: BadValues): Promise<void> {
  const source = typed.files[bad.file];
  const planned = typed.columns[bad.column];
  const condition = isBad(typed, bad);
  const place = planned?.places[bad.file];
  if (source === undefined || planned === undefined || place === undefined) return;
  const length = LIMITS.csv.rejectedValueCharacters;
  const reason = `does not fit type ${typeNameOf(typed, bad.column)}`;
  await typed.connection.run(
    `INSERT INTO main.rejects SELECT ${quoteLiteral(source.name)}, CAST(${LINE_COLUMN} AS BIGINT),
       ${quoteLiteral(planned.name)}, left(${csvColumn(place)}, ${length}), ${quoteLiteral(reason)}
     FROM ${source.relation} WHERE ${condition}`,
  );
}

/** The error that names the first of them, in files that are repaired. */
export async function firstBadValue(
  typed: TypedFiles,
  bad: readonly BadValues[],
): Promise<PgError> {
  const firstFile = Math.min(...bad.map(({ file }) => file));
  const source = typed.files[firstFile];
  let first = { line: Number.POSITIVE_INFINITY, value: "", column: 0 };
  for (const { column } of bad.filter(({ file }) => file === firstFile)) {
    const place = typed.columns[column]?.places[firstFile];
    if (source === undefined || place === undefined) continue;
    const line = `CAST(${LINE_COLUMN} AS BIGINT)`;
    const value = `left(${csvColumn(place)}, ${LIMITS.csv.messageValueCharacters})`;
    const [row] = await typed.connection.rows(
      `SELECT min(${line}), arg_min(${value}, ${line}) FROM ${source.relation} WHERE ${isBad(typed, { column, file: firstFile })}`,
    );
    const found = Number(row?.[0]);
    if (found < first.line) first = { line: found, value: String(row?.[1]), column };
  }
  const header = typed.columns[first.column]?.header;
  return new PgError(
    "invalid_text_representation",
    `invalid input syntax for type ${typeNameOf(typed, first.column)}: "${first.value}" (file "${source?.name}", line ${first.line}, column "${header}")`,
    { hint: "Correct the file or the column's type, or set on_bad_value: reject." },
  );
}

function typeNameOf({ columns, types }: TypedFiles, column: number): string {
  const declared = columns[column]?.definition?.type;
  return declared ?? typeName(types[column]?.reading.duckdbType ?? "");
}
