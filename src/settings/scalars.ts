/** The kinds of YAML values that both files share, each with the words that say what is allowed. */
import { z } from "zod";
import {
  EXPECTED,
  formatSize,
  parseDuration,
  parsePercentage,
  parseSize,
  type Reading,
} from "../core/units.ts";

interface ScalarKind<T> {
  readonly expected: string;
  /** For the JSON Schema: what an editor can check. */
  readonly jsonSchema: Readonly<Record<string, unknown>>;
  readonly read: (text: string) => Reading<T>;
}

/** A value that YAML may read as text or as a number, such as `30s` and `0`. */
export function scalar<T>({ expected, jsonSchema, read }: ScalarKind<T>) {
  return z
    .unknown()
    .meta(jsonSchema)
    .transform((value, context): T => {
      const reading: Reading<T> =
        typeof value === "string" || typeof value === "number"
          ? read(String(value))
          : { ok: false, expected };
      if (reading.ok) return reading.value;
      context.addIssue({ code: "custom", params: { expected: reading.expected } });
      return z.NEVER;
    });
}

const SIZE_PATTERN = "^\\s*([0-9]+(\\.[0-9]+)? ?([kKmMgGtT]?[bB])|0)\\s*$";
const DURATION_PATTERN = "^\\s*([0-9]+(\\.[0-9]+)? ?(ms|s|m|h|d)|0)\\s*$";

/** Bytes; 0 stands for none. */
export const SIZE = scalar({
  expected: EXPECTED.size,
  jsonSchema: { type: ["string", "integer"], pattern: SIZE_PATTERN, maximum: 0 },
  read: parseSize,
});

/** Bytes, within bounds that are said when it is outside. */
export function sizeBetween(minimum: number, maximum: number) {
  const expected = `a size from ${formatSize(minimum)} to ${formatSize(maximum)}`;
  return scalar({
    expected,
    jsonSchema: { type: "string", pattern: SIZE_PATTERN },
    read(text) {
      const size = parseSize(text);
      const fits = size.ok && size.value >= minimum && size.value <= maximum;
      return fits ? size : { ok: false, expected };
    },
  });
}

/** Milliseconds; 0 stands for none. */
export const DURATION = scalar({
  expected: EXPECTED.duration,
  jsonSchema: { type: ["string", "integer"], pattern: DURATION_PATTERN, maximum: 0 },
  read: parseDuration,
});

/** Milliseconds, and long enough that something can happen in the time. */
export const TIMEOUT = scalar({
  expected: EXPECTED.duration,
  jsonSchema: { type: "string", pattern: DURATION_PATTERN },
  read(text) {
    const duration = parseDuration(text);
    if (duration.ok && duration.value < 1_000) {
      return { ok: false, expected: "a duration of at least 1s" };
    }
    return duration;
  },
});

/** What there is of a thing that can be shared out: a fixed size, or a part of the whole. */
export type Share =
  | { readonly kind: "size"; readonly bytes: number }
  | { readonly kind: "fraction"; readonly fraction: number };

export const SHARE = scalar<Share>({
  expected: `${EXPECTED.size} or ${EXPECTED.percentage}`,
  jsonSchema: { type: "string", pattern: "^\\s*[0-9]+(\\.[0-9]+)? ?([kKmMgGtT]?[bB]|%)\\s*$" },
  read(text) {
    const fraction = parsePercentage(text);
    if (fraction.ok) return { ok: true, value: { kind: "fraction", fraction: fraction.value } };
    const size = parseSize(text);
    return size.ok && size.value > 0
      ? { ok: true, value: { kind: "size", bytes: size.value } }
      : { ok: false, expected: `${EXPECTED.size} or ${EXPECTED.percentage}` };
  },
});

/** How often something happens, in milliseconds. */
export const INTERVAL = scalar<number | "off">({
  expected: `${EXPECTED.duration}, or off`,
  jsonSchema: { type: "string", pattern: `^off$|${DURATION_PATTERN}` },
  read(text) {
    if (text === "off") return { ok: true, value: "off" };
    const duration = parseDuration(text);
    if (duration.ok && duration.value < 1_000) {
      return { ok: false, expected: "an interval of at least 1s, or off" };
    }
    return duration.ok ? duration : { ok: false, expected: `${duration.expected}, or off` };
  },
});

/** A port to listen on; 0 lets the system choose one. */
export const PORT = scalar({
  expected: "a port from 0 to 65535",
  jsonSchema: { type: "integer", minimum: 0, maximum: 65_535 },
  read(text) {
    const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
    return port <= 65_535
      ? { ok: true, value: port }
      : { ok: false, expected: "a port from 0 to 65535" };
  },
});

/** Text with something in it. */
export const TEXT = z.string().min(1);

/** A number of things of which there is at least one. */
export const COUNT = z.int().min(1).max(1_000_000);

/** Text of a form that `expected` puts in words. */
export function textLike(expected: string, pattern: RegExp) {
  return z
    .string()
    .superRefine((text, context) => {
      if (!pattern.test(text)) context.addIssue({ code: "custom", params: { expected } });
    })
    .meta({ pattern: pattern.source });
}
