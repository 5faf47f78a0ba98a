/** JSON files into `main.data`: one row per object, one column per key. */
import { join } from "node:path";
import { assert } from "../core/assert.ts";
import { quoteLiteral } from "../core/identifier.ts";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import { parseSize } from "../core/units.ts";
import type { FormatOptions } from "../formats/format.ts";
import {
  type BadJson,
  JSON_NUMBER_COLUMN,
  type JsonTranscript,
  jsonColumn,
  jsonRelation,
  jsonText,
  transcribeJson,
} from "../formats/json.ts";
import { decodeText } from "../formats/text-decode.ts";
import { type PlannedColumn, planColumns } from "./csv-columns.ts";
import { type FilledColumn, type FilledFile, type FilledValue, fillTable } from "./fill-table.ts";
import { type JsonColumn, type JsonTyping, jsonTypings } from "./json-typing.ts";
import type { Conversion, LoadContext, SourceFile } from "./load-context.ts";

/** The part of a table's options that describes JSON. */
export type JsonFormat = Extract<FormatOptions, { readonly json: unknown }>;

interface JsonFile extends FilledFile {
  readonly transcript: JsonTranscript;
}

export async function convertJson(
  sources: readonly SourceFile[],
  format: JsonFormat,
  context: LoadContext,
): Promise<Conversion> {
  const { connection, table } = context;
  await connection.run(BAD_TABLE);
  const files: JsonFile[] = [];
  const warnings: string[] = [];
  for (const [index, source] of sources.entries()) {
    const file = await openJsonFile(source, index, format, context);
    if (file.transcript.headers.length > 0) files.push(file);
    else if (sources.length === 1) throw noRecords(source.name);
    else warnings.push(`file "${source.name}" holds no records`);
  }
  if (files.length === 0) throw noRecords(table.source.text);
  const headers = files.map((file) => file.transcript.headers);
  const columns = planColumns(headers, table);
  const typed = columns.map((plan) => ({ plan, kinds: kindsOf(plan, files) }));
  const typings = await jsonTypings(typed, files, connection);
  const filled = typed.map((column, index) => filledColumn(column, typings[index]));
  typings.forEach(({ warning }, index) => {
    if (warning !== undefined) warnings.push(`column "${columns[index]?.name}" ${warning}`);
  });
  await listBadValues(files, columns, context);
  return { columns: await fillTable(files, filled, context), warnings };
}

function filledColumn({ plan, kinds }: JsonColumn, typing: JsonTyping | undefined): FilledColumn {
  assert(typing !== undefined, "every column has its type");
  const { duckdbType, mayMisfit } = typing;
  const inFiles = plan.places.map((place): FilledValue | undefined => {
    if (place === undefined) return undefined;
    const field = jsonColumn(place);
    const value = typing.value(field);
    if (!mayMisfit) return { value };
    const condition = `${field} IS NOT NULL AND ${value} IS NULL`;
    return { value, misfit: { condition, shown: jsonText(field, kinds) } };
  });
  return { plan, duckdbType, inFiles };
}

async function openJsonFile(
  source: SourceFile,
  index: number,
  { format, json }: JsonFormat,
  context: LoadContext,
): Promise<JsonFile> {
  const { connection, directory, signal, table } = context;
  const recordBytes = recordBytesOf(json.max_record_size);
  const text = await decodeText(source.path, {
    file: source.name,
    kind: "json",
    target: join(directory, `${index}.text`),
    compression: json.compression,
    encoding: undefined,
    signal,
  });
  const target = join(directory, `${index}.fields`);
  let firstBad: BadJson | undefined;
  const transcript = await transcribeJson({
    text,
    file: source.name,
    layout: format === "ndjson" ? "lines" : "values",
    recordBytes,
    target,
    badCharacters: LIMITS.csv.rejectedValueCharacters,
    signal,
    onBad: async (bad) => {
      firstBad ??= bad[0];
      if (table.onBadValue === "fail" && firstBad !== undefined) {
        throw badRecord(source.name, firstBad, format);
      }
      await appendBad(connection, source.name, bad);
    },
  });
  if (transcript.recordCount === 0 && firstBad !== undefined) {
    throw badRecord(source.name, firstBad, format);
  }
  return {
    name: source.name,
    relation: jsonRelation(target, transcript),
    rowNumber: JSON_NUMBER_COLUMN,
    transcript,
  };
}

/** What could not be in the table, before the columns' names are known. */
const BAD_TABLE =
  "CREATE TEMP TABLE bad_json (file VARCHAR, number BIGINT, place INTEGER, value VARCHAR, reason VARCHAR)";

async function appendBad(
  connection: LoadContext["connection"],
  file: string,
  bad: readonly BadJson[],
): Promise<void> {
  const appender = await connection.appender("bad_json");
  try {
    appender.append(
      [
        bad.map(() => file),
        bad.map(({ number }) => BigInt(number)),
        bad.map(({ place }) => place ?? null),
        bad.map(({ value }) => value),
        bad.map(({ reason }) => reason),
      ],
      bad.length,
    );
  } finally {
    appender.close();
  }
}

/** Values of hidden columns are left out. */
async function listBadValues(
  files: readonly JsonFile[],
  columns: readonly PlannedColumn[],
  { connection }: LoadContext,
): Promise<void> {
  const affected = await connection.rows("SELECT DISTINCT file, place FROM bad_json");
  for (const [file, place] of affected) {
    const index = files.findIndex(({ name }) => name === file);
    const column = columns.find(({ places }) => place !== null && places[index] === place);
    if (place !== null && column === undefined) continue;
    const name = column === undefined ? "NULL" : quoteLiteral(column.name);
    await connection.run(
      `INSERT INTO main.rejects SELECT file, number, ${name}, value, reason FROM bad_json
       WHERE file = ${quoteLiteral(String(file))} AND place IS NOT DISTINCT FROM ${place === null ? "NULL" : Number(place)}`,
    );
  }
  await connection.run("DROP TABLE bad_json");
}

/** In all files together. */
function kindsOf({ places }: PlannedColumn, files: readonly JsonFile[]): number {
  return places.reduce<number>((kinds, place, index) => {
    const more = place === undefined ? undefined : files[index]?.transcript.kinds[place];
    return kinds | (more ?? 0);
  }, 0);
}

function recordBytesOf(setting: string | undefined): number {
  if (setting === undefined) return LIMITS.json.recordBytes;
  const size = parseSize(setting);
  if (!size.ok) {
    throw new PgError("invalid_parameter_value", `invalid max_record_size "${setting}"`, {
      hint: `Expected ${size.expected}.`,
    });
  }
  return Math.min(size.value, LIMITS.json.recordBytesMax);
}

function badRecord(file: string, bad: BadJson, format: JsonFormat["format"]): PgError {
  const place = format === "ndjson" ? "line" : "record";
  const value = bad.value.slice(0, LIMITS.csv.messageValueCharacters);
  return new PgError(
    "bad_copy_file_format",
    `bad value in ${place} ${bad.number} of file "${file}": ${bad.reason}: ${value}`,
    { hint: "Correct the file, or set on_bad_value: reject." },
  );
}

function noRecords(file: string): PgError {
  return new PgError("bad_copy_file_format", `file "${file}" holds no records`, {
    hint: "A table is an array of objects, or objects one after another, each of them one row.",
  });
}
