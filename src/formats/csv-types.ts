/**
 * Which type a column of a CSV gets: one that every value of the whole file fits and comes back
 * from unchanged. The rules, and why they are so, are in docs/decisions/0006-csv-typing.md.
 */
import { quoteLiteral } from "../core/identifier.ts";
import {
  bigintReading,
  booleanReading,
  DATE,
  dayMonthReading,
  decimalReading,
  doubleReading,
  formatReading,
  padded,
  type Reading,
  survivesDouble,
  TEXT,
  TIME,
  TIMESTAMP,
  TIMESTAMPTZ,
} from "./csv-readings.ts";
import {
  DATE_MARKS,
  DATE_SHAPE,
  dayMonthFormat,
  dayMonthShape,
  matches,
  numberMarks,
  numberShapes,
  plainNumber,
  TIME_SHAPE,
  TIMESTAMP_SHAPE,
  TIMESTAMPTZ_SHAPE,
} from "./csv-shapes.ts";
import type { CsvOptions } from "./format.ts";

/** What a value looks like. Every value has one kind; a column has the union of its values'. */
const KIND = {
  text: 1,
  /** A quoted empty field, which is no NULL. */
  empty: 2,
  bigint: 4,
  /** Whole, beyond 64 bits. */
  long: 8,
  fraction: 16,
  scientific: 32,
  boolean: 64,
  date: 128,
  timestamp: 256,
  timestamptz: 512,
  time: 1024,
  /** 31/01/2024, 31.01.2024 and 31-01-2024, in either order. */
  "/": 2048,
  ".": 4096,
  "-": 8192,
  /** A number with leading zeros or a plus sign, which only a declared type takes for one. */
  loose: 1 << 14,
  /** A number with marks that no option names: 1.234,56 or 1,234.56 or 1,234 or 0,5. */
  marked: 1 << 15,
  /** Besides the kind: a number that a double would change. */
  exact: 1 << 16,
  /** Besides the kind: blanks around the value. */
  padded: 1 << 17,
  /** Besides the kind: not a word of the options `true` and `false`. */
  noWord: 1 << 18,
  /** Besides the kind: not in the option `date_format`. */
  noDateFormat: 1 << 19,
  /** Besides the kind: not in the option `timestamp_format`. */
  noTimestampFormat: 1 << 20,
  /** Besides the kind: no number where the comma is the decimal mark, and where the point is. */
  noComma: 1 << 21,
  noPoint: 1 << 22,
  /** Besides the kind: both marks, or one twice, which no list of two numbers looks like. */
  proof: 1 << 23,
} as const;

const WHOLE = KIND.bigint | KIND.long;
const FIXED = WHOLE | KIND.fraction;
const NUMBER = FIXED | KIND.scientific;
const WITH_SCALE = FIXED | KIND.loose;
const DAY_MONTH = KIND["/"] | KIND["."] | KIND["-"];
const KINDS = KIND.exact - 1;

/** What is known of a column from some of its rows, or all. */
export interface ColumnFacts {
  /** A union of KIND. */
  readonly kinds: number;
  /** Digits before and behind the decimal mark. */
  readonly wholeDigits: number;
  readonly scaleMax: number;
  readonly scaleMin: number;
  /** The largest first and second number of what may be day and month. */
  readonly first: number;
  readonly second: number;
}

export const NO_FACTS: ColumnFacts = {
  kinds: 0,
  wholeDigits: 0,
  scaleMax: 0,
  scaleMin: Number.POSITIVE_INFINITY,
  first: 0,
  second: 0,
};

export function mergeFacts(a: ColumnFacts, b: ColumnFacts): ColumnFacts {
  return {
    kinds: a.kinds | b.kinds,
    wholeDigits: Math.max(a.wholeDigits, b.wholeDigits),
    scaleMax: Math.max(a.scaleMax, b.scaleMax),
    scaleMin: Math.min(a.scaleMin, b.scaleMin),
    first: Math.max(a.first, b.first),
    second: Math.max(a.second, b.second),
  };
}

/**
 * One row per column of the relation: its facts, the number of rows, and the column's place in
 * `columns`. What is asked of a value is the same for all of them, so their values go through one
 * expression one after the other: planned once, however many columns there are.
 */
export function factsQuery(
  relation: string,
  columns: readonly string[],
  options: CsvOptions,
): string {
  const places = columns.map((_column, place) => place);
  const values = `SELECT unnest([${columns.join(", ")}]) AS v, unnest([${places.join(", ")}]) AS place FROM ${relation}`;
  const trimmed = `SELECT place, v, trim(v) AS text FROM (${values})`;
  const plain = plainNumber("text", numberMarks(options));
  const kinds = `SELECT place, (${kindOf("v", "text", options)}) AS k, ${plain} AS t FROM (${trimmed})`;
  // CASE looks only at the values that it is about, where FILTER comes after all are computed.
  const where = (those: number, value: string): string =>
    `CASE WHEN k & ${those} <> 0 THEN ${value} END`;
  const exponent = "coalesce(TRY_CAST(regexp_extract(t, '[eE]\\+?(-?\\d+)$', 1) AS INTEGER), 0)";
  const scale = `CASE WHEN k & ${WITH_SCALE} <> 0 THEN length(split_part(t, '.', 2)) WHEN k & ${KIND.scientific} <> 0 THEN greatest(0, length(regexp_extract(t, '\\.(\\d*)', 1)) - ${exponent}) END`;
  const whole = `CASE WHEN k & ${WITH_SCALE} <> 0 THEN length(split_part(ltrim(t, '+-'), '.', 1)) WHEN k & ${KIND.scientific} <> 0 THEN greatest(1, length(regexp_extract(t, '^[-+]?(\\d*)', 1)) + ${exponent}) END`;
  const dayMonth = (part: 1 | 2): string =>
    where(DAY_MONTH, `TRY_CAST(regexp_extract(t, '^(\\d+)\\D(\\d+)', ${part}) AS INTEGER)`);
  const facts = [
    "bit_or(k)",
    `max(${whole})`,
    `max(${scale})`,
    `min(${scale})`,
    `max(${dayMonth(1)})`,
    `max(${dayMonth(2)})`,
    "count(*)",
    "place",
  ];
  return `SELECT ${facts.join(", ")} FROM (${kinds}) GROUP BY place`;
}

/** Reads the facts from a row that `factsQuery` gives, where they begin at `offset`. */
export function factsFrom(row: readonly unknown[], offset: number): ColumnFacts {
  const at = (place: number, absent: number): number => {
    const value = row[offset + place];
    return value === null || value === undefined ? absent : Number(value);
  };
  return {
    kinds: at(0, NO_FACTS.kinds),
    wholeDigits: at(1, NO_FACTS.wholeDigits),
    scaleMax: at(2, NO_FACTS.scaleMax),
    scaleMin: at(3, NO_FACTS.scaleMin),
    first: at(4, NO_FACTS.first),
    second: at(5, NO_FACTS.second),
  };
}

/** Behind the facts, in a row that `factsQuery` gives. */
export function placeFrom(row: readonly unknown[]): {
  readonly rows: number;
  readonly place: number;
} {
  return { rows: Number(row[6]), place: Number(row[7]) };
}

function kindOf(column: string, text: string, options: CsvOptions): string {
  const marks = numberMarks(options);
  const shapes = numberShapes(marks);
  const number = plainNumber(text, marks);
  const areMarksOpen = options.decimal === undefined && options.thousands === undefined;
  const exact = `CASE WHEN ${survivesDouble(number)} THEN 0 ELSE ${KIND.exact} END`;
  const isA = (type: string): string => `TRY_CAST(${text} AS ${type}) IS NOT NULL`;
  const dayMonth = DATE_MARKS.map((mark) => {
    const orders = (["day first", "month first"] as const).map(
      (order) => `try_strptime(${text}, ${quoteLiteral(dayMonthFormat(mark, order))}) IS NOT NULL`,
    );
    return `WHEN ${matches(text, dayMonthShape(mark))} AND (${orders.join(" OR ")}) THEN ${KIND[mark]}`;
  });
  const isBoolean = `${booleanReading({}).value(text)} IS NOT NULL`;
  const kind = [
    // All that is no word begins with one of +,-./0123456789, which is far faster to tell.
    `WHEN ${text} < '+' OR ${text} >= ':' THEN CASE WHEN ${isBoolean} THEN ${KIND.boolean} ELSE ${KIND.text} END`,
    `WHEN ${matches(text, shapes.short)} THEN ${KIND.bigint} | ${exact}`,
    `WHEN ${matches(text, shapes.long)} THEN ${exact} | CASE WHEN TRY_CAST(${number} AS BIGINT) IS NULL THEN ${KIND.long} ELSE ${KIND.bigint} END`,
    `WHEN ${matches(text, shapes.fraction("+"))} THEN ${KIND.fraction} | ${exact}${areMarksOpen ? ` | CASE WHEN ${matches(text, COMMA_NUMBER)} THEN 0 ELSE ${KIND.noComma} END` : ""}`,
    `WHEN ${matches(text, DATE_SHAPE)} AND ${isA("DATE")} THEN ${KIND.date}`,
    `WHEN ${matches(text, TIMESTAMP_SHAPE)} AND ${isA("TIMESTAMP")} THEN ${KIND.timestamp}`,
    `WHEN ${matches(text, TIMESTAMPTZ_SHAPE)} AND ${isA("TIMESTAMPTZ")} THEN ${KIND.timestamptz}`,
    `WHEN ${matches(text, TIME_SHAPE)} AND ${isA("TIME")} THEN ${KIND.time}`,
    ...(areMarksOpen ? [markedKind(text)] : []),
    ...dayMonth,
    `WHEN ${matches(text, shapes.scientific)} THEN ${KIND.scientific} | ${KIND.noComma} | ${exact}`,
    `WHEN ${matches(text, shapes.loose)} THEN ${KIND.loose}`,
    `ELSE ${KIND.text}`,
  ].join(" ");
  const flags = [
    `CASE WHEN ${column} <> ${text} THEN ${KIND.padded} ELSE 0 END`,
    ...optionReadings(options).map(
      ({ flag, reading }) => `CASE WHEN ${reading.value(text)} IS NULL THEN ${flag} ELSE 0 END`,
    ),
  ];
  return `CASE WHEN ${column} IS NULL THEN 0 WHEN ${column} = '' THEN ${KIND.empty} ELSE (CASE ${kind} END) | ${flags.join(" | ")} END`;
}

const COMMA_SHAPES = numberShapes({ decimal: ",", thousands: "." });
const POINT_SHAPES = numberShapes({ decimal: ".", thousands: "," });
const COMMA_NUMBER = `${COMMA_SHAPES.long}|${COMMA_SHAPES.fixed("+")}`;
const POINT_NUMBER = `${POINT_SHAPES.long}|${POINT_SHAPES.fixed("+")}`;

function markedKind(text: string): string {
  const flag = (shape: string, kind: number): string =>
    `CASE WHEN ${matches(text, shape)} THEN 0 ELSE ${kind} END`;
  const proof = "[^.,]*[.,][^.,]*[.,].*";
  const hasMark = `(contains(${text}, ',') OR contains(${text}, '.'))`;
  return `WHEN ${hasMark} AND ${matches(text, `${COMMA_NUMBER}|${POINT_NUMBER}`)} THEN ${KIND.marked} | ${flag(COMMA_NUMBER, KIND.noComma)} | ${flag(POINT_NUMBER, KIND.noPoint)} | CASE WHEN ${matches(text, proof)} THEN ${KIND.proof} ELSE 0 END`;
}

/**
 * The marks that the values of a column without options prove, all together. `1.234,56` does by
 * itself, and `0,5` only where commas do not divide the fields, because it may be a list there.
 */
export function provenMarks(
  { kinds }: ColumnFacts,
  mayBeLists: boolean,
): Required<Pick<CsvOptions, "decimal" | "thousands">> | undefined {
  const present = kinds & KINDS & ~KIND.empty;
  if ((present & KIND.marked) === 0 || (present & ~(FIXED | KIND.marked)) !== 0) return undefined;
  const fitsComma = (kinds & KIND.noComma) === 0;
  const fitsPoint = (kinds & KIND.noPoint) === 0;
  if (fitsComma === fitsPoint || (mayBeLists && (kinds & KIND.proof) === 0)) return undefined;
  return fitsComma ? { decimal: ",", thousands: "." } : { decimal: ".", thousands: "," };
}

/** Whether some values of a column have a type of their own, which others do not share. */
export function isMixed({ kinds }: ColumnFacts): boolean {
  const typed = kinds & KINDS & ~(KIND.empty | KIND.text);
  return (kinds & KIND.text) !== 0 && typed !== 0;
}

export function hasValues({ kinds }: ColumnFacts): boolean {
  return kinds !== 0;
}

interface OptionReading {
  readonly flag: number;
  readonly reading: Reading;
}

/** What the catalog says about values goes before what they look like. */
function optionReadings(options: CsvOptions): OptionReading[] {
  const readings: OptionReading[] = [];
  if (options.true !== undefined || options.false !== undefined) {
    readings.push({ flag: KIND.noWord, reading: booleanReading(options) });
  }
  if (options.timestamp_format !== undefined) {
    const reading = formatReading("TIMESTAMP", options.timestamp_format);
    readings.push({ flag: KIND.noTimestampFormat, reading });
  }
  if (options.date_format !== undefined) {
    const reading = formatReading("DATE", options.date_format);
    readings.push({ flag: KIND.noDateFormat, reading });
  }
  return readings;
}

export interface TypeDecision {
  readonly reading: Reading;
  /** More rows might still prove a type: all values so far were NULL, or day and month in doubt. */
  readonly isOpen: boolean;
  /** The end of a sentence about the column. */
  readonly warning: string | undefined;
}

export function decideType(facts: ColumnFacts, options: CsvOptions): TypeDecision {
  const { kinds } = facts;
  const present = kinds & KINDS & ~KIND.empty;
  const only = (allowed: number): boolean => (present & ~allowed) === 0;
  const decided = (reading: Reading): TypeDecision => ({
    reading: (kinds & KIND.padded) === 0 ? reading : padded(reading),
    isOpen: false,
    warning:
      (kinds & KIND.empty) === 0 || reading === TEXT
        ? undefined
        : "has empty fields in quotes, which were read as NULL",
  });

  if (present === 0) return { reading: TEXT, isOpen: true, warning: undefined };
  const configured = optionReadings(options).find(({ flag }) => (kinds & flag) === 0);
  if (configured !== undefined) return decided(configured.reading);
  if (only(NUMBER)) return decided(numberReading(facts, present, options));
  if (only(KIND.boolean)) return decided(booleanReading(options));
  if (only(KIND.date)) return decided(DATE);
  if (only(KIND.timestamp)) return decided(TIMESTAMP);
  if (only(KIND.timestamptz)) return decided(TIMESTAMPTZ);
  if (only(KIND.time)) return decided(TIME);
  if (only(FIXED | KIND.marked)) return marksDecision(kinds);
  return dayMonthDecision(facts, present, decided) ?? decided(TEXT);
}

/** Of numbers such as 1,234, which other rows may still explain. */
function marksDecision(kinds: number): TypeDecision {
  const fitsBoth = (kinds & (KIND.noComma | KIND.noPoint)) === 0;
  const warning = fitsBoth
    ? 'is text: the comma in its numbers may be a decimal mark or stand between thousands; set csv: { decimal: "," } or csv: { thousands: "," }'
    : "is text: its numbers do not agree on what comma and point mean";
  return { reading: TEXT, isOpen: fitsBoth, warning };
}

/**
 * Columns of mixed scale are decimal numbers up to this many digits behind the point, such as
 * money, rates and coordinates; beyond it they are measurements, which are doubles by birth.
 */
const MIXED_SCALE_MAX = 9;
const PRECISION_MAX = 38;
/** What fits 64 bits and is as fast as an integer. */
const PRECISION_SHORT = 18;

function numberReading(facts: ColumnFacts, present: number, options: CsvOptions): Reading {
  const marks = numberMarks(options);
  const { wholeDigits, scaleMax, scaleMin } = facts;
  const isOneScale = scaleMax === scaleMin;
  const fits = wholeDigits + scaleMax <= PRECISION_MAX;
  const survives = (facts.kinds & KIND.exact) === 0;
  if ((present & KIND.scientific) !== 0) return survives ? doubleReading(marks) : TEXT;
  if (present === KIND.bigint) return bigintReading(marks);
  const precision = wholeDigits + scaleMax <= PRECISION_SHORT ? PRECISION_SHORT : PRECISION_MAX;
  if (fits && scaleMax <= MIXED_SCALE_MAX) return decimalReading(marks, precision, scaleMax);
  if (fits && isOneScale) return decimalReading(marks, precision, scaleMax, "exactly");
  if (survives) return doubleReading(marks);
  return fits ? decimalReading(marks, PRECISION_MAX, scaleMax) : TEXT;
}

/** Day and month, where the order is proved by a number above 12; else text, and a warning. */
function dayMonthDecision(
  facts: ColumnFacts,
  present: number,
  decided: (reading: Reading) => TypeDecision,
): TypeDecision | undefined {
  const mark = DATE_MARKS.find((it) => present === KIND[it]);
  if (mark === undefined) return undefined;
  const { first, second } = facts;
  if (first > 12 && second <= 12) return decided(dayMonthReading(mark, "day first"));
  if (second > 12 && first <= 12) return decided(dayMonthReading(mark, "month first"));
  const isOpen = first <= 12;
  const warning = isOpen
    ? `is text: its dates do not show whether day or month comes first; set csv: { date_format: "${dayMonthFormat(mark, "day first")}" } or "${dayMonthFormat(mark, "month first")}"`
    : "is text: some of its dates have the day first, others the month";
  return { reading: TEXT, isOpen, warning };
}
