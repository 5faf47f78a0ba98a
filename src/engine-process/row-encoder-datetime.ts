/**
 * Dates and times from tables. Functions write at `p`, answer where the text ends, and may write up
 * to three bytes beyond it.
 */
import {
  civilDate,
  DATE_INFINITY,
  datePgDays,
  dateText,
  EPOCH_DAYS,
  timestampPgMicros,
  timestampText,
  timestamptzText,
  timeText,
} from "../pgtypes/datetime.ts";
import { offsetText, type TimeZone } from "../pgtypes/time-zone.ts";
import { at, FOUR_DIGITS, putAscii, SAFE_HIGH } from "./row-encoder-digits.ts";

const POINT = 0x2e;
const DASH = 0x2d;
const COLON = 0x3a;
const ZERO = 0x30;
const SPACE = 0x20;

/** The days of the years 1900 to 2099, whose text is looked up. */
const FIRST_DAY = -25_567;
const DAY_COUNT = 73_049;

/** Three words for each day: `2024`, `-01-`, `05`. */
const DAY_WORDS: Uint32Array = (() => {
  const words = new Uint32Array(DAY_COUNT * 3);
  for (let index = 0; index < DAY_COUNT; index += 1) {
    const { year, month, day } = civilDate(FIRST_DAY + index);
    words[index * 3] = at(FOUR_DIGITS, year);
    words[index * 3 + 1] = DASH + ((at(FOUR_DIGITS, month) >>> 8) & 0xffff00) + DASH * 0x1000000;
    words[index * 3 + 2] = at(FOUR_DIGITS, day) >>> 16;
  }
  return words;
})();

/** Two words for each second of a day: `12:3`, `4:56`. */
const SECOND_WORDS: Uint32Array = (() => {
  const words = new Uint32Array(86_400 * 2);
  const tens = (value: number) => ZERO + Math.floor(value / 10);
  const ones = (value: number) => ZERO + (value % 10);
  for (let second = 0; second < 86_400; second += 1) {
    const h = Math.floor(second / 3600);
    const m = Math.floor(second / 60) % 60;
    const s = second % 60;
    words[second * 2] = (tens(h) | (ones(h) << 8) | (COLON << 16) | (tens(m) << 24)) >>> 0;
    words[second * 2 + 1] = (ones(m) | (COLON << 8) | (tens(s) << 16) | (ones(s) << 24)) >>> 0;
  }
  return words;
})();

export function putDate(view: DataView, p: number, days: number): number {
  const index = days - FIRST_DAY;
  if (index >= 0 && index < DAY_COUNT) return putDay(view, p, index);
  return putAscii(view, p, dateText(days));
}

function putDay(view: DataView, p: number, index: number): number {
  view.setUint32(p, at(DAY_WORDS, index * 3), true);
  view.setUint32(p + 4, at(DAY_WORDS, index * 3 + 1), true);
  view.setUint32(p + 8, at(DAY_WORDS, index * 3 + 2), true);
  return p + 10;
}

/** A second of a day, and microseconds with up to six digits. */
function putClock(view: DataView, p: number, second: number, micros: number): number {
  view.setUint32(p, at(SECOND_WORDS, second * 2), true);
  view.setUint32(p + 4, at(SECOND_WORDS, second * 2 + 1), true);
  if (micros === 0) return p + 8;
  view.setUint8(p + 8, POINT);
  const high = (micros / 100) | 0;
  view.setUint32(p + 9, at(FOUR_DIGITS, high), true);
  view.setUint16(p + 13, at(FOUR_DIGITS, micros - high * 100) >>> 16, true);
  let end = p + 15;
  while (view.getUint8(end - 1) === ZERO) end -= 1;
  return end;
}

/** A TIME: microseconds since midnight. */
export function putTime(view: DataView, p: number, source: DataView, offset: number): number {
  const micros = source.getUint32(offset + 4, true) * 4294967296 + source.getUint32(offset, true);
  const second = Math.floor(micros / 1e6);
  if (second < 86_400) return putClock(view, p, second, micros - second * 1e6);
  // 24:00:00.
  return putAscii(view, p, timeText(source.getBigInt64(offset, true)));
}

const MICROS_PER_DAY = 86_400_000_000;

/** A TIMESTAMP. */
export function putTimestamp(view: DataView, p: number, source: DataView, offset: number): number {
  const end = putMicros(view, p, source, offset, 0);
  if (end !== 0) return end;
  return putAscii(view, p, timestampText(source.getBigInt64(offset, true)));
}

/** The same in a time zone, with its offset. */
export function putTimestamptz(
  view: DataView,
  p: number,
  source: DataView,
  offset: number,
  zone: TimeZone,
): number {
  const seconds = Math.floor(
    (source.getInt32(offset + 4, true) * 4294967296 + source.getUint32(offset, true)) / 1e6,
  );
  const shift = zone.fixedOffset ?? zone.offsetAt(seconds);
  const end = putMicros(view, p, source, offset, shift);
  if (end !== 0) return putOffset(view, end, shift);
  return putAscii(view, p, timestamptzText(source.getBigInt64(offset, true), zone));
}

/**
 * Date and time of a TIMESTAMP that many seconds later. Writes nothing and answers 0 where the table
 * of days ends.
 */
function putMicros(
  view: DataView,
  p: number,
  source: DataView,
  offset: number,
  shift: number,
): number {
  const high = source.getInt32(offset + 4, true);
  if (high >= SAFE_HIGH || high < -SAFE_HIGH) return 0;
  const micros = high * 4294967296 + source.getUint32(offset, true) + shift * 1e6;
  let days = Math.floor(micros / MICROS_PER_DAY);
  let rest = micros - days * MICROS_PER_DAY;
  // The quotient is rounded, and may have been rounded up to the next day.
  if (rest < 0) {
    days -= 1;
    rest += MICROS_PER_DAY;
  }
  const index = days - FIRST_DAY;
  if (index < 0 || index >= DAY_COUNT) return 0;
  const next = putDay(view, p, index);
  view.setUint8(next, SPACE);
  const second = Math.floor(rest / 1e6);
  return putClock(view, next + 1, second, rest - second * 1e6);
}

function putOffset(view: DataView, p: number, offset: number): number {
  if (offset % 3600 !== 0) return putAscii(view, p, offsetText(offset));
  view.setUint8(p, offset < 0 ? DASH : 0x2b);
  view.setUint16(p + 1, at(FOUR_DIGITS, Math.abs(offset) / 3600) >>> 16, true);
  return p + 3;
}

/** date in binary: days since 2000. */
export function putDateBinary(view: DataView, p: number, days: number): number {
  const isPlain = days < DATE_INFINITY && days > -DATE_INFINITY + EPOCH_DAYS;
  view.setInt32(p, isPlain ? days - EPOCH_DAYS : datePgDays(days));
  return p + 4;
}

/** 946,684,800,000,000 microseconds from 1970 to 2000, as halves. */
const EPOCH_HIGH = 220_417;
const EPOCH_LOW = 993_517_568;

/** timestamp and timestamptz in binary: microseconds since 2000. */
export function putTimestampBinary(
  view: DataView,
  p: number,
  source: DataView,
  offset: number,
): number {
  const high = source.getInt32(offset + 4, true);
  // Far from both ends of the range, where infinities and overflows are.
  if (high < 0x7fff0000 && high > -0x7fff0000) {
    const difference = source.getUint32(offset, true) - EPOCH_LOW;
    const borrow = difference < 0 ? 1 : 0;
    view.setInt32(p, high - EPOCH_HIGH - borrow);
    view.setUint32(p + 4, difference + borrow * 4294967296);
    return p + 8;
  }
  view.setBigInt64(p, timestampPgMicros(source.getBigInt64(offset, true)));
  return p + 8;
}
