/** Common forms of common types, read from bytes: what takes no part in them is read elsewhere. */
import { daysOfCivil } from "../pgtypes/datetime.ts";

const ZERO = 0x30;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const COLON = 0x3a;

/** A whole number of up to 15 digits; undefined is anything else. */
export function readInteger(bytes: Buffer, start: number, end: number): number | undefined {
  const first = bytes[start];
  const from = first === MINUS || first === PLUS ? start + 1 : start;
  if (end === from || end - from > 15) return undefined;
  const value = readDigits(bytes, from, end);
  if (value < 0) return undefined;
  return first === MINUS ? 0 - value : value;
}

/** A decimal number times ten to the power of `scale`, as long as that is exact. */
export function readScaled(
  bytes: Buffer,
  start: number,
  end: number,
  scale: number,
): number | undefined {
  const first = bytes[start];
  const from = first === MINUS || first === PLUS ? start + 1 : start;
  let point = from;
  while (point < end && bytes[point] !== DOT) point += 1;
  const fraction = Math.max(0, end - point - 1);
  const whole = point - from;
  if (whole === 0 || fraction > scale || whole + scale > 15) return undefined;
  const high = readDigits(bytes, from, point);
  const low = fraction === 0 ? 0 : readDigits(bytes, point + 1, end);
  if (high < 0 || low < 0) return undefined;
  const value = high * 10 ** scale + low * 10 ** (scale - fraction);
  return first === MINUS ? 0 - value : value;
}

/** A number in digits, with a point or an exponent; what loses its value is none of them. */
export function readFloat(bytes: Buffer, start: number, end: number): number | undefined {
  if (end === start || end - start > 24) return undefined;
  let isZero = true;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    const isSign = byte === MINUS || byte === PLUS || byte === DOT || (byte | 0x20) === 0x65;
    if (!isSign && (byte < ZERO || byte > ZERO + 9)) return undefined;
    if (!isSign && byte !== ZERO) isZero = false;
  }
  const value = Number(bytes.toString("latin1", start, end));
  return Number.isFinite(value) && (value === 0) === isZero ? value : undefined;
}

/** February's last day is left to the general rules. */
const DAYS_OF_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** 2024-02-29 as days since 1970. */
export function readDate(bytes: Buffer, start: number, end: number): number | undefined {
  if (end - start !== 10 || bytes[start + 4] !== MINUS || bytes[start + 7] !== MINUS) {
    return undefined;
  }
  const year = readDigits(bytes, start, start + 4);
  const month = readDigits(bytes, start + 5, start + 7);
  const day = readDigits(bytes, start + 8, end);
  if (year < 1 || month < 1 || day < 1 || day > (DAYS_OF_MONTH[month - 1] ?? 0)) return undefined;
  return daysOfCivil({ year, month, day });
}

/** 12:34:56.789 as microseconds. */
export function readTime(bytes: Buffer, start: number, end: number): number | undefined {
  if (end - start < 8 || bytes[start + 2] !== COLON || bytes[start + 5] !== COLON) return undefined;
  const hour = readDigits(bytes, start, start + 2);
  const minute = readDigits(bytes, start + 3, start + 5);
  const second = readDigits(bytes, start + 6, start + 8);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
    return undefined;
  }
  const micros = ((hour * 60 + minute) * 60 + second) * 1_000_000;
  if (end === start + 8) return micros;
  const digits = end - start - 9;
  if (bytes[start + 8] !== DOT || digits < 1 || digits > 6) return undefined;
  const fraction = readDigits(bytes, start + 9, end);
  return fraction < 0 ? undefined : micros + fraction * 10 ** (6 - digits);
}

const SPACE = 0x20;
const LETTER_T = 0x54;
/** Up to the year 2200 microseconds are exact in a number. */
const LAST_DAY = 84_000;

/** 2024-02-29 12:34:56.789, or with a T between, as microseconds since 1970. */
export function readTimestamp(bytes: Buffer, start: number, end: number): number | undefined {
  const between = bytes[start + 10];
  if (end - start < 19 || (between !== SPACE && between !== LETTER_T)) return undefined;
  const days = readDate(bytes, start, start + 10);
  const micros = readTime(bytes, start + 11, end);
  if (days === undefined || micros === undefined || Math.abs(days) > LAST_DAY) return undefined;
  return days * 86_400_000_000 + micros;
}

/** The same with an offset of whole hours, as PostgreSQL writes it: +00, -05. */
export function readTimestamptz(bytes: Buffer, start: number, end: number): number | undefined {
  const sign = bytes[end - 3];
  if (end - start < 22 || (sign !== PLUS && sign !== MINUS)) return undefined;
  const hours = readDigits(bytes, end - 2, end);
  const local = readTimestamp(bytes, start, end - 3);
  if (hours < 0 || hours > 14 || local === undefined) return undefined;
  return local - (sign === MINUS ? -hours : hours) * 3_600_000_000;
}

/** -1 where there is anything but digits, or nothing. */
function readDigits(bytes: Buffer, start: number, end: number): number {
  if (start >= end) return -1;
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
