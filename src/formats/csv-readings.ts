import { quoteLiteral } from "../core/identifier.ts";
import {
  DATE_SHAPE,
  type DateMark,
  dayMonthFormat,
  dayMonthShape,
  FITS_DOUBLE,
  matches,
  type NumberMarks,
  numberShapes,
  plainNumber,
  TIME_SHAPE,
  TIMESTAMP_SHAPE,
  TIMESTAMPTZ_SHAPE,
} from "./csv-shapes.ts";
import type { CsvOptions } from "./format.ts";

/** How the texts of a column become values of a type. */
export interface Reading {
  /** As DuckDB prints it. */
  readonly duckdbType: string;
  /** SQL for the value that the SQL expression `text` stands for; NULL where it stands for none. */
  readonly value: (text: string) => string;
  /** Where all that `value` does is to cast and to check: the two apart, which is faster. */
  readonly checked?: CheckedCast;
}

export interface CheckedCast {
  /** SQL for the bare cast of a text; NULL where it fails. */
  readonly cast: (text: string) => string;
  /** SQL for whether `value` would give the `cast` of a text, too; also of NULL and of no text. */
  readonly isRight: (text: string, cast: string) => string;
}

export const TEXT: Reading = { duckdbType: "VARCHAR", value: (text) => text };

/** The same with blanks around the value, as columns of fixed width have them. */
export function padded(reading: Reading): Reading {
  if (reading.duckdbType === "VARCHAR") return reading;
  const { duckdbType } = reading;
  return { duckdbType, value: (text) => reading.value(`trim(${text})`) };
}

export function bigintReading(marks: NumberMarks): Reading {
  const { short, long } = numberShapes(marks);
  return guarded("BIGINT", `${short}|${long}`, numberGuard(marks));
}

/**
 * Exact to the last digit. `digits` says how many there may be behind the point: up to `scale`, or
 * exactly so many.
 */
export function decimalReading(
  marks: NumberMarks,
  precision: number,
  scale: number,
  digits: "at most" | "exactly" = "at most",
): Reading {
  const shapes = numberShapes(marks);
  const shape =
    scale === 0
      ? `0|${shapes.long}`
      : digits === "exactly"
        ? shapes.fraction(`{${scale}}`)
        : shapes.fixed(`{1,${scale}}`);
  return guarded(`DECIMAL(${precision},${scale})`, shape, numberGuard(marks));
}

/** DuckDB prints numbers with a decimal point, which may be the mark of something else here. */
export function numberGuard(marks: NumberMarks): Guard {
  const prepare = (text: string): string => plainNumber(text, marks);
  const isPlain = marks.decimal === "." && marks.thousands === "";
  return isPlain ? { prepare, canonicalLength: "any" } : { prepare };
}

/** Only numbers that a double gives back as they were written. */
export function doubleReading(marks: NumberMarks): Reading {
  const shapes = numberShapes(marks);
  const shape = `${shapes.fixed("+")}|${shapes.scientific}`;
  return {
    duckdbType: "DOUBLE",
    value: (text) => {
      const number = plainNumber(text, marks);
      return `CASE WHEN ${matches(text, shape)} AND ${survivesDouble(number)} THEN TRY_CAST(${number} AS DOUBLE) END`;
    },
  };
}

/** Whether a plain number comes back from a double as it was. */
export function survivesDouble(number: string): string {
  return `(length(${number}) <= 15 OR ${matches(number, FITS_DOUBLE)} OR CAST(TRY_CAST(${number} AS DOUBLE) AS VARCHAR) = ${number})`;
}

/** The words of the options, and true and false in any case. */
export function booleanReading(options: CsvOptions): Reading {
  return {
    duckdbType: "BOOLEAN",
    value: (text) =>
      `CASE WHEN ${isWord(text, "true", options.true)} THEN true WHEN ${isWord(text, "false", options.false)} THEN false END`,
  };
}

function isWord(text: string, word: string, more: readonly string[] | undefined): string {
  const usual = `lower(${text}) = '${word}'`;
  return more === undefined || more.length === 0
    ? usual
    : `(${text} IN (${more.map(quoteLiteral).join(", ")}) OR ${usual})`;
}

export const DATE: Reading = guarded("DATE", DATE_SHAPE, { canonicalLength: 10 });
export const TIMESTAMP: Reading = guarded("TIMESTAMP", TIMESTAMP_SHAPE, { canonicalLength: 19 });
export const TIMESTAMPTZ: Reading = guarded("TIMESTAMP WITH TIME ZONE", TIMESTAMPTZ_SHAPE);
export const TIME: Reading = guarded("TIME", TIME_SHAPE);

export function dayMonthReading(mark: DateMark, order: "day first" | "month first"): Reading {
  const format = quoteLiteral(dayMonthFormat(mark, order));
  return {
    duckdbType: "DATE",
    value: (text) =>
      `CASE WHEN ${matches(text, dayMonthShape(mark))} THEN CAST(try_strptime(${text}, ${format}) AS DATE) END`,
  };
}

/** By a strptime format of the catalog. Years before 1000 are two digits taken for four. */
export function formatReading(type: "DATE" | "TIMESTAMP", format: string): Reading {
  const hasZone = type === "TIMESTAMP" && /%z/i.test(format);
  return {
    duckdbType: hasZone ? "TIMESTAMP WITH TIME ZONE" : type,
    value: (text) => {
      const parsed = `try_strptime(${text}, ${quoteLiteral(format)})`;
      return format.includes("%Y")
        ? `CASE WHEN year(${parsed}) >= 1000 THEN CAST(${parsed} AS ${hasZone ? "TIMESTAMPTZ" : type}) END`
        : `CAST(${parsed} AS ${hasZone ? "TIMESTAMPTZ" : type})`;
    },
  };
}

interface Guard {
  /** From the text to what DuckDB casts. */
  readonly prepare?: (text: string) => string;
  /** The length at which a text that DuckDB prints back unchanged surely has the shape. */
  readonly canonicalLength?: "any" | number;
}

/**
 * A cast behind a shape: the shape keeps the cast from being lenient, the cast checks the range.
 * Where DuckDB prints a value back just as it was read, that is proof enough, and takes half the
 * time of a regular expression.
 */
export function guarded(duckdbType: string, shape: string, guard: Guard = {}): Reading {
  const { prepare = (text) => text, canonicalLength } = guard;
  const cast = (text: string): string => `TRY_CAST(${text} AS ${duckdbType})`;
  const shaped = (text: string): string =>
    `WHEN ${matches(text, shape)} THEN ${cast(prepare(text))}`;
  if (canonicalLength === undefined) {
    return { duckdbType, value: (text) => `CASE ${shaped(text)} END` };
  }
  const isPrintedBack = (text: string, value: string): string => {
    const length = canonicalLength === "any" ? "" : `length(${text}) = ${canonicalLength} AND `;
    return `${length}CAST(${value} AS VARCHAR) = ${text}`;
  };
  const value = (text: string): string =>
    `CASE WHEN ${isPrintedBack(text, cast(text))} THEN ${cast(text)} ${shaped(text)} END`;
  if (prepare("x") !== "x") return { duckdbType, value };
  const isRight = (text: string, it: string): string =>
    `(coalesce(${isPrintedBack(text, it)}, ${text} IS NULL) OR ${text} = '' OR (${it} IS NOT NULL AND ${matches(text, shape)}))`;
  return { duckdbType, value, checked: { cast, isRight } };
}
