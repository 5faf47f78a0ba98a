/** Parquet files into `main.data`, with the types that they have. */
import { PgError } from "../core/pg-error.ts";
import { declaredReading } from "../formats/csv-declared.ts";
import { TEXT } from "../formats/csv-readings.ts";
import {
  type ColumnFacts,
  factsFrom,
  factsQuery,
  mergeFacts,
  NO_FACTS,
} from "../formats/csv-types.ts";
import {
  parquetColumn,
  parquetFile,
  parquetRelation,
  refuseBrokenParquet,
} from "../formats/parquet.ts";
import { type DuckDBType, duckdbTypeText } from "../pgtypes/duckdb-type.ts";
import { parseDuckdbType } from "../pgtypes/duckdb-type-text.ts";
import { pgTypeText } from "../pgtypes/duckdb-types.ts";
import { type PlannedColumn, planColumns } from "./csv-columns.ts";
import { type FilledColumn, type FilledFile, type FilledValue, fillTable } from "./fill-table.ts";
import type { Conversion, LoadContext, SourceFile } from "./load-context.ts";
import {
  commonType,
  exceedsDouble,
  isFloat,
  isNested,
  isNumber,
  storedType,
} from "./parquet-types.ts";

interface ParquetFile extends FilledFile {
  readonly headers: readonly string[];
  /** As the file has them. */
  readonly types: readonly DuckDBType[];
}

export async function convertParquet(
  sources: readonly SourceFile[],
  context: LoadContext,
): Promise<Conversion> {
  const files: ParquetFile[] = [];
  for (const source of sources) files.push(await openParquetFile(source, context));
  const headers = files.map((file) => file.headers);
  const columns = planColumns(headers, context.table);
  const warnings: string[] = [];
  const filled: FilledColumn[] = [];
  for (const plan of columns) {
    const typed =
      plan.definition?.type === undefined
        ? inferredColumn(plan, files)
        : await declaredColumn(plan, plan.definition.type, files, context);
    filled.push(typed.column);
    warnings.push(...typed.warnings.map((warning) => `column "${plan.name}" ${warning}`));
  }
  warnings.push(...(await lostDigits(columns, files, context)));
  return { columns: await fillTable(files, filled, context), warnings };
}

async function openParquetFile(
  source: SourceFile,
  { connection }: LoadContext,
): Promise<ParquetFile> {
  const { path, name } = source;
  await refuseBrokenParquet(path, name);
  const explain = (error: unknown): unknown => unreadable(name, error);
  try {
    const described = await connection.rows(`DESCRIBE SELECT * FROM ${parquetFile(path)}`);
    return {
      name,
      relation: parquetRelation(path, described.length),
      rowNumber: "row_number() OVER ()",
      explain,
      headers: described.map(([header]) => String(header)),
      types: described.map(([, type]) => parseDuckdbType(String(type)) ?? { id: "VARCHAR" }),
    };
  } catch (error) {
    throw explain(error);
  }
}

interface TypedColumn {
  readonly column: FilledColumn;
  /** Ends of sentences about the column. */
  readonly warnings: readonly string[];
}

function inferredColumn(plan: PlannedColumn, files: readonly ParquetFile[]): TypedColumn {
  const types = typesOf(plan, files);
  const stored = types.flatMap((type) => (type === undefined ? [] : [storedType(type)]));
  const [first = { id: "VARCHAR" }] = stored;
  const type = stored.reduce<DuckDBType>(commonType, first);
  const inFiles = types.map((from, index) => {
    const place = plan.places[index];
    if (from === undefined || place === undefined) return undefined;
    return inferredValue(parquetColumn(place), from, type);
  });
  const names = [...new Set(stored.map(pgTypeText))];
  const warnings =
    names.length > 1 ? [`is ${names.join(" and ")} in its files: it is ${pgTypeText(type)}`] : [];
  return { column: { plan, duckdbType: duckdbTypeText(type), inFiles }, warnings };
}

function inferredValue(source: string, from: DuckDBType, to: DuckDBType): FilledValue {
  if (from.id === "VARCHAR" && to.id === "VARCHAR") return textValue(source);
  if (duckdbTypeText(from) === duckdbTypeText(to)) return { value: source };
  if (to.id === "JSON") return { value: `to_json(${source})` };
  if (to.id === "VARCHAR") return { value: textOf(source, from) };
  if (to.id === "DOUBLE" && exceedsDouble(from)) {
    const condition = `abs(CAST(${source} AS HUGEINT)) > 9007199254740992`;
    return {
      value: `CASE WHEN NOT (${condition}) THEN CAST(${source} AS DOUBLE) END`,
      misfit: {
        condition,
        shown: textOf(source, from),
        reason: "is beyond 2^53, and other files hold the column as double precision",
      },
    };
  }
  return { value: `CAST(${source} AS ${duckdbTypeText(to)})` };
}

/** A text with a zero byte is none to PostgreSQL's clients. */
function textValue(source: string): FilledValue {
  const condition = `contains(${source}, chr(0))`;
  return {
    value: `CASE WHEN NOT ${condition} THEN ${source} END`,
    misfit: {
      condition,
      shown: `replace(${source}, chr(0), '\\0')`,
      reason: "holds a zero byte, which no text can hold",
    },
  };
}

/** By the same rules as text in a CSV, except where the file has the type already. */
async function declaredColumn(
  plan: PlannedColumn,
  declared: string,
  files: readonly ParquetFile[],
  context: LoadContext,
): Promise<TypedColumn> {
  const facts = declared === "numeric" ? await columnFacts(plan, files, context) : NO_FACTS;
  const reading = declaredReading(declared, facts, {});
  const target = parseDuckdbType(reading.duckdbType);
  const inFiles = typesOf(plan, files).map((from, index): FilledValue | undefined => {
    const place = plan.places[index];
    if (from === undefined || place === undefined) return undefined;
    const source = parquetColumn(place);
    const isThere =
      target !== undefined && duckdbTypeText(storedType(from)) === duckdbTypeText(target);
    // varchar(3) is stored as VARCHAR too, so that for text the reading says whether all fit.
    if (isThere && (target.id !== "VARCHAR" || reading === TEXT)) {
      return inferredValue(source, from, target);
    }
    if (reading.duckdbType === "JSON" && from.id !== "VARCHAR") {
      return { value: `to_json(${source})` };
    }
    const text = textOf(source, from);
    const value = reading.value(text);
    const condition = `${source} IS NOT NULL AND ${value} IS NULL`;
    return { value, misfit: { condition, shown: shownText(source, from) } };
  });
  return { column: { plan, duckdbType: reading.duckdbType, inFiles }, warnings: [] };
}

/** SQL for a value as text. Whole numbers have no zeros behind a point, so that integers can take them. */
function textOf(source: string, type: DuckDBType): string {
  if (type.id === "VARCHAR") return source;
  if (type.id === "BLOB") return `TRY(decode(${source}))`;
  if (isNested(type)) return `CAST(to_json(${source}) AS VARCHAR)`;
  const text = `CAST(${source} AS VARCHAR)`;
  const mayHavePoint = isFloat(type) || (isNumber(type) && type.id === "DECIMAL");
  return mayHavePoint ? `regexp_replace(${text}, '\\.0+$', '')` : text;
}

/** For rejects: what is no text is shown as PostgreSQL shows bytes. */
function shownText(source: string, type: DuckDBType): string {
  if (type.id === "BLOB") return `'\\x' || lower(hex(${source}))`;
  return `replace(${textOf(source, type)}, chr(0), '\\0')`;
}

async function columnFacts(
  plan: PlannedColumn,
  files: readonly ParquetFile[],
  { connection }: LoadContext,
): Promise<ColumnFacts> {
  let facts = NO_FACTS;
  const types = typesOf(plan, files);
  for (const [index, file] of files.entries()) {
    const place = plan.places[index];
    const type = types[index];
    if (place === undefined || type === undefined) continue;
    const texts = `(SELECT ${textOf(parquetColumn(place), type)} AS value FROM ${file.relation})`;
    const [row = []] = await connection.rows(factsQuery(texts, ["value"], {}));
    facts = mergeFacts(facts, factsFrom(row, 0));
  }
  return facts;
}

/** PostgreSQL's clock ticks in microseconds. */
async function lostDigits(
  columns: readonly PlannedColumn[],
  files: readonly ParquetFile[],
  { connection }: LoadContext,
): Promise<string[]> {
  const warnings: string[] = [];
  for (const plan of columns) {
    const types = typesOf(plan, files);
    for (const [index, file] of files.entries()) {
      const place = plan.places[index];
      if (place === undefined || types[index]?.id !== "TIMESTAMP_NS") continue;
      const sql = `SELECT count(*) FROM ${file.relation} WHERE epoch_ns(${parquetColumn(place)}) % 1000 <> 0`;
      const [row] = await connection.rows(sql);
      if (Number(row?.[0]) === 0) continue;
      warnings.push(`column "${plan.name}" has nanoseconds, of which a timestamp keeps none`);
      break;
    }
  }
  return warnings;
}

function typesOf(
  { places }: PlannedColumn,
  files: readonly ParquetFile[],
): (DuckDBType | undefined)[] {
  return files.map(({ types }, index) => {
    const place = places[index];
    return place === undefined ? undefined : types[place];
  });
}

/** Memory, disk and interrupts are not about the file; all else that DuckDB says of it is. */
function unreadable(file: string, error: unknown): unknown {
  if (!(error instanceof PgError) || /^(?:53|57)/.test(error.sqlstate)) return error;
  return new PgError("bad_copy_file_format", `file "${file}" cannot be read as Parquet`, {
    detail: error.message,
    hint: "Upload the object again; it is damaged, encrypted, or of a kind that is not supported.",
    cause: error,
  });
}
