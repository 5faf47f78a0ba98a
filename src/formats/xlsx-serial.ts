/** Milliseconds are the finest that Excel shows; a serial number's own error is smaller. */
export const DAY_MS = 86_400_000;

/** 1900-01-01, 1904-01-01 and 9999-12-31 as days since 1970-01-01. */
const FIRST_DAY_1900 = -25_567;
const FIRST_DAY_1904 = -24_107;
const LAST_DAY = 2_932_896;
/** Microseconds of an interval are a signed 64-bit number. */
const LONGEST_MS = 9e15;

/**
 * A serial number as the date and time that Excel shows, in milliseconds since 1970-01-01;
 * undefined where Excel shows no date. In the 1900 system day 1 is 1900-01-01 and day 60 the 29th
 * of a February that had none, so that later days stand one further; in the 1904 system day 0 is
 * 1904-01-01.
 */
export function serialToMoment(serial: number, is1904: boolean): number | undefined {
  let day = Math.floor(serial);
  let ms = Math.round((serial - day) * DAY_MS);
  if (ms === DAY_MS) {
    day++;
    ms = 0;
  }
  const isNoDay = is1904 ? day < 0 : day < 1 || day === 60;
  if (isNoDay) return undefined;
  const epochDay = is1904 ? FIRST_DAY_1904 + day : FIRST_DAY_1900 + day - (day > 60 ? 2 : 1);
  return epochDay > LAST_DAY ? undefined : epochDay * DAY_MS + ms;
}

/** A serial number below 1 as milliseconds since midnight. */
export function serialToTime(serial: number): number {
  return Math.min(Math.round(serial * DAY_MS), DAY_MS - 1);
}

/** A serial number as a length of time in milliseconds; undefined beyond what an interval holds. */
export function serialToDuration(serial: number): number | undefined {
  const ms = Math.round(serial * DAY_MS);
  return Math.abs(ms) <= LONGEST_MS ? ms : undefined;
}

/**
 * The value of a cell of type `d`: ISO 8601 as ECMA-376 part 1, 18.17.4.1 has it, with a date, a
 * time, or both. A closing Z adds nothing, as cells have no time zone; undefined is any other text.
 */
export function parseIsoCell(
  text: string,
): { readonly time: boolean; readonly ms: number } | undefined {
  const match =
    /^(?:(\d{4})-(\d\d)-(\d\d))?(?:T?(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?Z?$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "0"] = match;
  if (year === undefined && match[4] === undefined) return undefined;
  const timeMs =
    Number(hour) * 3_600_000 +
    Number(minute) * 60_000 +
    Number(second) * 1000 +
    Math.round(Number(`0.${fraction}`) * 1000);
  if (Number(minute) > 59 || Number(second) > 59 || timeMs >= DAY_MS) return undefined;
  if (year === undefined) return { time: true, ms: timeMs };
  const dayMs = Date.UTC(Number(year), Number(month) - 1, Number(day));
  const check = new Date(dayMs);
  // Date.UTC lets February 30 roll over, and moves the years 0 to 99 into the 20th century.
  if (check.getUTCDate() !== Number(day) || check.getUTCFullYear() !== Number(year))
    return undefined;
  return { time: false, ms: dayMs + timeMs };
}

/** `yyyy-mm-dd`. */
export function dateText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** `yyyy-mm-dd hh:mm:ss`, with milliseconds only where there are some. */
export function timestampText(ms: number): string {
  return `${dateText(ms)} ${durationText(ms - Math.floor(ms / DAY_MS) * DAY_MS)}`;
}

/** `hh:mm:ss`, with milliseconds only where there are some; hours go on beyond a day. */
export function durationText(ms: number): string {
  const rest = Math.abs(ms);
  const fraction = rest % 1000;
  const digits = fraction === 0 ? "" : `.${String(fraction).padStart(3, "0").replace(/0+$/, "")}`;
  const clock = `${twoDigits(rest / 3_600_000)}:${twoDigits((rest / 60_000) % 60)}:${twoDigits((rest / 1000) % 60)}`;
  return `${ms < 0 ? "-" : ""}${clock}${digits}`;
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, "0");
}
