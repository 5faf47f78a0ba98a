/** numeric in binary, for values that a number holds exactly; the others go through BigInt. */
import { numericBinary } from "../pgtypes/numeric.ts";
import { int128, isInt64, SAFE_HIGH } from "./row-encoder-digits.ts";

const NEGATIVE = 0x4000;
/** Group of four digits: what numeric is made of. */
const BASE = 10_000;
/** Room for them while one value is written: four before the point at most, five behind it. */
const groups = new Uint16Array(16);

/**
 * `value` is the unscaled integer, `power` ten to the power of `scale`, and `padding` the power of
 * ten that fills the last group behind the point.
 */
export function putNumeric(
  view: DataView,
  p: number,
  value: number,
  scale: number,
  power: number,
  padding: number,
): number {
  const magnitude = Math.abs(value);
  let whole = Math.floor(magnitude / power);
  if (whole * power > magnitude) whole -= 1;
  let fraction = magnitude - whole * power;

  // From the last group to the first.
  const behind = (scale + 3) >> 2;
  let first = groups.length;
  for (let index = 0; index < behind; index += 1) {
    // The last group may have fewer digits than four, and is filled up with zeros.
    const fill = index === 0 ? padding : 1;
    const unit = BASE / fill;
    const quotient = Math.floor(fraction / unit);
    first -= 1;
    groups[first] = (fraction - quotient * unit) * fill;
    fraction = quotient;
  }
  while (whole > 0) {
    const quotient = Math.floor(whole / BASE);
    first -= 1;
    groups[first] = whole - quotient * BASE;
    whole = quotient;
  }
  let end = groups.length;
  while (end > first && groups[end - 1] === 0) end -= 1;
  // A value below one has no group before the point, and perhaps empty ones behind it.
  while (first < end && groups[first] === 0) first += 1;

  const count = end - first;
  view.setInt16(p, count);
  view.setInt16(p + 2, count === 0 ? 0 : groups.length - behind - first - 1);
  view.setUint16(p + 4, value < 0 ? NEGATIVE : 0);
  view.setUint16(p + 6, scale);
  for (let index = 0; index < count; index += 1) {
    view.setUint16(p + 8 + index * 2, groups[first + index] as number);
  }
  return p + 8 + count * 2;
}

/** A DECIMAL of 10 to 18 digits, or a BIGINT. */
export function putNumeric64(
  view: DataView,
  buffer: Buffer,
  p: number,
  source: DataView,
  offset: number,
  scale: number,
  power: number,
  padding: number,
): number {
  const high = source.getInt32(offset + 4, true);
  if (high < SAFE_HIGH && high >= -SAFE_HIGH) {
    const value = high * 4294967296 + source.getUint32(offset, true);
    return putNumeric(view, p, value, scale, power, padding);
  }
  return putExact(buffer, p, source.getBigInt64(offset, true), scale);
}

/** A UBIGINT. */
export function putUnsignedNumeric(
  view: DataView,
  buffer: Buffer,
  p: number,
  source: DataView,
  offset: number,
): number {
  if (source.getInt32(offset + 4, true) >= 0) {
    return putNumeric64(view, buffer, p, source, offset, 0, 1, 1);
  }
  return putExact(buffer, p, source.getBigUint64(offset, true), 0);
}

/** A DECIMAL of 19 to 38 digits, or a HUGEINT. */
export function putNumeric128(
  view: DataView,
  buffer: Buffer,
  p: number,
  source: DataView,
  offset: number,
  scale: number,
): number {
  if (scale === 0 && isInt64(source, offset)) {
    return putNumeric64(view, buffer, p, source, offset, 0, 1, 1);
  }
  return putExact(buffer, p, int128(source, offset), scale);
}

function putExact(buffer: Buffer, p: number, unscaled: bigint, scale: number): number {
  const bytes = numericBinary(unscaled, scale);
  bytes.copy(buffer, p);
  return p + bytes.length;
}
