/**
 * From columns whose types are decided to `main.data`, file by file, with what does not fit them in
 * `main.rejects`: the part of a conversion that does not depend on the format.
 */
import { quoteIdentifier, quoteLiteral } from "../core/identifier.ts";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import { parseDuckdbType } from "../pgtypes/duckdb-type-text.ts";
import { pgTypeText } from "../pgtypes/duckdb-types.ts";
import type { PlannedColumn } from "./csv-columns.ts";
import { fileNameColumn } from "./filename-column.ts";
import type { LoadContext, LoadedColumn } from "./load-context.ts";
import { makeRoomFor } from "./load-memory.ts";

export interface FilledFile {
  readonly name: string;
  /** What to select from. */
  readonly relation: string;
  /** SQL of a row's number in the file. */
  readonly rowNumber: string;
  /** What to say instead of an error of reading the file. */
  readonly explain?: (error: unknown) => unknown;
}

export interface FilledColumn {
  readonly plan: PlannedColumn;
  /** As DuckDB prints it. */
  readonly duckdbType: string;
  /** How each file has the column; undefined where a file does not have it. */
  readonly inFiles: readonly (FilledValue | undefined)[];
}

/** SQL over one file's relation. */
export interface FilledValue {
  readonly value: string;
  /** Which rows have a value that is not one of the type: they are NULL. Undefined where none can. */
  readonly misfit?: {
    readonly condition: string;
    /** The value as text. */
    readonly shown: string;
    /** For rejects, if it is not just that it does not fit the type. */
    readonly reason?: string;
  };
}

/** Aggregates of one statement: DuckDB plans many of them ever more slowly. */
const COUNTS_PER_STATEMENT = 100;

/** Returns the table's columns: those that are given, and the file's name where it is asked for. */
export async function fillTable(
  files: readonly FilledFile[],
  columns: readonly FilledColumn[],
  context: LoadContext,
): Promise<readonly LoadedColumn[]> {
  const { connection, signal, table } = context;
  const planned = columns.map(({ plan }) => plan);
  const fileName = fileNameColumn(table, planned);
  const definitions = columns.map(
    ({ plan, duckdbType }) => `${quoteIdentifier(plan.name)} ${duckdbType}`,
  );
  if (fileName !== undefined) definitions.push(fileName.definition);
  await makeRoomFor(columns.length, context);
  await connection.run(`CREATE TABLE main.data (${definitions.join(", ")})`);
  for (const [index, file] of files.entries()) {
    signal.throwIfAborted();
    await rejectMisfits(file, index, columns, context);
    const values = columns.map(({ inFiles }) => inFiles[index]?.value ?? "NULL");
    if (fileName !== undefined) values.push(fileName.value(file));
    const insert = `INSERT INTO main.data SELECT ${values.join(", ")} FROM ${file.relation}`;
    await connection.run(insert).catch((error: unknown) => {
      throw file.explain?.(error) ?? error;
    });
  }
  return fileName === undefined ? planned : [...planned, fileName.column];
}

interface Misfits {
  readonly column: FilledColumn;
  readonly misfit: NonNullable<FilledValue["misfit"]>;
}

async function rejectMisfits(
  file: FilledFile,
  index: number,
  columns: readonly FilledColumn[],
  { connection, table }: LoadContext,
): Promise<void> {
  const checked = columns.flatMap((column): Misfits[] => {
    const misfit = column.inFiles[index]?.misfit;
    return misfit === undefined ? [] : [{ column, misfit }];
  });
  const found: Misfits[] = [];
  for (let start = 0; start < checked.length; start += COUNTS_PER_STATEMENT) {
    const batch = checked.slice(start, start + COUNTS_PER_STATEMENT);
    const counts = batch.map(({ misfit }) => `count(*) FILTER (${misfit.condition})`);
    const count = `SELECT ${counts.join(", ")} FROM ${file.relation}`;
    const [row = []] = await connection.rows(count).catch((error: unknown) => {
      throw file.explain?.(error) ?? error;
    });
    found.push(...batch.filter((_misfits, at) => Number(row[at]) > 0));
  }
  if (found.length > 0 && table.onBadValue === "fail") {
    throw await firstMisfit(file, found, connection);
  }
  for (const { column, misfit } of found) {
    const reason = misfit.reason ?? `does not fit type ${typeName(column)}`;
    await connection.run(
      `INSERT INTO main.rejects
       SELECT ${quoteLiteral(file.name)}, number, ${quoteLiteral(column.plan.name)}, value, ${quoteLiteral(reason)}
       FROM (${misfitRows(file, misfit, LIMITS.csv.rejectedValueCharacters)})`,
    );
  }
}

/** The first of a file, by its row. */
async function firstMisfit(
  file: FilledFile,
  found: readonly Misfits[],
  connection: LoadContext["connection"],
): Promise<PgError> {
  let first = { number: Number.POSITIVE_INFINITY, message: "" };
  for (const { column, misfit } of found) {
    const rows = misfitRows(file, misfit, LIMITS.csv.messageValueCharacters);
    const [row = []] = await connection.rows(
      `SELECT number, value FROM (${rows}) ORDER BY number LIMIT 1`,
    );
    const [number, value] = row.map(String);
    if (Number(number) >= first.number) continue;
    const reason =
      misfit.reason === undefined
        ? `invalid input syntax for type ${typeName(column)}: "${value}"`
        : `bad value "${value}": ${misfit.reason}`;
    first = {
      number: Number(number),
      message: `${reason} (file "${file.name}", row ${number}, column "${column.plan.header}")`,
    };
  }
  return new PgError("invalid_text_representation", first.message, {
    hint: "Correct the file or the column's type, or set on_bad_value: reject.",
  });
}

/** The numbers are made before the rows are chosen, because they may count them. */
function misfitRows(
  file: FilledFile,
  { condition, shown }: Misfits["misfit"],
  characters: number,
): string {
  return `SELECT number, left(shown, ${characters}) AS value
    FROM (SELECT CAST(${file.rowNumber} AS BIGINT) AS number, ${shown} AS shown, ${condition} AS is_misfit FROM ${file.relation})
    WHERE is_misfit`;
}

/** In PostgreSQL's words. */
function typeName({ plan, duckdbType }: FilledColumn): string {
  const declared = plan.definition?.type;
  if (declared !== undefined) return declared;
  const type = parseDuckdbType(duckdbType);
  return type === undefined ? duckdbType : pgTypeText(type);
}
