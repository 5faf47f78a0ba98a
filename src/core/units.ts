/** "512MB", "60%" and "30s" to numbers and back. Sizes count in 1024s, as PostgreSQL's settings do. */

/** What a text came to. `expected` completes the sentence "expected …" for whoever wrote the text. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly expected: string };

const SIZE_UNITS = {
  B: 1,
  KB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
} as const;

const DURATION_UNITS = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
} as const;

/** Timers take a signed 32-bit number of milliseconds and fire at once when given more. */
const LONGEST_DURATION_MS = 2 ** 31 - 1;

export const EXPECTED = {
  size: "a size such as 512MB (B, KB, MB, GB, TB)",
  duration: "a duration such as 30s (ms, s, m, h, d)",
  longestDuration: "a duration of at most 24d",
  largestSize: "a size below 8192TB",
  percentage: "a percentage from 1% to 100%",
} as const;

/** Bytes. A bare number other than 0 is refused: nobody can tell which unit was meant. */
export function parseSize(text: string): Reading<number> {
  const reading = parseQuantity(text, SIZE_UNITS, EXPECTED.size);
  if (reading.ok && reading.value > Number.MAX_SAFE_INTEGER) {
    return { ok: false, expected: EXPECTED.largestSize };
  }
  return reading;
}

/** Milliseconds. `0` needs no unit. */
export function parseDuration(text: string): Reading<number> {
  const reading = parseQuantity(text, DURATION_UNITS, EXPECTED.duration);
  if (reading.ok && reading.value > LONGEST_DURATION_MS) {
    return { ok: false, expected: EXPECTED.longestDuration };
  }
  return reading;
}

/** A share of something as a fraction: "60%" is 0.6. */
export function parsePercentage(text: string): Reading<number> {
  const match = /^(\d{1,3}(?:\.\d{1,6})?) ?%$/.exec(text.trim());
  const percent = Number(match?.[1]);
  return percent >= 1 && percent <= 100
    ? { ok: true, value: percent / 100 }
    : { ok: false, expected: EXPECTED.percentage };
}

/** The shortest exact text: 1536 is "1536B", 1572864 is "1536KB". */
export function formatSize(bytes: number): string {
  return formatQuantity(bytes, SIZE_UNITS);
}

/** The shortest exact text: 90000 is "90s". */
export function formatDuration(ms: number): string {
  return formatQuantity(ms, DURATION_UNITS);
}

function parseQuantity(
  text: string,
  units: Readonly<Record<string, number>>,
  expected: string,
): Reading<number> {
  const match = /^(\d{1,16}(?:\.\d{1,6})?) ?([A-Za-z]*)$/.exec(text.trim());
  if (match === null) return { ok: false, expected };
  const [, digits = "", suffix = ""] = match;
  const number = Number(digits);
  if (suffix === "") return number === 0 ? { ok: true, value: 0 } : { ok: false, expected };
  const unit = Object.keys(units).find((name) => name.toLowerCase() === suffix.toLowerCase());
  const factor = unit === undefined ? undefined : units[unit];
  if (factor === undefined) return { ok: false, expected };
  return { ok: true, value: Math.round(number * factor) };
}

function formatQuantity(value: number, units: Readonly<Record<string, number>>): string {
  if (value === 0) return "0";
  let best = String(value);
  for (const [name, factor] of Object.entries(units)) {
    if (value % factor === 0) best = `${value / factor}${name}`;
  }
  return best;
}
