import { float4Text, float8Text } from "../pgtypes/floats.ts";
import { at, FOUR_DIGITS, putAscii, putParts, putUnsigned } from "./row-encoder-digits.ts";

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/** From here on PostgreSQL writes an exponent. */
const FLOAT8_EXPONENT = 1e15;
const FLOAT4_EXPONENT = 1e6;
/** Below this, too. */
const SMALLEST_PLAIN = 1e-4;

/**
 * A float8 in the fewest digits. Integers and numbers with up to six decimals need no search: if
 * `scaled / 10^6` is the very same double and has at most 15 digits, no other text that short can
 * mean it.
 */
export function putFloat8(view: DataView, p: number, source: DataView, offset: number): number {
  const value = source.getFloat64(offset, true);
  const magnitude = Math.abs(value);
  if (magnitude < FLOAT8_EXPONENT) {
    const whole = Math.floor(magnitude);
    if (magnitude === whole) {
      const upper = Math.floor(whole / 1e8);
      return putParts(view, putSign(view, p, isNegative(value)), upper, whole - upper * 1e8);
    }
    if (magnitude >= SMALLEST_PLAIN) {
      const scaled = Math.floor(magnitude * 1e6 + 0.5);
      if (scaled < 1e15 && scaled / 1e6 === magnitude) {
        // Below 10^9: a part that crosses the call as it is.
        return putDecimals(view, putSign(view, p, value < 0), whole, scaled - whole * 1e6);
      }
    }
  }
  return putAscii(view, p, float8Text(value));
}

/** A float4, by the same argument: at most six digits, of which four may be decimals. */
export function putFloat4(view: DataView, p: number, source: DataView, offset: number): number {
  const value = source.getFloat32(offset, true);
  const magnitude = Math.abs(value);
  if (magnitude < FLOAT4_EXPONENT) {
    const whole = Math.floor(magnitude);
    if (magnitude === whole) return putUnsigned(view, putSign(view, p, isNegative(value)), whole);
    if (magnitude >= SMALLEST_PLAIN) {
      const scaled = Math.floor(magnitude * 1e4 + 0.5);
      if (scaled < 1e6 && Math.fround(scaled / 1e4) === magnitude) {
        return putDecimals(view, putSign(view, p, value < 0), whole, (scaled - whole * 1e4) * 100);
      }
    }
  }
  return putAscii(view, p, float4Text(value));
}

/** PostgreSQL shows the sign of a zero. */
function isNegative(value: number): boolean {
  return value < 0 || Object.is(value, -0);
}

function putSign(view: DataView, p: number, negative: boolean): number {
  if (!negative) return p;
  view.setUint8(p, MINUS);
  return p + 1;
}

/** Six decimals that are not all zero, without the zeros at their end. */
function putDecimals(view: DataView, p: number, whole: number, millionths: number): number {
  const to = putUnsigned(view, p, whole);
  view.setUint8(to, POINT);
  const high = (millionths / 100) | 0;
  view.setUint32(to + 1, at(FOUR_DIGITS, high), true);
  view.setUint16(to + 5, at(FOUR_DIGITS, millionths - high * 100) >>> 16, true);
  let end = to + 7;
  while (view.getUint8(end - 1) === ZERO) end -= 1;
  return end;
}
