/**
 * Numbers as decimal text, four digits to a store. Each function writes at `p` and answers where
 * the text ends. All of them may write up to three bytes beyond that: callers leave slack.
 *
 * V8 puts every number that is not a small integer on the heap when it crosses a call, which would
 * cost more than the digits. So functions read wide values from the vector themselves and hand each
 * other parts below 2^31 only.
 */
import { numericText } from "../pgtypes/numeric.ts";

const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;

/** "0000" to "9999", as the word whose first byte in memory is the first digit. */
export const FOUR_DIGITS: Uint32Array = (() => {
  const words = new Uint32Array(10_000);
  for (let value = 0; value < 10_000; value += 1) {
    const thousands = Math.floor(value / 1000);
    const hundreds = Math.floor(value / 100) % 10;
    const tens = Math.floor(value / 10) % 10;
    words[value] =
      ZERO * 0x01010101 + thousands + (hundreds << 8) + (tens << 16) + ((value % 10) << 24);
  }
  return words;
})();

/** A table read that the bounds of its index make certain. */
export function at(table: Uint32Array, index: number): number {
  return table[index] as number;
}

/** Below 10,000, without leading zeros. */
function putUpTo4(view: DataView, p: number, value: number): number {
  const word = at(FOUR_DIGITS, value);
  if (value >= 1000) {
    view.setUint32(p, word, true);
    return p + 4;
  }
  if (value >= 100) {
    view.setUint32(p, word >>> 8, true);
    return p + 3;
  }
  if (value >= 10) {
    view.setUint32(p, word >>> 16, true);
    return p + 2;
  }
  view.setUint32(p, word >>> 24, true);
  return p + 1;
}

/** Below 10^8, without leading zeros. */
function putUpTo8(view: DataView, p: number, value: number): number {
  if (value < 10_000) return putUpTo4(view, p, value);
  const high = (value / 10_000) | 0;
  const next = putUpTo4(view, p, high);
  view.setUint32(next, at(FOUR_DIGITS, value - high * 10_000), true);
  return next + 4;
}

/** Exactly eight digits. */
function putExactly8(view: DataView, p: number, value: number): number {
  const high = (value / 10_000) | 0;
  view.setUint32(p, at(FOUR_DIGITS, high), true);
  view.setUint32(p + 4, at(FOUR_DIGITS, value - high * 10_000), true);
  return p + 8;
}

/** What remains of a number after its lowest eight digits, and those. */
const EIGHT_DIGITS = 1e8;

/** `high * 10^8 + low`, of which `high` is below 10^8, too. */
export function putParts(view: DataView, p: number, high: number, low: number): number {
  if (high === 0) return putUpTo8(view, p, low);
  return putExactly8(view, putUpTo8(view, p, high), low);
}

/** An integer of up to 32 bits. */
export function putInteger(view: DataView, p: number, value: number): number {
  if (value >= 0) return putUnsigned(view, p, value);
  view.setUint8(p, MINUS);
  return putUnsigned(view, p + 1, -value);
}

export function putUnsigned(view: DataView, p: number, value: number): number {
  if (value < EIGHT_DIGITS) return putUpTo8(view, p, value);
  const high = Math.floor(value / EIGHT_DIGITS);
  return putExactly8(view, putUpTo8(view, p, high), value - high * EIGHT_DIGITS);
}

/** Where the upper half of a 64 bit integer leaves the range that a number holds exactly. */
export const SAFE_HIGH = 0x200000;

/** A BIGINT, or the lower half of a HUGEINT that has no more to it. */
export function putInt64(view: DataView, p: number, source: DataView, offset: number): number {
  const high = source.getInt32(offset + 4, true);
  if (high >= SAFE_HIGH || high < -SAFE_HIGH) {
    return putAscii(view, p, source.getBigInt64(offset, true).toString());
  }
  let to = p;
  let magnitude = high * 4294967296 + source.getUint32(offset, true);
  if (magnitude < 0) {
    view.setUint8(to, MINUS);
    to += 1;
    magnitude = -magnitude;
  }
  const upper = Math.floor(magnitude / EIGHT_DIGITS);
  return putParts(view, to, upper, magnitude - upper * EIGHT_DIGITS);
}

export function putUint64(view: DataView, p: number, source: DataView, offset: number): number {
  if (source.getUint32(offset + 4, true) < SAFE_HIGH) return putInt64(view, p, source, offset);
  return putAscii(view, p, source.getBigUint64(offset, true).toString());
}

/** Whether a HUGEINT fits 64 bits: sums are HUGEINT, and nearly all of them do. */
export function isInt64(source: DataView, offset: number): boolean {
  const sign = source.getInt32(offset + 4, true) >> 31;
  return source.getInt32(offset + 8, true) === sign && source.getInt32(offset + 12, true) === sign;
}

export function putInt128(view: DataView, p: number, source: DataView, offset: number): number {
  if (isInt64(source, offset)) return putInt64(view, p, source, offset);
  return putAscii(view, p, int128(source, offset).toString());
}

export function putUint128(view: DataView, p: number, source: DataView, offset: number): number {
  return putAscii(view, p, BigInt.asUintN(128, int128(source, offset)).toString());
}

export function int128(source: DataView, offset: number): bigint {
  return (source.getBigInt64(offset + 8, true) << 64n) | source.getBigUint64(offset, true);
}

/** A DECIMAL of up to 9 digits: its unscaled value, and ten to the power of its scale. */
export function putDecimal(
  view: DataView,
  p: number,
  value: number,
  scale: number,
  power: number,
): number {
  if (scale === 0) return putInteger(view, p, value);
  let to = p;
  let magnitude = value;
  if (value < 0) {
    view.setUint8(to, MINUS);
    to += 1;
    magnitude = -value;
  }
  const whole = (magnitude / power) | 0;
  to = putUnsigned(view, to, whole);
  view.setUint8(to, POINT);
  return putPadded(view, to + 1, magnitude - whole * power, scale);
}

/** Below ten to the power of `digits`, of which there are nine at most, with leading zeros. */
export function putPadded(view: DataView, p: number, value: number, digits: number): number {
  let rest = value;
  let left = digits;
  while (left >= 4) {
    const quotient = (rest / 10_000) | 0;
    left -= 4;
    view.setUint32(p + left, at(FOUR_DIGITS, rest - quotient * 10_000), true);
    rest = quotient;
  }
  while (left > 0) {
    const quotient = (rest / 10) | 0;
    left -= 1;
    view.setUint8(p + left, ZERO + rest - quotient * 10);
    rest = quotient;
  }
  return p + digits;
}

/** A DECIMAL of 10 to 18 digits. */
export function putDecimal64(
  view: DataView,
  p: number,
  source: DataView,
  offset: number,
  scale: number,
  power: number,
): number {
  if (scale === 0) return putInt64(view, p, source, offset);
  const high = source.getInt32(offset + 4, true);
  if (high >= SAFE_HIGH || high < -SAFE_HIGH) {
    return putAscii(view, p, numericText(source.getBigInt64(offset, true), scale));
  }
  let to = p;
  let magnitude = high * 4294967296 + source.getUint32(offset, true);
  if (magnitude < 0) {
    view.setUint8(to, MINUS);
    to += 1;
    magnitude = -magnitude;
  }
  let whole = Math.floor(magnitude / power);
  // The quotient is rounded, and may have been rounded up to the next integer.
  if (whole * power > magnitude) whole -= 1;
  const upper = Math.floor(whole / EIGHT_DIGITS);
  to = putParts(view, to, upper, whole - upper * EIGHT_DIGITS);
  view.setUint8(to, POINT);
  const fraction = magnitude - whole * power;
  if (scale <= 8) return putPadded(view, to + 1, fraction, scale);
  const first = Math.floor(fraction / EIGHT_DIGITS);
  // Up to ten digits before the last eight, of which 2^53 leaves eight to differ from zero.
  to = putPadded(view, putZeros(view, to + 1, scale - 17), first, Math.min(scale - 8, 9));
  return putExactly8(view, to, fraction - first * EIGHT_DIGITS);
}

function putZeros(view: DataView, p: number, count: number): number {
  for (let index = 0; index < count; index += 1) view.setUint8(p + index, ZERO);
  return Math.max(p, p + count);
}

/** A DECIMAL of 19 to 38 digits. */
export function putDecimal128(
  view: DataView,
  p: number,
  source: DataView,
  offset: number,
  scale: number,
): number {
  return putAscii(view, p, numericText(int128(source, offset), scale));
}

/** Text that is known to be ASCII and short. */
export function putAscii(view: DataView, p: number, text: string): number {
  for (let index = 0; index < text.length; index += 1) {
    view.setUint8(p + index, text.charCodeAt(index));
  }
  return p + text.length;
}
