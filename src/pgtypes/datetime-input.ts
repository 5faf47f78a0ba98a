/**
 * Dates and times from text: ISO 8601 and PostgreSQL's own output, the compact form, numbers in
 * month/day/year order, BC, and the special words. What drivers send, and what people type.
 */
import { PgError } from "../core/pg-error.ts";
import {
  civilDate,
  DATE_INFINITY,
  daysOfCivil,
  floorDivide,
  MICROS_PER_DAY,
  TIMESTAMP_INFINITY,
  timetzBits,
} from "./datetime.ts";
import { signedOffset, TimeZone } from "./time-zone.ts";

export interface DateTimeContext {
  readonly zone: TimeZone;
  /** For `now` and `today`: microseconds since 1970. */
  readonly nowMicros: bigint;
}

type DateTimeType =
  | "date"
  | "time"
  | "time with time zone"
  | "timestamp"
  | "timestamp with time zone";

/** What a text says; what is absent is undefined. */
interface Fields {
  readonly days: number | undefined;
  readonly micros: bigint | undefined;
  /** Seconds east of UTC, or a zone whose offset depends on the time. */
  readonly zone: number | TimeZone | undefined;
}

const DATE =
  /^(?:(\d{4,7})-(\d{1,2})-(\d{1,2})|(\d{4})(\d{2})(\d{2})(?!\d)|(\d{1,2})[/](\d{1,2})[/](\d{4,7})|(\d{4,7})[/](\d{1,2})[/](\d{1,2}))/;
const TIME = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?(?:\s*(am|pm)\b)?/i;
const COMPACT_TIME = /^(\d{2})(\d{2})(\d{2})(?:\.(\d+))?(?![\d:])/;
const OFFSET = /^\s*([-+]\d{1,2}(?::?\d{2}){0,2})/;
const ZONE_NAME = /^\s*([A-Za-z][A-Za-z_]*(?:\/[A-Za-z0-9_+-]+)*)/;

export function parseDate(text: string, context: DateTimeContext): number {
  const special = specialMicros(text, context);
  if (special !== undefined) return localDay(special, context);
  const { days } = parseFields(text, "date");
  if (days === undefined) throw invalid(text, "date");
  return days;
}

export function parseTime(text: string): bigint {
  const { micros } = parseFields(text, "time");
  if (micros === undefined) throw invalid(text, "time");
  return micros;
}

/** As the bits that DuckDB keeps. */
export function parseTimetz(text: string, context: DateTimeContext): bigint {
  const { micros, zone } = parseFields(text, "time with time zone");
  if (micros === undefined) throw invalid(text, "time with time zone");
  const now = Number(context.nowMicros / 1_000_000n);
  const offset = typeof zone === "number" ? zone : (zone ?? context.zone).offsetAt(now);
  return timetzBits(micros, offset);
}

/** A zone in the text is read and ignored, as PostgreSQL does. */
export function parseTimestamp(text: string, context: DateTimeContext): bigint {
  const special = specialMicros(text, context);
  if (special !== undefined) {
    // The epoch is a date without a zone here.
    if (isInfinite(special) || special === 0n) return special;
    const seconds = Number(floorDivide(special, 1_000_000n));
    return special + BigInt(context.zone.offsetAt(seconds)) * 1_000_000n;
  }
  return joined(text, parseFields(text, "timestamp"), "timestamp");
}

export function parseTimestamptz(text: string, context: DateTimeContext): bigint {
  const special = specialMicros(text, context);
  if (special !== undefined) return special;
  const fields = parseFields(text, "timestamp with time zone");
  const local = joined(text, fields, "timestamp with time zone");
  return local - BigInt(offsetOf(fields.zone ?? context.zone, local)) * 1_000_000n;
}

function offsetOf(zone: number | TimeZone, localMicros: bigint): number {
  if (typeof zone === "number") return zone;
  return zone.offsetAtLocal(Number(floorDivide(localMicros, 1_000_000n)));
}

function joined(text: string, { days, micros }: Fields, type: DateTimeType): bigint {
  if (days === undefined) throw invalid(text, type);
  const total = BigInt(days) * MICROS_PER_DAY + (micros ?? 0n);
  if (total >= TIMESTAMP_INFINITY || total <= -TIMESTAMP_INFINITY) {
    throw new PgError("datetime_field_overflow", `timestamp out of range: "${text}"`);
  }
  return total;
}

function isInfinite(micros: bigint): boolean {
  return micros === TIMESTAMP_INFINITY || micros === -TIMESTAMP_INFINITY;
}

/** `infinity`, `epoch`, `now`, `today` and the like, as an instant. */
function specialMicros(text: string, { zone, nowMicros }: DateTimeContext): bigint | undefined {
  const midnight = (dayShift: number): bigint => {
    const day = localDay(nowMicros, { zone, nowMicros }) + dayShift;
    const local = BigInt(day) * MICROS_PER_DAY;
    return local - BigInt(offsetOf(zone, local)) * 1_000_000n;
  };
  switch (text.trim().toLowerCase()) {
    case "infinity":
    case "+infinity":
      return TIMESTAMP_INFINITY;
    case "-infinity":
      return -TIMESTAMP_INFINITY;
    case "epoch":
      return 0n;
    case "now":
      return nowMicros;
    case "today":
      return midnight(0);
    case "tomorrow":
      return midnight(1);
    case "yesterday":
      return midnight(-1);
    default:
      return undefined;
  }
}

function localDay(micros: bigint, { zone }: DateTimeContext): number {
  if (micros === TIMESTAMP_INFINITY) return DATE_INFINITY;
  if (micros === -TIMESTAMP_INFINITY) return -DATE_INFINITY;
  const seconds = floorDivide(micros, 1_000_000n);
  return Number(floorDivide(seconds + BigInt(zone.offsetAt(Number(seconds))), 86_400n));
}

function parseFields(text: string, type: DateTimeType): Fields {
  let rest = text.trim();
  const isBc = /\s*\bbc$/i.test(rest);
  rest = rest.replace(/\s*\b(?:bc|ad)$/i, "");

  let days: number | undefined;
  const date = DATE.exec(rest);
  if (date !== null) {
    const [whole, ...parts] = date;
    days = readDate(text, parts, isBc);
    rest = rest.slice(whole.length).replace(/^(?:\s+|T(?=\d))/i, "");
  }
  let micros: bigint | undefined;
  const time = TIME.exec(rest) ?? (/^T?\d/i.test(rest) ? COMPACT_TIME.exec(rest) : null);
  if (time !== null) {
    const [whole, ...parts] = time;
    micros = readTime(text, parts);
    rest = rest.slice(whole.length);
  }
  let zone: number | TimeZone | undefined;
  const offset = OFFSET.exec(rest);
  const name = offset === null ? ZONE_NAME.exec(rest) : null;
  if (offset !== null) {
    zone = signedOffset(offset[1] ?? "");
    rest = rest.slice(offset[0].length);
  } else if (name !== null) {
    zone = zoneByName(name[1] ?? "", text, type);
    rest = rest.slice(name[0].length);
  }
  if (rest.trim() !== "" || (days === undefined && micros === undefined)) throw invalid(text, type);
  return { days, micros, zone };
}

function readDate(text: string, parts: readonly (string | undefined)[], isBc: boolean): number {
  const [y1, m1, d1, y2, m2, d2, m3, d3, y3, y4, m4, d4] = parts;
  const shownYear = Number(y1 ?? y2 ?? y3 ?? y4);
  const month = Number(m1 ?? m2 ?? m3 ?? m4);
  const day = Number(d1 ?? d2 ?? d3 ?? d4);
  const year = isBc ? 1 - shownYear : shownYear;
  const days = daysOfCivil({ year, month, day });
  const real = civilDate(days);
  const isReal = real.year === year && real.month === month && real.day === day;
  if (!isReal || shownYear === 0 || shownYear > 5_874_897) throw overflow(text);
  return days;
}

function readTime(text: string, parts: readonly (string | undefined)[]): bigint {
  const [hourText, minuteText, secondText = "0", fraction = "", meridiem] = parts;
  let hour = Number(hourText);
  const minute = Number(minuteText);
  const second = Number(secondText);
  if (meridiem !== undefined) {
    if (hour < 1 || hour > 12) throw overflow(text);
    hour = (hour % 12) + (meridiem.toLowerCase() === "pm" ? 12 : 0);
  }
  const micros = Math.round(Number(`0.${fraction || "0"}`) * 1e6);
  const total = (hour * 3600 + minute * 60 + second) * 1_000_000 + micros;
  if (minute > 59 || second > 60 || total > Number(MICROS_PER_DAY)) throw overflow(text);
  return BigInt(total);
}

function zoneByName(name: string, text: string, type: DateTimeType): number | TimeZone {
  if (/^z$|^utc$|^gmt$|^zulu$/i.test(name)) return 0;
  try {
    return new TimeZone(name);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    if (!name.includes("/")) throw invalid(text, type);
    throw new PgError(
      "invalid_parameter_value",
      `time zone "${name.toLowerCase()}" not recognized`,
    );
  }
}

function invalid(text: string, type: DateTimeType): PgError {
  return new PgError("invalid_datetime_format", `invalid input syntax for type ${type}: "${text}"`);
}

function overflow(text: string): PgError {
  return new PgError("datetime_field_overflow", `date/time field value out of range: "${text}"`);
}
