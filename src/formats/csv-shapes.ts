/**
 * What values look like, as regular expressions for DuckDB (RE2, matched against the whole value)
 * and as SQL that reads them. DuckDB's casts alone decide nothing: they take `1.5` for the integer
 * 2, `0x1F` for 31 and a timestamp for its date.
 */
import { quoteLiteral } from "../core/identifier.ts";
import type { CsvOptions } from "./format.ts";

/** How a table writes its numbers. */
export interface NumberMarks {
  readonly decimal: string;
  /** Empty where there is none. */
  readonly thousands: string;
}

export function numberMarks(options: CsvOptions): NumberMarks {
  return { decimal: options.decimal ?? ".", thousands: options.thousands ?? "" };
}

/** Whether the SQL expression `value` has one of the shapes, from its first to its last character. */
export function matches(value: string, pattern: string): string {
  return `regexp_full_match(${value}, ${quoteLiteral(pattern)})`;
}

/** The SQL expression `value` with a decimal point and without marks between thousands. */
export function plainNumber(value: string, marks: NumberMarks): string {
  const { decimal, thousands } = marks;
  const joined = thousands === "" ? value : `replace(${value}, ${quoteLiteral(thousands)}, '')`;
  return decimal === "." ? joined : `replace(${joined}, ${quoteLiteral(decimal)}, '.')`;
}

/** Numbers, without leading zeros and plus signs unless it says so. */
export interface NumberShapes {
  /** Whole, and sure to fit 64 bits. */
  readonly short: string;
  /** Whole, of up to 38 digits. */
  readonly long: string;
  /** With a fraction of so many digits, as a quantifier such as `+` or `{1,2}`. */
  fraction(digits: string): string;
  /** Whole or with a fraction. */
  fixed(digits: string): string;
  /** With an exponent that a double can hold; and -0, which no other type has. */
  readonly scientific: string;
  /** Whole or with a fraction, leading zeros and a plus sign allowed. */
  readonly loose: string;
}

export function numberShapes({ decimal, thousands }: NumberMarks): NumberShapes {
  const point = literal(decimal);
  const groups = (count: string): string =>
    thousands === "" ? "" : `|[1-9]\\d{0,2}(?:${literal(thousands)}\\d{3})${count}`;
  const whole = `(?:0|[1-9]\\d*${groups("+")})`;
  const fraction = (digits: string): string => `-?${whole}?${point}\\d${digits}`;
  return {
    short: `0|-?(?:[1-9]\\d{0,17}${groups("{1,5}")})`,
    long: `-?(?:[1-9]\\d{0,37}${groups("{1,12}")})`,
    fraction,
    fixed: (digits) => `0|-?${whole}|${fraction(digits)}`,
    scientific: `-?${whole}?(?:${point}\\d+|\\d)[eE][-+]?[0-2]?\\d{1,2}|-0`,
    loose: `[-+]?\\d+(?:${point}\\d*)?|[-+]?${point}\\d+`,
  };
}

/** A mantissa of at most 15 digits: such a number comes back from a double as it was. */
export const FITS_DOUBLE = "-?\\.?(?:\\d\\.?){1,15}(?:[eE][-+]?\\d{1,3})?";

const YEAR = "(?:[1-9]\\d{3}|0[1-9]\\d\\d|00[1-9]\\d|000[1-9])";
const CLOCK = "(?:[01]\\d|2[0-3]):[0-5]\\d";
/** Microseconds, and zeros behind them as .NET writes them. */
const SECONDS = ":[0-5]\\d(?:\\.\\d{1,6}0*)?";

export const DATE_SHAPE = `${YEAR}-\\d\\d-\\d\\d`;
export const TIMESTAMP_SHAPE = `${DATE_SHAPE}[ T]${CLOCK}(?:${SECONDS})?`;
export const TIMESTAMPTZ_SHAPE = `${DATE_SHAPE}[ T]${CLOCK}${SECONDS}(?:Z|[-+]\\d\\d(?::?\\d\\d)?)`;
/** With seconds: `08:30` may as well be minutes and seconds. */
export const TIME_SHAPE = `${CLOCK}${SECONDS}`;
export const UUID_SHAPE = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";

/** Between day, month and year; a column keeps to one of them. */
export const DATE_MARKS = ["/", ".", "-"] as const;
export type DateMark = (typeof DATE_MARKS)[number];

/** Two numbers that may be day and month, and a year. */
export function dayMonthShape(mark: DateMark): string {
  const between = literal(mark);
  return `\\d{1,2}${between}\\d{1,2}${between}${YEAR}`;
}

export function dayMonthFormat(mark: DateMark, order: "day first" | "month first"): string {
  return order === "day first" ? `%d${mark}%m${mark}%Y` : `%m${mark}%d${mark}%Y`;
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
