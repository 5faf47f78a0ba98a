/** PostgreSQL's dates and times in constants, as far as DuckDB does not read them itself. */

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** The words that are moments, as SQL. `type` is date, timestamp or timestamptz. */
export function momentOf(literal: string, type: string): string | undefined {
  const today = { date: "current_date", timestamp: "current_date", timestamptz: "current_date" }[
    type
  ];
  const now = { date: "current_date", timestamp: "localtimestamp", timestamptz: "now()" }[type];
  switch (literal.trim().toLowerCase()) {
    case "now":
      return now;
    case "today":
      return today;
    case "tomorrow":
      return today === undefined ? undefined : `${today} + 1`;
    case "yesterday":
      return today === undefined ? undefined : `${today} - 1`;
    default:
      return undefined;
  }
}

/** ISO 8601 text of a date, with a time of day and a zone if the literal has them. */
export function isoText(literal: string): string | undefined {
  const trimmed = literal.trim();
  const ad = trimmed.replace(/\s+AD$/i, "");
  const bc = /\s+BC$/i.test(ad);
  const [, date = "", time = ""] =
    /^(.+?)(?:(?:\s+|T)(\d{1,2}:\d{2}.*))?$/i.exec(bc ? ad.replace(/\s+BC$/i, "") : ad) ?? [];
  const day = isoDate(date);
  if (day === undefined) return undefined;
  const clock = time === "" ? "" : isoTime(time);
  return clock === undefined
    ? undefined
    : `${day}${bc ? " (BC)" : ""}${clock === "" ? "" : ` ${clock}`}`;
}

function isoDate(text: string): string | undefined {
  const ymd =
    /^(\d{4,6})[-/.](\d{1,2})[-/.](\d{1,2})$/.exec(text) ?? /^(\d{4})(\d{2})(\d{2})$/.exec(text);
  if (ymd !== null) return joined(ymd[1], ymd[2], ymd[3]);
  // DateStyle's default reads the month first.
  const mdy = /^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$/.exec(text);
  if (mdy !== null) return joined(mdy[3], mdy[1], mdy[2]);
  const words = text.replace(/^(mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+/i, "");
  const monthFirst = /^([a-z]{3,9})\.?[\s-]+(\d{1,2}),?[\s-]+(\d{4})$/i.exec(words);
  if (monthFirst !== null) return joined(monthFirst[3], monthOf(monthFirst[1]), monthFirst[2]);
  const dayFirst = /^(\d{1,2})[\s-]+([a-z]{3,9})\.?,?[\s-]+(\d{4})$/i.exec(words);
  if (dayFirst !== null) return joined(dayFirst[3], monthOf(dayFirst[2]), dayFirst[1]);
  const yearFirst = /^(\d{4})[\s-]+([a-z]{3,9})[\s-]+(\d{1,2})$/i.exec(words);
  return yearFirst === null ? undefined : joined(yearFirst[1], monthOf(yearFirst[2]), yearFirst[3]);
}

function monthOf(name: string | undefined): string | undefined {
  const index = MONTHS.indexOf((name ?? "").slice(0, 3).toLowerCase());
  return index < 0 ? undefined : String(index + 1);
}

function joined(
  year: string | undefined,
  month: string | undefined,
  day: string | undefined,
): string | undefined {
  if (year === undefined || month === undefined || day === undefined) return undefined;
  return `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
}

/** `10:00+02` and `4:05 PM` as `10:00:00+02:00` and `16:05:00`. */
export function isoTime(text: string): string | undefined {
  const match =
    /^(\d{1,2}):(\d{2})(?::(\d{2})(\.\d+)?)?\s*(am|pm)?\s*(z|utc|gmt|[-+]\d{1,2}(?::?\d{2})?|[a-z]+(?:\/[a-z_]+)+)?$/i.exec(
      text.trim(),
    );
  if (match === null) return undefined;
  const [, hours = "", minutes = "", seconds = "00", fraction = "", half, zone] = match;
  const hour =
    half === undefined
      ? Number(hours)
      : (Number(hours) % 12) + (half.toLowerCase() === "pm" ? 12 : 0);
  const rounded = roundedSeconds(seconds, fraction);
  if (rounded === undefined) return undefined;
  return `${String(hour).padStart(2, "0")}:${minutes}:${rounded}${isoZone(zone)}`;
}

/** DuckDB cuts what is finer than a microsecond, PostgreSQL rounds. */
function roundedSeconds(seconds: string, fraction: string): string | undefined {
  if (fraction.length <= 7) return `${seconds}${fraction}`;
  const micros = Math.round(Number(`0${fraction}`) * 1_000_000);
  return micros === 1_000_000 ? undefined : `${seconds}.${String(micros).padStart(6, "0")}`;
}

function isoZone(zone: string | undefined): string {
  if (zone === undefined) return "";
  if (/^(z|utc|gmt)$/i.test(zone)) return "+00";
  const [, sign, hours, minutes] = /^([-+])(\d{1,2}):?(\d{2})?$/.exec(zone) ?? [];
  if (sign === undefined) return ` ${zone}`;
  return `${sign}${hours?.padStart(2, "0")}${minutes === undefined ? "" : `:${minutes}`}`;
}
