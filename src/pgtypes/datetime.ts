import { PgError } from "../core/pg-error.ts";
import { offsetText, type TimeZone } from "./time-zone.ts";

/** From 1970-01-01, where DuckDB counts from, to 2000-01-01, where PostgreSQL does. */
export const EPOCH_DAYS = 10_957;
export const EPOCH_MICROS = 946_684_800_000_000n;
export const MICROS_PER_DAY = 86_400_000_000n;

/** DuckDB's infinities. PostgreSQL's negative ones are one further down. */
export const DATE_INFINITY = 2_147_483_647;
export const TIMESTAMP_INFINITY = 9_223_372_036_854_775_807n;
const PG_DATE_MINUS_INFINITY = -2_147_483_648;
const PG_TIMESTAMP_MINUS_INFINITY = -9_223_372_036_854_775_808n;

export interface CivilDate {
  /** Astronomical: 0 is 1 BC. */
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** The proleptic Gregorian date, by days since 1970-01-01. */
export function civilDate(days: number): CivilDate {
  // Years that begin in March have their leap day at the end, so that months follow a line.
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return { year, month, day };
}

/** The inverse of `civilDate`. */
export function daysOfCivil({ year, month, day }: CivilDate): number {
  const shiftedYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

export function dateText(days: number): string {
  if (days === DATE_INFINITY) return "infinity";
  if (days === -DATE_INFINITY) return "-infinity";
  const { text, era } = dateParts(days);
  return text + era;
}

export function timeText(micros: bigint): string {
  const seconds = Number(micros / 1_000_000n);
  return clock(seconds) + fraction(Number(micros % 1_000_000n));
}

/** DuckDB's bits: microseconds above, and below 57,599 less the offset in seconds. */
export function timetzParts(bits: bigint): { micros: bigint; offset: number } {
  return { micros: bits >> 24n, offset: 57_599 - Number(bits & 0xffffffn) };
}

export function timetzBits(micros: bigint, offset: number): bigint {
  return (micros << 24n) | BigInt(57_599 - offset);
}

export function timetzText(bits: bigint): string {
  const { micros, offset } = timetzParts(bits);
  return timeText(micros) + offsetText(offset);
}

/** `separator` is a space in PostgreSQL's own text and T in its JSON. */
export function timestampText(micros: bigint, separator = " "): string {
  const special = timestampSpecial(micros);
  if (special !== undefined) return special;
  const { date, era, time } = timestampParts(micros);
  return date + separator + time + era;
}

export function timestamptzText(
  micros: bigint,
  zone: TimeZone,
  separator = " ",
  colonInOffset = false,
): string {
  const special = timestampSpecial(micros);
  if (special !== undefined) return special;
  const offset = zone.offsetAt(Number(floorDivide(micros, 1_000_000n)));
  const { date, era, time } = timestampParts(micros + BigInt(offset) * 1_000_000n);
  const text = offsetText(offset);
  return date + separator + time + (colonInOffset && text.length === 3 ? `${text}:00` : text) + era;
}

function timestampSpecial(micros: bigint): string | undefined {
  if (micros === TIMESTAMP_INFINITY) return "infinity";
  if (micros === -TIMESTAMP_INFINITY) return "-infinity";
  return undefined;
}

function timestampParts(micros: bigint): { date: string; era: string; time: string } {
  const days = floorDivide(micros, MICROS_PER_DAY);
  const { text, era } = dateParts(Number(days));
  return { date: text, era, time: timeText(micros - days * MICROS_PER_DAY) };
}

function dateParts(days: number): { text: string; era: string } {
  const { year, month, day } = civilDate(days);
  const isBc = year <= 0;
  const shown = String(isBc ? 1 - year : year).padStart(4, "0");
  return { text: `${shown}-${two(month)}-${two(day)}`, era: isBc ? " BC" : "" };
}

/** PostgreSQL's date: days since 2000. */
export function datePgDays(days: number): number {
  if (days === DATE_INFINITY) return DATE_INFINITY;
  if (days === -DATE_INFINITY) return PG_DATE_MINUS_INFINITY;
  const shifted = days - EPOCH_DAYS;
  if (shifted <= PG_DATE_MINUS_INFINITY) {
    throw new PgError("datetime_field_overflow", "date out of range");
  }
  return shifted;
}

export function dateFromPgDays(days: number): number {
  if (days === DATE_INFINITY) return DATE_INFINITY;
  if (days === PG_DATE_MINUS_INFINITY) return -DATE_INFINITY;
  const shifted = days + EPOCH_DAYS;
  if (shifted >= DATE_INFINITY) throw new PgError("datetime_field_overflow", "date out of range");
  return shifted;
}

/** PostgreSQL's timestamp and timestamptz: microseconds since 2000. */
export function timestampPgMicros(micros: bigint): bigint {
  if (micros === TIMESTAMP_INFINITY) return TIMESTAMP_INFINITY;
  if (micros === -TIMESTAMP_INFINITY) return PG_TIMESTAMP_MINUS_INFINITY;
  const shifted = micros - EPOCH_MICROS;
  if (shifted <= PG_TIMESTAMP_MINUS_INFINITY) {
    throw new PgError("datetime_field_overflow", "timestamp out of range");
  }
  return shifted;
}

export function timestampFromPgMicros(micros: bigint): bigint {
  if (micros === TIMESTAMP_INFINITY) return TIMESTAMP_INFINITY;
  if (micros === PG_TIMESTAMP_MINUS_INFINITY) return -TIMESTAMP_INFINITY;
  const shifted = micros + EPOCH_MICROS;
  if (shifted >= TIMESTAMP_INFINITY) {
    throw new PgError("datetime_field_overflow", "timestamp out of range");
  }
  return shifted;
}

export function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

/** Hours, minutes and seconds; 86,400 seconds are 24:00:00, as PostgreSQL has it. */
export function clock(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  return `${two(hours)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** Up to six digits behind a point, without the zeros at the end. */
export function fraction(micros: number): string {
  if (micros === 0) return "";
  return `.${String(micros).padStart(6, "0").replace(/0+$/, "")}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
