import { PgError } from "../core/pg-error.ts";

/** A decimal number: `unscaled` divided by ten to the power of `scale`. */
export interface Decimal {
  readonly unscaled: bigint;
  readonly scale: number;
}

/** What PostgreSQL's numeric can be, and DuckDB's DECIMAL cannot. */
export type NumericSpecial = "NaN" | "Infinity" | "-Infinity";

/** The sign field of numeric's binary format. */
const SIGN = {
  positive: 0x0000,
  negative: 0x4000,
  NaN: 0xc000,
  Infinity: 0xd000,
  "-Infinity": 0xf000,
};

/** NUMERIC as text, with all digits of its scale. */
export function numericText(unscaled: bigint, scale: number): string {
  if (scale === 0) return unscaled.toString();
  const negative = unscaled < 0n;
  const digits = (negative ? -unscaled : unscaled).toString().padStart(scale + 1, "0");
  const point = digits.length - scale;
  return `${negative ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** NUMERIC in binary: count, weight, sign, scale, then digits to the base of 10,000. */
export function numericBinary(unscaled: bigint, scale: number): Buffer {
  const negative = unscaled < 0n;
  const magnitude = negative ? -unscaled : unscaled;
  // Whole groups of four digits on both sides of the point.
  const padding = (4 - (scale % 4)) % 4;
  let rest = magnitude * 10n ** BigInt(padding);
  const groups: number[] = [];
  while (rest > 0n) {
    groups.unshift(Number(rest % 10_000n));
    rest /= 10_000n;
  }
  const weight = groups.length === 0 ? 0 : groups.length - 1 - (scale + padding) / 4;
  while (groups.at(-1) === 0) groups.pop();

  const bytes = Buffer.allocUnsafe(8 + groups.length * 2);
  bytes.writeUInt16BE(groups.length, 0);
  bytes.writeInt16BE(weight, 2);
  bytes.writeUInt16BE(negative ? SIGN.negative : SIGN.positive, 4);
  bytes.writeUInt16BE(scale, 6);
  for (const [index, group] of groups.entries()) bytes.writeUInt16BE(group, 8 + index * 2);
  return bytes;
}

const NUMERIC =
  /^[ \t\n\r\v\f]*([-+]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([-+]?\d+))?[ \t\n\r\v\f]*$/;
const SPECIALS: Readonly<Record<string, NumericSpecial>> = {
  nan: "NaN",
  infinity: "Infinity",
  "+infinity": "Infinity",
  "-infinity": "-Infinity",
  inf: "Infinity",
  "+inf": "Infinity",
  "-inf": "-Infinity",
};

/** PostgreSQL's bound on digits before the point; also keeps `1e999999999` from taking memory. */
const MAX_EXPONENT = 131_072;

/** NUMERIC from text, keeping the scale in which it is written. */
export function parseNumeric(text: string): Decimal | NumericSpecial {
  const match = NUMERIC.exec(text);
  if (match === null) {
    const special = SPECIALS[text.trim().toLowerCase()];
    if (special !== undefined) return special;
    throw new PgError(
      "invalid_text_representation",
      `invalid input syntax for type numeric: "${text}"`,
    );
  }
  const [, sign, whole = "", fraction = "", bareFraction, exponentText = "0"] = match;
  const digits = whole + (bareFraction ?? fraction);
  const exponent = Number(exponentText);
  if (Math.abs(exponent) > MAX_EXPONENT) {
    throw new PgError("numeric_value_out_of_range", "value overflows numeric format");
  }
  const scale = (bareFraction ?? fraction).length - exponent;
  const magnitude = BigInt(digits) * (scale < 0 ? 10n ** BigInt(-scale) : 1n);
  return { unscaled: sign === "-" ? -magnitude : magnitude, scale: Math.max(scale, 0) };
}

/** NUMERIC from its binary format. */
export function readNumericBinary(bytes: Buffer): Decimal | NumericSpecial {
  const invalid = (what: string) =>
    new PgError("invalid_binary_representation", `invalid ${what} in external "numeric" value`);
  if (bytes.length < 8) throw invalid("length");
  const count = bytes.readUInt16BE(0);
  const weight = bytes.readInt16BE(2);
  const sign = bytes.readUInt16BE(4);
  const scale = bytes.readUInt16BE(6);
  if (bytes.length !== 8 + count * 2) throw invalid("length");
  if (sign === SIGN.NaN) return "NaN";
  if (sign === SIGN.Infinity) return "Infinity";
  if (sign === SIGN["-Infinity"]) return "-Infinity";
  if (sign !== SIGN.positive && sign !== SIGN.negative) throw invalid("sign");
  if (scale > 0x3fff) throw invalid("scale");

  let digits = 0n;
  for (let index = 0; index < count; index += 1) {
    const group = bytes.readUInt16BE(8 + index * 2);
    if (group > 9999) throw invalid("digit");
    digits = digits * 10_000n + BigInt(group);
  }
  // The digits stand for digits * 10000^(weight - count + 1); bring that to 10^-scale.
  const shift = (weight - count + 1) * 4 + scale;
  const magnitude = shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift);
  return { unscaled: sign === SIGN.negative ? -magnitude : magnitude, scale };
}

export function digitCount(unscaled: bigint): number {
  return (unscaled < 0n ? -unscaled : unscaled).toString().length;
}
