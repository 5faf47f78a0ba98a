import { PgError } from "../core/pg-error.ts";
import { fraction } from "./datetime.ts";
import type { IntervalValue } from "./duckdb-type.ts";

/** IntervalStyle `postgres`: `1 year 2 mons -3 days +04:05:06.7`. */
export function intervalText({ months, days, micros }: IntervalValue): string {
  const parts: string[] = [];
  let afterNegative = false;
  const add = (amount: number, unit: string) => {
    if (amount === 0) return;
    // After a negative part the sign of a positive one has to be said.
    const sign = afterNegative && amount > 0 ? "+" : "";
    parts.push(`${sign}${amount} ${unit}${amount === 1 ? "" : "s"}`);
    afterNegative = amount < 0;
  };
  add(Math.trunc(months / 12), "year");
  add(months % 12, "mon");
  add(days, "day");
  if (micros !== 0n || parts.length === 0) {
    const negative = micros < 0n;
    const magnitude = negative ? -micros : micros;
    const sign = negative ? "-" : afterNegative ? "+" : "";
    parts.push(sign + intervalClock(magnitude));
  }
  return parts.join(" ");
}

function intervalClock(micros: bigint): string {
  const two = (value: bigint) => value.toString().padStart(2, "0");
  const seconds = micros / 1_000_000n;
  const clock = `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`;
  return clock + fraction(Number(micros % 1_000_000n));
}

/** What a unit adds, in months, days and microseconds. */
type Amount = readonly [months: number, days: number, micros: number];

const UNITS: readonly (readonly [RegExp, Amount])[] = [
  [/^(?:microseconds?|usecs?|us|microsecon)$/, [0, 0, 1]],
  [/^(?:milliseconds?|msecs?|ms|millisecon)$/, [0, 0, 1000]],
  [/^(?:seconds?|secs?|s)$/, [0, 0, 1_000_000]],
  [/^(?:minutes?|mins?|m)$/, [0, 0, 60_000_000]],
  [/^(?:hours?|hrs?|h)$/, [0, 0, 3_600_000_000]],
  [/^(?:days?|d)$/, [0, 1, 0]],
  [/^(?:weeks?|w)$/, [0, 7, 0]],
  [/^(?:months?|mons?)$/, [1, 0, 0]],
  [/^(?:years?|yrs?|y)$/, [12, 0, 0]],
  [/^(?:decades?|decs?)$/, [120, 0, 0]],
  [/^(?:century|centuries|cent|c)$/, [1200, 0, 0]],
  [/^(?:millenni(?:um|a)|mils?)$/, [12_000, 0, 0]],
];

const ISO = /^P(?=.)((?:[-+]?[\d.]+[YMWD])*)(?:T((?:[-+]?[\d.]+[HMS])+))?$/i;
const ISO_UNITS: Readonly<Record<string, Amount>> = {
  dY: [12, 0, 0],
  dM: [1, 0, 0],
  dW: [0, 7, 0],
  dD: [0, 1, 0],
  tH: [0, 0, 3_600_000_000],
  tM: [0, 0, 60_000_000],
  tS: [0, 0, 1_000_000],
};

/** INTERVAL from text: PostgreSQL's own forms, its verbose one, and ISO 8601 with designators. */
export function parseInterval(text: string): IntervalValue {
  const total = new IntervalSum(text);
  const trimmed = text.trim();
  const iso = ISO.exec(trimmed);
  if (iso !== null) {
    const [, dates = "", times = ""] = iso;
    for (const [prefix, list] of [
      ["d", dates],
      ["t", times],
    ] as const) {
      for (const [, amount = "", unit = ""] of list.matchAll(/([-+]?[\d.]+)([A-Z])/gi)) {
        const unitAmount = ISO_UNITS[prefix + unit.toUpperCase()];
        if (unitAmount === undefined) throw total.invalid();
        total.add(total.number(amount), unitAmount);
      }
    }
    return total.value();
  }

  const ago = /\s+ago$/i.test(trimmed);
  let rest = trimmed.replace(/\s+ago$/i, "").replace(/^@\s*/, "");
  if (rest === "") throw total.invalid();
  while (rest !== "") {
    const time = /^([-+]?)(\d+):(\d{1,2})(?::(\d{1,2}(?:\.\d*)?))?(?:\s+|$)/.exec(rest);
    const unit =
      /^([-+]?\s*(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*([a-z]+)(?:[\s,]+|(?=[-+\d])|$)/i.exec(rest);
    const bare = /^([-+]?(?:\d+\.?\d*|\.\d+))$/.exec(rest);
    const yearMonth = /^([-+]?)(\d+)-(\d{1,2})(?:\s+|$)/.exec(rest);
    if (time !== null) {
      const [, sign, hours, minutes, seconds = "0"] = time;
      if (Number(minutes) > 59 || Number(seconds) >= 60) throw total.outOfRange();
      const factor = sign === "-" ? -1 : 1;
      total.add(factor * Number(hours), [0, 0, 3_600_000_000]);
      total.add(factor * Number(minutes), [0, 0, 60_000_000]);
      total.add(factor * Number(seconds), [0, 0, 1_000_000]);
    } else if (yearMonth !== null) {
      const [, sign, years, months] = yearMonth;
      total.add((sign === "-" ? -1 : 1) * (Number(years) * 12 + Number(months)), [1, 0, 0]);
    } else if (unit !== null) {
      const name = (unit[2] ?? "").toLowerCase();
      const amount = UNITS.find(([names]) => names.test(name))?.[1];
      if (amount === undefined) throw total.invalid();
      total.add(total.number((unit[1] ?? "").replace(/\s/g, "")), amount);
    } else if (bare !== null) {
      total.add(Number(bare[1]), [0, 0, 1_000_000]);
    } else {
      throw total.invalid();
    }
    rest = rest.slice((time ?? yearMonth ?? unit ?? bare)?.[0].length ?? rest.length);
  }
  return ago ? total.negated() : total.value();
}

/** Adds up parts; what is left of a fraction of a unit goes to the smaller ones. */
class IntervalSum {
  readonly #text: string;
  #months = 0;
  #days = 0;
  #micros = 0;
  /** Whole seconds beyond 2^53 microseconds would lose digits as a number. */
  #wholeMicros = 0n;

  constructor(text: string) {
    this.#text = text;
  }

  add(amount: number, [months, days, micros]: Amount): void {
    if (micros !== 0) {
      const whole = Math.trunc(amount);
      if (!Number.isSafeInteger(whole)) throw this.outOfRange();
      this.#wholeMicros += BigInt(whole) * BigInt(micros);
      this.#micros += (amount - whole) * micros;
      return;
    }
    if (months !== 0) {
      const total = amount * months;
      const whole = Math.trunc(total + Math.sign(total) * 1e-9);
      this.#months += whole;
      const rest = total - whole;
      // A fraction of years is rounded to months; a fraction of months is one of 30 days.
      if (months === 1 && Math.abs(rest) > 1e-9) this.add(rest * 30, [0, 1, 0]);
      return;
    }
    const total = amount * days;
    const whole = Math.trunc(total + Math.sign(total) * 1e-9);
    this.#days += whole;
    const rest = total - whole;
    if (Math.abs(rest) > 1e-9) this.add(rest * 86_400, [0, 0, 1_000_000]);
  }

  number(text: string): number {
    const value = Number(text);
    if (Number.isNaN(value)) throw this.invalid();
    return value;
  }

  value(): IntervalValue {
    const micros = this.#wholeMicros + BigInt(Math.round(this.#micros));
    const isDayRange = Math.abs(this.#months) < 2 ** 31 && Math.abs(this.#days) < 2 ** 31;
    if (!isDayRange || BigInt.asIntN(64, micros) !== micros) throw this.outOfRange();
    return { months: this.#months, days: this.#days, micros };
  }

  negated(): IntervalValue {
    const { months, days, micros } = this.value();
    // `0 -` instead of a sign, which would make a negative zero.
    return { months: 0 - months, days: 0 - days, micros: -micros };
  }

  invalid(): PgError {
    return new PgError(
      "invalid_datetime_format",
      `invalid input syntax for type interval: "${this.#text}"`,
    );
  }

  outOfRange(): PgError {
    return new PgError(
      "interval_field_overflow",
      `interval field value out of range: "${this.#text}"`,
    );
  }
}
