/** Parquet files into `main.data`, with the types that they have. */
import { quoteLiteral } from "../core/identifier.ts";
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
  hasNanoseconds,
  holdsText,
  isFloat,
  isInteger,
  isNested,
  isNumber,
  microsecondType,
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
  warnings.push(...(await lostDigits(filled, files, context)));
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
  const type = commonType(stored);
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
  if (duckdbTypeText(from) === duckdbTypeText(to)) return textsInside(source, source, from);
  if (to.id === "JSON") return textsInside(`to_json(${source})`, source, from);
  if (to.id === "VARCHAR" && from.id === "BLOB") return bytesAsText(source, from);
  if (to.id === "VARCHAR") return { value: textOf(source, from, to) };
  if (to.id === "DOUBLE" && exceedsDouble(from)) {
    const condition = `abs(CAST(${source} AS HUGEINT)) > 9007199254740992`;
    return {
      value: `CASE WHEN NOT (${condition}) THEN CAST(${source} AS DOUBLE) END`,
      misfit: {
        condition,
        shown: shownText(source, from),
        reason: "is beyond 2^53, and other files hold the column as double precision",
      },
    };
  }
  return textsInside(`CAST(${source} AS ${duckdbTypeText(to)})`, source, from);
}

const ZERO_BYTE_REASON = "holds a zero byte, which no text can hold";

/** A text with a zero byte is none to PostgreSQL's clients. */
function textValue(source: string): FilledValue {
  return {
    value: withoutZeroByte(source),
    misfit: {
      condition: `contains(${source}, chr(0))`,
      shown: `replace(${source}, chr(0), '\\0')`,
      reason: ZERO_BYTE_REASON,
    },
  };
}

function withoutZeroByte(text: string): string {
  return `CASE WHEN NOT contains(${text}, chr(0)) THEN ${text} END`;
}

/** How JSON writes a zero byte; behind one more backslash it is a text of these six characters. */
const ZERO_BYTE_IN_JSON = String.raw`[^\\](?:\\\\)*\\u0000`;

/** A list, struct or map made of `source`, in whose texts a zero byte can no more be. */
function textsInside(value: string, source: string, from: DuckDBType): FilledValue {
  if (!holdsText(from)) return { value };
  const json = `CAST(to_json(${source}) AS VARCHAR)`;
  const condition = `regexp_matches(${json}, ${quoteLiteral(ZERO_BYTE_IN_JSON)})`;
  return {
    value: `CASE WHEN NOT ${condition} THEN ${value} END`,
    misfit: { condition, shown: json, reason: ZERO_BYTE_REASON },
  };
}

function bytesAsText(source: string, from: DuckDBType): FilledValue {
  const value = textOf(source, from, { id: "VARCHAR" });
  return {
    value,
    misfit: {
      condition: `${source} IS NOT NULL AND ${value} IS NULL`,
      shown: shownText(source, from),
      reason: "is no text in UTF-8, or holds a zero byte",
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
      return textsInside(`to_json(${source})`, source, from);
    }
    const text = textOf(source, from, target);
    const value = reading.value(text);
    const condition = `${source} IS NOT NULL AND ${value} IS NULL`;
    return { value, misfit: { condition, shown: shownText(source, from) } };
  });
  return { column: { plan, duckdbType: reading.duckdbType, inFiles }, warnings: [] };
}

/** SQL for a value as the text that is read as another type; NULL where no text can hold it. */
function textOf(source: string, from: DuckDBType, to: DuckDBType | undefined): string {
  if (from.id === "VARCHAR") return to?.id === "VARCHAR" ? withoutZeroByte(source) : source;
  if (from.id === "BLOB") return withoutZeroByte(`TRY(decode(${source}))`);
  const text = printed(source, from);
  return to !== undefined && mayDropZeros(from, to)
    ? `regexp_replace(${text}, '\\.0+$', '')`
    : text;
}

function printed(source: string, type: DuckDBType): string {
  return `CAST(${isNested(type) ? `to_json(${source})` : source} AS VARCHAR)`;
}

/**
 * Whether the zeros behind a whole number's point say nothing: those of a decimal are its scale, a
 * float always has one.
 */
function mayDropZeros(from: DuckDBType, to: DuckDBType): boolean {
  if (isInteger(to) || to.id === "BOOLEAN") return isFloat(from) || from.id === "DECIMAL";
  return isFloat(from) && isNumber(to);
}

/** For rejects: what is no text is shown as PostgreSQL shows bytes. */
function shownText(source: string, type: DuckDBType): string {
  if (type.id === "BLOB") return `'\\x' || lower(hex(${source}))`;
  return `replace(${printed(source, type)}, chr(0), '\\0')`;
}

/** Which one it becomes is what the facts are asked for. */
const NUMERIC: DuckDBType = { id: "DECIMAL", width: 38, scale: 0 };

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
    const text = textOf(parquetColumn(place), type, NUMERIC);
    const texts = `(SELECT ${text} AS value FROM ${file.relation})`;
    const [row = []] = await connection.rows(factsQuery(texts, ["value"], {}));
    facts = mergeFacts(facts, factsFrom(row, 0));
  }
  return facts;
}

/** Nanoseconds that become microseconds, in lists and structs too; text and json keep them. */
async function lostDigits(
  columns: readonly FilledColumn[],
  files: readonly ParquetFile[],
  { connection }: LoadContext,
): Promise<string[]> {
  const warnings: string[] = [];
  for (const { plan, duckdbType } of columns) {
    if (duckdbType === "VARCHAR" || duckdbType === "JSON") continue;
    const types = typesOf(plan, files);
    for (const [index, file] of files.entries()) {
      const place = plan.places[index];
      const type = types[index];
      if (place === undefined || type === undefined || !hasNanoseconds(type)) continue;
      const source = parquetColumn(place);
      const kept = `CAST(${source} AS ${duckdbTypeText(microsecondType(type))})`;
      const isCut = `CAST(${kept} AS ${duckdbTypeText(type)}) IS DISTINCT FROM ${source}`;
      const sql = `SELECT count(*) FROM ${file.relation} WHERE ${isCut}`;
      const [row] = await connection.rows(sql).catch((error: unknown) => {
        throw file.explain?.(error) ?? error;
      });
      if (Number(row?.[0]) === 0) continue;
      warnings.push(`column "${plan.name}" has nanoseconds, which are cut to microseconds`);
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
