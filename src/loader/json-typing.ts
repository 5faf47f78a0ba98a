/**
 * Which types the columns of JSON get, and how their values are read. The kinds of all values are
 * known; only for numbers and dates something is left to be found out from what is written.
 */
import type { Connection } from "../duckdb/connection.ts";
import { declaredReading } from "../formats/csv-declared.ts";
import { type Reading, TEXT } from "../formats/csv-readings.ts";
import {
  type ColumnFacts,
  decideType,
  factsFrom,
  factsQuery,
  mergeFacts,
  NO_FACTS,
} from "../formats/csv-types.ts";
import { jsonColumn, jsonText } from "../formats/json.ts";
import { JSON_KIND } from "../formats/json-scan.ts";
import type { PlannedColumn } from "./csv-columns.ts";

/** A column, and the union of its values' JSON_KIND in all files. */
export interface JsonColumn {
  readonly plan: PlannedColumn;
  readonly kinds: number;
}

export interface JsonTyping {
  readonly duckdbType: string;
  /** SQL for the value of what is written in the column's field. */
  readonly value: (json: string) => string;
  /** Whether some values may not be of the type, so that they have to be looked at. */
  readonly mayMisfit: boolean;
  /** The end of a sentence about the column. */
  readonly warning?: string;
}

/** A file, as far as typing is concerned. */
export interface TypedFile {
  readonly relation: string;
}

const NUMBERS = JSON_KIND.integer | JSON_KIND.number;
const SCALARS = NUMBERS | JSON_KIND.boolean | JSON_KIND.string;
const DATED_TYPES: ReadonlySet<string> = new Set(["DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"]);
/** A guess at the types is made from so many rows of so many files, and then tested on all. */
const SAMPLE = { rows: 20_480, files: 20 };
const CHECKS_PER_STATEMENT = 100;

/** In the order of the columns. Declared types win. */
export async function jsonTypings(
  columns: readonly JsonColumn[],
  files: readonly TypedFile[],
  connection: Connection,
): Promise<JsonTyping[]> {
  const open = columns.filter(
    (column) => column.plan.definition?.type === undefined && isOpen(column),
  );
  const readings = await openReadings(open, files, connection);
  const typings: JsonTyping[] = [];
  for (const column of columns) {
    const declared = column.plan.definition?.type;
    const reading = readings.get(column);
    if (declared !== undefined) {
      typings.push(await declaredTyping(column, declared, files, connection));
    } else if (reading !== undefined) {
      typings.push(openTyping(reading, column.kinds));
    } else {
      typings.push(typingOfKinds(column.kinds));
    }
  }
  return typings;
}

async function declaredTyping(
  column: JsonColumn,
  declared: string,
  files: readonly TypedFile[],
  connection: Connection,
): Promise<JsonTyping> {
  if (declared === "json") return JSON_TYPING;
  const needsFacts = declared === "numeric";
  const facts = needsFacts ? await columnFacts(column, files, connection) : NO_FACTS;
  const reading = declaredReading(declared, facts, {});
  return { ...readTyping(reading, column.kinds), mayMisfit: reading !== TEXT };
}

const JSON_TYPING: JsonTyping = {
  duckdbType: "JSON",
  value: (json) => `CAST(${json} AS JSON)`,
  mayMisfit: false,
};

/** Whether the values say more than their kinds do. */
function isOpen({ kinds }: JsonColumn): boolean {
  const present = kinds & (SCALARS | JSON_KIND.nested);
  const areNumbers = (present & ~NUMBERS) === 0 && (present & JSON_KIND.number) !== 0;
  const mayBeDates = present === JSON_KIND.string && (kinds & JSON_KIND.notDated) === 0;
  return areNumbers || mayBeDates;
}

function typingOfKinds(kinds: number): JsonTyping {
  const scalars = kinds & SCALARS;
  if ((kinds & JSON_KIND.nested) !== 0) {
    const warning = "holds objects or arrays and also plain values: it is json";
    return scalars === 0 ? JSON_TYPING : { ...JSON_TYPING, warning };
  }
  if (scalars === JSON_KIND.boolean) {
    return { duckdbType: "BOOLEAN", value: (json) => `${json} = 'true'`, mayMisfit: false };
  }
  if (scalars === JSON_KIND.integer) {
    const value = (json: string): string => `CAST(${json} AS BIGINT)`;
    return { duckdbType: "BIGINT", value, mayMisfit: false };
  }
  const text = { ...readTyping(TEXT, kinds), mayMisfit: false };
  const isMixed = scalars !== JSON_KIND.string && scalars !== 0;
  return isMixed ? { ...text, warning: "holds values of several types: it is text" } : text;
}

/** Numbers have their type; of strings only dates and times have another than text. */
function openTyping(reading: Reading, kinds: number): JsonTyping {
  const areStrings = (kinds & JSON_KIND.string) !== 0;
  if (areStrings && !DATED_TYPES.has(reading.duckdbType)) return typingOfKinds(kinds);
  const typing = { ...readTyping(reading, kinds), mayMisfit: false };
  if (areStrings || reading !== TEXT) return typing;
  return { ...typing, warning: "is text: no type holds all its numbers exactly" };
}

function readTyping(reading: Reading, kinds: number): Pick<JsonTyping, "duckdbType" | "value"> {
  return {
    duckdbType: reading.duckdbType,
    value: (json) => reading.value(jsonText(json, kinds)),
  };
}

/** From a sample where all values keep to what it shows, else from all values. */
async function openReadings(
  columns: readonly JsonColumn[],
  files: readonly TypedFile[],
  connection: Connection,
): Promise<Map<JsonColumn, Reading>> {
  const readings = new Map<JsonColumn, Reading>();
  for (const column of columns) {
    const facts = await columnFacts(column, files, connection, SAMPLE);
    readings.set(column, decideType(facts, {}).reading);
  }
  for (const column of await misfitting(readings, files, connection)) {
    readings.set(column, decideType(await columnFacts(column, files, connection), {}).reading);
  }
  return readings;
}

/** The columns with values that the reading does not take; text takes all, and proves nothing. */
async function misfitting(
  readings: ReadonlyMap<JsonColumn, Reading>,
  files: readonly TypedFile[],
  connection: Connection,
): Promise<ReadonlySet<JsonColumn>> {
  const entries = [...readings];
  const found = new Set(entries.flatMap(([column, it]) => (it === TEXT ? [column] : [])));
  for (const [index, file] of files.entries()) {
    const checks = entries.flatMap(([column, reading]) => {
      const place = column.plan.places[index];
      if (place === undefined || found.has(column)) return [];
      const field = jsonColumn(place);
      const value = reading.value(jsonText(field, column.kinds));
      return [{ column, condition: `${field} IS NOT NULL AND ${value} IS NULL` }];
    });
    for (let start = 0; start < checks.length; start += CHECKS_PER_STATEMENT) {
      const batch = checks.slice(start, start + CHECKS_PER_STATEMENT);
      const counts = batch.map(({ condition }) => `count(*) FILTER (${condition})`);
      const [row = []] = await connection.rows(`SELECT ${counts.join(", ")} FROM ${file.relation}`);
      batch.forEach(({ column }, at) => {
        if (Number(row[at]) > 0) found.add(column);
      });
    }
  }
  return found;
}

async function columnFacts(
  { plan, kinds }: JsonColumn,
  files: readonly TypedFile[],
  connection: Connection,
  sample?: typeof SAMPLE,
): Promise<ColumnFacts> {
  let facts = NO_FACTS;
  let sampled = 0;
  for (const [index, file] of files.entries()) {
    const place = plan.places[index];
    if (place === undefined) continue;
    if (sample !== undefined && sampled === sample.files) break;
    sampled += 1;
    const field = jsonColumn(place);
    const limit = sample === undefined ? "" : ` LIMIT ${sample.rows}`;
    const texts = `(SELECT ${jsonText(field, kinds)} AS value FROM ${file.relation}${limit})`;
    const [row = []] = await connection.rows(factsQuery(texts, ["value"], {}));
    facts = mergeFacts(facts, factsFrom(row, 0));
  }
  return facts;
}
