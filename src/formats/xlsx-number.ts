/** Longer texts are no numbers: an exact double has at most 1,075 digits, and nobody writes those. */
const LONGEST_NUMBER = 400;
/** Digits that are exact in a double whatever they are. */
const EXACT_DIGITS = 15;
const POWERS_OF_TEN = Array.from({ length: EXACT_DIGITS + 1 }, (_, exponent) => 10 ** exponent);
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;

/**
 * The number that the text of a cell is, or NaN. Short decimals, which nearly all are, are read
 * straight from their bytes: digits and a power of ten that are both exact make one rounding.
 */
export function readNumber(bytes: Buffer, length: number): number {
  let index = bytes[0] === MINUS ? 1 : 0;
  const isNegative = index === 1;
  let digits = 0;
  let scale = 0;
  let value = 0;
  let hasDot = false;
  for (; index < length; index++) {
    const digit = (bytes[index] ?? 0) - ZERO;
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      digits++;
      if (hasDot) scale++;
    } else if (bytes[index] === DOT && !hasDot) {
      hasDot = true;
    } else {
      return readAnyNumber(bytes, length);
    }
  }
  if (digits === 0 || length > LONGEST_NUMBER) return Number.NaN;
  if (digits > EXACT_DIGITS) return Number(bytes.toString("latin1", 0, length));
  if (scale > 0) value /= POWERS_OF_TEN[scale] ?? 1;
  return isNegative ? -value : value;
}

/** With an exponent, a plus sign or spaces around it; or no number at all. */
function readAnyNumber(bytes: Buffer, length: number): number {
  if (length > LONGEST_NUMBER) return Number.NaN;
  const text = bytes.toString("latin1", 0, length).trim();
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Number.NaN;
  const value = Number(text);
  return Number.isFinite(value) ? value : Number.NaN;
}

/** The digits of an integer that a double cannot hold exactly; undefined for all other texts. */
export function readLongInteger(bytes: Buffer, length: number): string | undefined {
  if (length <= EXACT_DIGITS || length > LONGEST_NUMBER) return undefined;
  const text = bytes.toString("latin1", 0, length).trim();
  if (!/^[+-]?\d+$/.test(text) || Number.isSafeInteger(Number(text))) return undefined;
  return BigInt(text.replace(/^\+/, "")).toString();
}

/** The digits of which Excel shows none: they are what is left of binary arithmetic. */
const SHOWN_DIGITS = 15;
/** Where fifteen digits end with so many zeros, what stands behind them is no measured value. */
const NOISE_ZEROS = 3;
/** Numbers of more digits before or behind the point stay in scientific notation. */
const LONGEST_POSITIONAL = 40;

/**
 * A number cell as a person would write it down: without an exponent, and without the noise that
 * makes 0.30000000000000004 of 0.1 + 0.2. No digit is invented.
 */
export function numberText(value: number): string {
  const usual = String(value);
  if (usual.length <= SHOWN_DIGITS + 1 && !usual.includes("e")) return usual;
  const shortest = value.toExponential();
  const mark = shortest.indexOf("e");
  if (mark < SHOWN_DIGITS + 1) return positional(shortest);
  const shown = value.toExponential(SHOWN_DIGITS - 1);
  const [digits = "", exponent] = shown.split("e");
  const trimmed = digits.replace(/\.?0+$/, "");
  return positional(
    digits.length - trimmed.length >= NOISE_ZEROS ? `${trimmed}e${exponent}` : shortest,
  );
}

function positional(scientific: string): string {
  const [, sign = "", first = "", rest = "", exponentText = ""] =
    /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(scientific) ?? [];
  const exponent = Number(exponentText);
  const digits = first + rest;
  if (Math.abs(exponent) > LONGEST_POSITIONAL) {
    return `${sign}${first}${rest === "" ? "" : `.${rest}`}e${exponentText}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return sign + digits.padEnd(exponent + 1, "0");
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/** A count in decimal digits, or -1: what attributes and shared strings refer with. */
export function readIndex(bytes: Buffer, start: number, end: number): number {
  if (end <= start || end - start > 10) return -1;
  let value = 0;
  for (let index = start; index < end; index++) {
    const digit = (bytes[index] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
