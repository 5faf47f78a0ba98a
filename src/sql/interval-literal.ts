/** An interval in the three parts that both engines keep. */
interface Interval {
  readonly months: number;
  readonly days: number;
  readonly micros: number;
}

const SECOND = 1_000_000;
const DAY = 86_400 * SECOND;

/** What one of each unit is. Fractions of a month count 30 days, as in PostgreSQL. */
const UNITS: readonly (readonly [pattern: RegExp, unit: Interval])[] = [
  [/^(us|usecs?|microseconds?)$/, { months: 0, days: 0, micros: 1 }],
  [/^(ms|msecs?|milliseconds?)$/, { months: 0, days: 0, micros: 1000 }],
  [/^(s|secs?|seconds?)$/, { months: 0, days: 0, micros: SECOND }],
  [/^(m|mins?|minutes?)$/, { months: 0, days: 0, micros: 60 * SECOND }],
  [/^(h|hrs?|hours?)$/, { months: 0, days: 0, micros: 3600 * SECOND }],
  [/^(d|days?)$/, { months: 0, days: 1, micros: 0 }],
  [/^(w|weeks?)$/, { months: 0, days: 7, micros: 0 }],
  [/^(mon|mons|months?)$/, { months: 1, days: 0, micros: 0 }],
  [/^(y|yrs?|years?)$/, { months: 12, days: 0, micros: 0 }],
  [/^(dec|decs|decades?)$/, { months: 120, days: 0, micros: 0 }],
  [/^(c|cent|century|centuries)$/, { months: 1200, days: 0, micros: 0 }],
  [/^(mil|mils|millennium|millennia)$/, { months: 12_000, days: 0, micros: 0 }],
];

/** Of the bits of interval's typmod, the smallest unit that a bare number counts: datetime.h. */
const FIELDS: readonly (readonly [bit: number, unit: string])[] = [
  [1 << 12, "second"],
  [1 << 11, "minute"],
  [1 << 10, "hour"],
  [1 << 3, "day"],
  [1 << 1, "month"],
  [1 << 2, "year"],
];

/**
 * PostgreSQL's interval input as months, days and microseconds, which DuckDB reads. Undefined where
 * it is not understood here.
 */
export function intervalText(literal: string, fields: number | undefined): string | undefined {
  const text = literal.trim().toLowerCase();
  const interval = text.startsWith("p") ? iso8601(text) : verbose(text, bareUnit(fields));
  if (interval === undefined) return undefined;
  const { months, days, micros } = interval;
  return `${months} months ${days} days ${Math.round(micros)} microseconds`;
}

function bareUnit(fields: number | undefined): string {
  return (
    FIELDS.find(
      ([bit]) => fields !== undefined && fields !== 0x7fff && (fields & bit) !== 0,
    )?.[1] ?? "second"
  );
}

const ZERO: Interval = { months: 0, days: 0, micros: 0 };

function times({ months, days, micros }: Interval, count: number): Interval {
  const wholeMonths = Math.trunc(months * count + (count < 0 ? -1e-9 : 1e-9));
  // A fraction of years gives whole months, a fraction of months gives days.
  const fraction = months === 1 ? count - wholeMonths : 0;
  const allDays = days * count + fraction * 30;
  const wholeDays = Math.trunc(allDays + (count < 0 ? -1e-9 : 1e-9));
  return {
    months: wholeMonths,
    days: wholeDays,
    micros: micros * count + (allDays - wholeDays) * DAY,
  };
}

function plus(a: Interval, b: Interval): Interval {
  return { months: a.months + b.months, days: a.days + b.days, micros: a.micros + b.micros };
}

function unitOf(name: string): Interval | undefined {
  return UNITS.find(([pattern]) => pattern.test(name))?.[1];
}

function iso8601(text: string): Interval | undefined {
  const [, date = "", time = ""] =
    /^p((?:-?[\d.]+[ymwd])*)(?:t((?:-?[\d.]+[hms])+))?$/.exec(text) ?? [];
  if (date === "" && time === "") return undefined;
  const parts = [
    ...[...date.matchAll(/(-?[\d.]+)([ymwd])/g)].map(([, count, unit]) => [
      count,
      unit === "m" ? "month" : unit,
    ]),
    ...[...time.matchAll(/(-?[\d.]+)([hms])/g)].map(([, count, unit]) => [count, unit]),
  ];
  return parts.reduce(
    (sum, [count, unit]) => plus(sum, times(unitOf(unit ?? "") ?? ZERO, Number(count))),
    ZERO,
  );
}

const PART =
  /\s*(?:([-+]?)(\d+):(\d{1,2})(?::(\d{1,2}(?:\.\d+)?))?|([-+]?)(\d+)-(\d{1,2})(?![\d:])|([-+]?(?:\d+\.?\d*|\.\d+))\s*([a-z]+)?)\s*/y;

function verbose(text: string, bare: string): Interval | undefined {
  const ago = /\bago$/.test(text);
  const rest = text.replace(/^@\s*/, "").replace(/\s*\bago$/, "");
  let sum = ZERO;
  const part = new RegExp(PART);
  while (part.lastIndex < rest.length) {
    const match = part.exec(rest);
    if (match === null) return undefined;
    const next = partOf(match, rest.slice(part.lastIndex), bare);
    if (next === undefined) return undefined;
    sum = plus(sum, next);
  }
  return rest === "" ? undefined : times3(sum, ago ? -1 : 1);
}

function times3({ months, days, micros }: Interval, sign: 1 | -1): Interval {
  return { months: months * sign, days: days * sign, micros: micros * sign };
}

function partOf(match: RegExpExecArray, rest: string, bare: string): Interval | undefined {
  const [, timeSign, hours, minutes, seconds, yearSign, years, months, count, unit] = match;
  if (hours !== undefined) {
    const micros = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds ?? 0)) * SECOND;
    return { ...ZERO, micros: timeSign === "-" ? -micros : micros };
  }
  if (years !== undefined)
    return { ...ZERO, months: (Number(years) * 12 + Number(months)) * (yearSign === "-" ? -1 : 1) };
  // `3 4:05`: a number before a time of day counts days.
  const isDays = unit === undefined && /^[-+]?\d+:/.test(rest);
  const one = unitOf(unit ?? (isDays ? "day" : bare));
  return one === undefined ? undefined : times(one, Number(count));
}
