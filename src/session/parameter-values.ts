import { booleanWord } from "../core/boolean-word.ts";
/** Values of run-time parameters in text: read, checked and shown as PostgreSQL's guc.c does it. */
import { PgError } from "../core/pg-error.ts";

/** The value as it is kept and shown, or an error. */
export type Check = (value: string) => string;

export function invalidValue(
  name: string,
  value: string,
  details: { readonly hint?: string; readonly detail?: string } = {},
): PgError {
  return new PgError(
    "invalid_parameter_value",
    `invalid value for parameter "${name}": "${value}"`,
    details,
  );
}

/** As a parameter keeps it. */
export function readBoolean(value: string): "on" | "off" | undefined {
  const word = booleanWord(value);
  return word === undefined ? undefined : word ? "on" : "off";
}

export function boolean(name: string): Check {
  return (value) => {
    const canonical = readBoolean(value);
    if (canonical !== undefined) return canonical;
    throw new PgError("invalid_parameter_value", `parameter "${name}" requires a Boolean value`);
  };
}

/** Words that PostgreSQL takes and does not list. */
const HIDDEN_WORDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  client_min_messages: { debug: "debug2", info: "info" },
};

export function oneOf(name: string, words: readonly string[]): Check {
  return (value) => {
    const lower = value.toLowerCase();
    const word = words.find((word) => word === lower) ?? HIDDEN_WORDS[name]?.[lower];
    if (word !== undefined) return word;
    const truth = /^(true|false|yes|no|1|0)$/.test(lower) ? readBoolean(lower) : undefined;
    if (truth !== undefined && words.includes(truth)) return truth;
    throw invalidValue(name, value, { hint: `Available values: ${words.join(", ")}.` });
  };
}

/** Largest first: SHOW takes the first that leaves no rest. */
type Units = readonly (readonly [unit: string, factor: number])[];

const TIME_UNITS: Units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
  ["ms", 1],
  ["us", 0.001],
];
const MEMORY_UNITS: Units = [
  ["TB", 1024 ** 4],
  ["GB", 1024 ** 3],
  ["MB", 1024 ** 2],
  ["kB", 1024],
  ["B", 1],
];

const HINTS = {
  time: 'Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".',
  memory: 'Valid units for this parameter are "B", "kB", "MB", "GB", and "TB".',
} as const;

interface Base {
  readonly units: Units;
  /** Of the unit that a bare number has, in that of factor 1. */
  readonly factor: number;
  readonly hint: string;
}

/** `ms`, `kB`, `8kB` and the like; undefined for a number without a unit. */
function baseOf(unit: string): Base | undefined {
  const [, count = "", name = ""] = /^(\d*)(\w+)$/.exec(unit) ?? [];
  for (const [units, hint] of [
    [TIME_UNITS, HINTS.time],
    [MEMORY_UNITS, HINTS.memory],
  ] as const) {
    const factor = units.find(([known]) => known === name)?.[1];
    if (factor !== undefined) return { units, factor: factor * Number(count || 1), hint };
  }
  return undefined;
}

export interface NumberRange {
  readonly kind: "int" | "real";
  /** `-` for none. */
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  /** The bounds as PostgreSQL prints them. */
  readonly bounds: string;
}

const LARGEST_INTEGER = 2 ** 31 - 1;

export function number(name: string, range: NumberRange): Check {
  const base = range.unit === "-" ? undefined : baseOf(range.unit);
  return (value) => {
    const parsed = readNumber(name, value, base);
    const kept = range.kind === "int" ? roundHalfEven(parsed) : parsed;
    if (range.kind === "int" && Math.abs(kept) > LARGEST_INTEGER) {
      throw invalidValue(name, value, { hint: "Value exceeds integer range." });
    }
    if (kept < range.min || kept > range.max) {
      const shown = `${showNumber(kept)}${base === undefined ? "" : ` ${range.unit}`}`;
      throw new PgError(
        "invalid_parameter_value",
        `${shown} is outside the valid range for parameter "${name}" (${range.bounds})`,
      );
    }
    return showQuantity(kept, base);
  };
}

/** In the parameter's own unit. Integers may be octal and hexadecimal, as strtol() takes them. */
function readNumber(name: string, value: string, base: Base | undefined): number {
  const match = /^\s*([-+]?)(0x[\da-f]+|(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*([a-z]*)\s*$/i.exec(
    value,
  );
  if (match === null) {
    const hasNumber = /^\s*[-+]?\.?\d/.test(value);
    throw invalidValue(name, value, hasNumber && base ? { hint: base.hint } : {});
  }
  const [, sign, digits = "", unit = ""] = match;
  const isOctal = /^0[0-7]+$/.test(digits);
  const absolute = isOctal ? Number.parseInt(digits, 8) : Number(digits);
  const given = sign === "-" ? -absolute : absolute;
  if (unit === "") return given;
  const factor = base?.units.find(([known]) => known === unit)?.[1];
  if (base === undefined || factor === undefined) {
    throw invalidValue(name, value, base === undefined ? {} : { hint: base.hint });
  }
  return (given * factor) / base.factor;
}

/** C's rint(). */
function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

function showQuantity(value: number, base: Base | undefined): string {
  if (base === undefined || value <= 0) return showNumber(value);
  const amount = value * base.factor;
  for (const [unit, factor] of base.units) {
    const quotient = amount / factor;
    if (Math.abs(quotient - Math.round(quotient)) < 1e-9) return `${Math.round(quotient)}${unit}`;
  }
  return showNumber(value);
}

/** C's %g: six digits, and an exponent from 10^6 on; integers in full. */
function showNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) <= LARGEST_INTEGER) return String(value);
  const [mantissa = "", exponent] = value.toPrecision(6).split("e");
  const short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  return exponent === undefined ? short : `${short}e${exponent.replace(/^([-+])(\d)$/, "$10$2")}`;
}

/** As SHOW prints a time: `30s`, `5min`, `1500ms`, `0`. */
export function showDuration(ms: number): string {
  return showQuantity(ms, baseOf("ms"));
}

/** The inverse: for the timers. */
export function durationMs(shown: string): number {
  if (shown === "0") return 0;
  const match = /^(\d+)(ms|s|min|h|d)$/.exec(shown);
  const factor = TIME_UNITS.find(([unit]) => unit === match?.[2])?.[1] ?? 0;
  return Number(match?.[1] ?? 0) * factor;
}

/** The parts of a list of names: quotes removed, others lower-cased; undefined where it is none. */
export function namesInList(value: string): readonly string[] | undefined {
  if (value.trim() === "") return [];
  const names: string[] = [];
  const part = /\s*(?:"((?:[^"]|"")*)"|([^\s,"]+))\s*(,|$)/y;
  for (;;) {
    const match = part.exec(value);
    if (match === null) return undefined;
    names.push(match[1]?.replaceAll('""', '"') ?? match[2]?.toLowerCase() ?? "");
    if (match[3] === "") return names;
  }
}
