/**
 * float8 and float4 as text: the fewest digits that read back as the same number, in the notation
 * that PostgreSQL picks for them.
 */

/** The exponent from which PostgreSQL writes `1e+15`: the number of digits that it always keeps. */
const FLOAT8_DIGITS = 15;
const FLOAT4_DIGITS = 6;

export function float8Text(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return specialText(value);
  const magnitude = Math.abs(value);
  // Below 2^53 JavaScript's shortest digits are PostgreSQL's, and in this range its notation, too.
  if (magnitude >= 1e-4 && magnitude < 1e15) return String(value);
  const [digits, exponent] =
    magnitude < 2 ** 53 ? shortestDigits(magnitude) : float8Digits(magnitude);
  return (value < 0 ? "-" : "") + notation(digits, exponent, FLOAT8_DIGITS);
}

export function float4Text(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return specialText(value);
  const [digits, exponent] = float4Digits(Math.abs(value));
  return (value < 0 ? "-" : "") + notation(digits, exponent, FLOAT4_DIGITS);
}

function specialText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

/** The digits without a point, and the power of ten of the first one. */
type Digits = readonly [digits: string, exponent: number];

function notation(digits: string, exponent: number, precision: number): string {
  if (exponent < -4 || exponent >= precision) {
    const sign = exponent < 0 ? "-" : "+";
    const power = String(Math.abs(exponent)).padStart(2, "0");
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    return `${digits[0]}${fraction}e${sign}${power}`;
  }
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  const point = exponent + 1;
  if (digits.length <= point) return digits.padEnd(point, "0");
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}

function shortestDigits(magnitude: number): Digits {
  return split(magnitude.toExponential());
}

function split(exponential: string): Digits {
  const [mantissa = "", exponent = "0"] = exponential.split("e");
  return [mantissa.replace(".", "").replace(/0+$/, "") || "0", Number(exponent)];
}

/**
 * From 2^53 on, half way between two doubles lies an integer. JavaScript takes such digits when
 * they round to the even neighbour; PostgreSQL wants them strictly nearer to the number.
 */
function float8Digits(magnitude: number): Digits {
  const shortest = shortestDigits(magnitude);
  if (!isHalfWay(shortest, magnitude)) return shortest;
  for (let precision = shortest[0].length + 1; precision < 17; precision += 1) {
    const text = magnitude.toExponential(precision - 1);
    const digits = split(text);
    if (Number(text) === magnitude && !isHalfWay(digits, magnitude)) return digits;
  }
  return split(magnitude.toExponential(16));
}

function isHalfWay([digits, exponent]: Digits, magnitude: number): boolean {
  const doubled = BigInt(digits.padEnd(exponent + 1, "0")) * 2n;
  const exact = BigInt(magnitude);
  return (
    doubled === exact + BigInt(neighbour(magnitude, 1)) ||
    doubled === exact + BigInt(neighbour(magnitude, -1))
  );
}

const FLOAT_BITS = new DataView(new ArrayBuffer(8));

/** The next double, or the one before; the largest one is its own next. */
function neighbour(magnitude: number, step: 1 | -1): number {
  FLOAT_BITS.setFloat64(0, magnitude);
  FLOAT_BITS.setBigInt64(0, FLOAT_BITS.getBigInt64(0) + BigInt(step));
  const value = FLOAT_BITS.getFloat64(0);
  return Number.isFinite(value) ? value : magnitude;
}

/** A float4 arrives as a double with the same value; nine digits always tell them apart. */
function float4Digits(magnitude: number): Digits {
  FLOAT_BITS.setFloat32(0, magnitude);
  const bits = FLOAT_BITS.getInt32(0);
  FLOAT_BITS.setInt32(0, bits + 1);
  const above = FLOAT_BITS.getFloat32(0);
  FLOAT_BITS.setInt32(0, bits - 1);
  const below = FLOAT_BITS.getFloat32(0);
  // Between two floats a double has room for the exact half way point.
  const upper = Number.isFinite(above)
    ? (magnitude + above) / 2
    : magnitude + (magnitude - below) / 2;
  const lower = (magnitude + below) / 2;
  // Most floats need seven digits or more.
  const first = float4DigitsOf(magnitude, 6, lower, upper) === undefined ? 7 : 1;
  for (let precision = first; precision < 9; precision += 1) {
    const digits = float4DigitsOf(magnitude, precision, lower, upper);
    if (digits !== undefined) return digits;
  }
  return split(magnitude.toExponential(8));
}

/** That many digits, if they lie between the bounds. */
function float4DigitsOf(
  magnitude: number,
  precision: number,
  lower: number,
  upper: number,
): Digits | undefined {
  const text = magnitude.toExponential(precision - 1);
  const isPowerOfTwo = upper - magnitude !== magnitude - lower;
  const value = Number(text);
  if (!isPowerOfTwo && (value < lower || value > upper)) return undefined;

  const [rounded, exponent] = split(text);
  const isInside = value > lower && value < upper;
  if (isInside && !mayBeTie(magnitude, precision)) return [rounded, exponent];
  const power = exponent - precision + 1;
  const digits = tieToEven(rounded.padEnd(precision, "0"), power, magnitude);
  if (isBetween(digits, power, lower, upper)) {
    return split(`${digits[0]}.${digits.slice(1)}e${exponent}`);
  }
  // At a power of two the gap below is half of the one above: the digits may fit only above.
  const next = String(BigInt(digits) + 1n);
  if (isPowerOfTwo && isBetween(next, power, lower, upper)) {
    return split(Number(`${next}e${power}`).toExponential());
  }
  return undefined;
}

/** One digit more is a five, and perhaps the last one. */
function mayBeTie(magnitude: number, precision: number): boolean {
  const longer = magnitude.toExponential(precision);
  return longer.includes("5e") && Number(longer) === magnitude;
}

/** JavaScript rounds an exact half up, PostgreSQL to the even digit. */
function tieToEven(digits: string, power: number, magnitude: number): string {
  const value = BigInt(digits);
  const isTie = compareExactly(String(value * 2n - 1n), power, magnitude * 2) === 0;
  return isTie && value % 2n === 1n ? String(value - 1n) : digits;
}

/** Whether `digits * 10^power` lies strictly between the two, which are exact. */
function isBetween(digits: string, power: number, lower: number, upper: number): boolean {
  const value = Number(`${digits}e${power}`);
  if (value === lower) return compareExactly(digits, power, lower) > 0;
  if (value === upper) return compareExactly(digits, power, upper) < 0;
  return value > lower && value < upper;
}

/** The sign of `digits * 10^power - bound`, where rounding to a double hides it. */
function compareExactly(digits: string, power: number, bound: number): number {
  // bound = numerator / 2^shift.
  let shift = 0;
  let numerator = bound;
  while (!Number.isInteger(numerator)) {
    numerator *= 2;
    shift += 1;
  }
  const left = BigInt(digits) * 10n ** BigInt(Math.max(power, 0)) * 2n ** BigInt(shift);
  const right = BigInt(numerator) * 10n ** BigInt(Math.max(-power, 0));
  return left < right ? -1 : left > right ? 1 : 0;
}
