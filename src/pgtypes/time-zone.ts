/** Offsets of time zones from UTC, from the tables that Node.js brings along. */

/** About twelve days: no zone changes its offset and changes it back within one window. */
const WINDOW_SECONDS = 2 ** 20;
/** What a JavaScript Date can hold; beyond it the last rule goes on. */
const MAX_SECONDS = 8_640_000_000_000;
/** A zone's windows are few in practice; a table that spreads over millennia starts over. */
const MAX_WINDOWS = 100_000;

interface Window {
  readonly before: number;
  /** Seconds since 1970 from which `after` holds; infinite where nothing changes. */
  readonly transition: number;
  readonly after: number;
}

export class TimeZone {
  readonly name: string;
  /** Of a zone that never changes its offset. */
  readonly fixedOffset: number | undefined;
  readonly #format: Intl.DateTimeFormat | undefined;
  readonly #windows = new Map<number, Window>();

  /** `name` as IANA has it, or PostgreSQL's `<+02>-02`. Throws RangeError for one that is none. */
  constructor(name: string) {
    this.name = name;
    this.fixedOffset = offsetOfName(name);
    if (this.fixedOffset === undefined) {
      this.#format = new Intl.DateTimeFormat("en-US", {
        timeZone: name,
        timeZoneName: "longOffset",
      });
    }
  }

  /** Seconds to add to UTC, at that many seconds since 1970. */
  offsetAt(epochSeconds: number): number {
    if (this.fixedOffset !== undefined) return this.fixedOffset;
    const seconds = Math.max(-MAX_SECONDS, Math.min(MAX_SECONDS, epochSeconds));
    const key = Math.floor(seconds / WINDOW_SECONDS);
    let window = this.#windows.get(key);
    if (window === undefined) {
      if (this.#windows.size >= MAX_WINDOWS) this.#windows.clear();
      window = this.#lookUp(key);
      this.#windows.set(key, window);
    }
    return seconds < window.transition ? window.before : window.after;
  }

  /**
   * The offset at a wall clock time, given as if it were UTC. Of a time that a change skips or
   * repeats PostgreSQL takes the reading that is the later instant.
   */
  offsetAtLocal(localSeconds: number): number {
    const before = this.offsetAt(localSeconds - 86_400);
    const after = this.offsetAt(localSeconds + 86_400);
    const isBefore = this.offsetAt(localSeconds - before) === before;
    const isAfter = this.offsetAt(localSeconds - after) === after;
    if (isBefore === isAfter) return Math.min(before, after);
    return isBefore ? before : after;
  }

  #lookUp(key: number): Window {
    let low = Math.max(key * WINDOW_SECONDS, -MAX_SECONDS);
    let high = Math.min(low + WINDOW_SECONDS, MAX_SECONDS);
    const before = this.#ask(low);
    const after = this.#ask(high);
    if (before === after) return { before, transition: Number.POSITIVE_INFINITY, after };
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#ask(middle) === before) low = middle;
      else high = middle;
    }
    return { before, transition: high, after };
  }

  #ask(epochSeconds: number): number {
    const parts = this.#format?.formatToParts(epochSeconds * 1000) ?? [];
    const text = parts.find(({ type }) => type === "timeZoneName")?.value ?? "GMT";
    return signedOffset(text.slice(3)) ?? 0;
  }
}

/** Zones by name, each built once. */
export class TimeZones {
  readonly #zones = new Map<string, TimeZone>();

  get(name: string): TimeZone {
    let zone = this.#zones.get(name);
    if (zone === undefined) {
      zone = new TimeZone(name);
      this.#zones.set(name, zone);
    }
    return zone;
  }
}

const UTC_NAMES = new Set(["UTC", "GMT", "ETC/UTC", "ETC/GMT", "ZULU", "UCT", "UNIVERSAL", "Z"]);

function offsetOfName(name: string): number | undefined {
  if (UTC_NAMES.has(name.toUpperCase())) return 0;
  // PostgreSQL's name for SET TIME ZONE 2: the label has the ISO sign, the POSIX part the other.
  const label = /^<([-+][\d:]+)>/.exec(name)?.[1];
  return signedOffset(label ?? name);
}

/** As ICU has it, which knows offsets of whole hours only by POSIX names, where west is positive. */
export function icuZoneName(name: string): string {
  const [, sign, hours] = /^<([-+])(\d{2})>/.exec(name) ?? [];
  return sign === undefined ? name : `Etc/GMT${sign === "-" ? "+" : "-"}${Number(hours)}`;
}

/** `+05:30`, `-03`, `+0530` or `-00:01:15` in seconds. */
export function signedOffset(text: string): number | undefined {
  const match = /^([-+])(\d{1,2})(?::?(\d{2}))?(?::?(\d{2}))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, hours, minutes = "0", seconds = "0"] = match;
  const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return sign === "-" ? -total : total;
}

/** `+02`, `+05:30`, `-00:01:15`: only as long as it must be. */
export function offsetText(offset: number): string {
  const total = Math.abs(offset);
  const two = (value: number) => String(value).padStart(2, "0");
  let text = (offset < 0 ? "-" : "+") + two(Math.floor(total / 3600));
  if (total % 3600 !== 0) text += `:${two(Math.floor((total % 3600) / 60))}`;
  if (total % 60 !== 0) text += `:${two(total % 60)}`;
  return text;
}
