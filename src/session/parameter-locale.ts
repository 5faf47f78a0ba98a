import { PgError } from "../core/pg-error.ts";
import { clientEncodingByName } from "../protocol/client-encoding.ts";
import { invalidValue } from "./parameter-values.ts";

/** client_encoding, DateStyle and TimeZone: how values are written in text. */

/** Encodings that PostgreSQL converts for its clients, as plain letters and digits. */
const OTHER_ENCODINGS =
  /^(latin\d+|iso8859\d+|win(dows)?\d*|euc\w+|sjis|shiftjis\w*|mskanji|big5|gbk|uhc|gb18030|johab|koi8[ru]?|alt|abc|tcvn\d*|vscii|muleinternal)$/;

export function clientEncoding(value: string): string {
  const encoding = clientEncodingByName(value);
  if (encoding !== undefined) return encoding;
  const plain = value.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  if (!OTHER_ENCODINGS.test(plain)) throw invalidValue("client_encoding", value);
  throw new PgError("feature_not_supported", `client_encoding "${value}" is not supported`, {
    hint: "Text is sent and read in UTF8, LATIN1 or SQL_ASCII, which is UTF-8 without conversion.",
  });
}

const ORDERS: Readonly<Record<string, string>> = {
  mdy: "MDY",
  us: "MDY",
  noneuro: "MDY",
  noneuropean: "MDY",
  dmy: "DMY",
  euro: "DMY",
  european: "DMY",
  ymd: "YMD",
};
const STYLES: readonly string[] = ["iso", "german", "sql", "postgres"];

/** Style and order, each at most once. */
export function dateStyle(value: string): string {
  const orders = new Set<string>();
  const styles = new Set<string>();
  const words = value.split(",").map((word) => word.trim().replaceAll('"', "").toLowerCase());
  for (const word of words.filter((word) => word !== "" && word !== "default")) {
    const order = ORDERS[word];
    if (order !== undefined) orders.add(order);
    else if (STYLES.includes(word)) styles.add(word);
    else throw invalidValue("DateStyle", value, { detail: `Unrecognized key word: "${word}".` });
  }
  if (orders.size > 1 || styles.size > 1) {
    throw invalidValue("DateStyle", value, { detail: 'Conflicting "datestyle" specifications.' });
  }
  if (styles.size === 1 && !styles.has("iso")) {
    throw new PgError("feature_not_supported", `DateStyle "${value}" is not supported`, {
      hint: "Use ISO.",
    });
  }
  const [order = "MDY"] = orders;
  return `ISO, ${order}`;
}

const HIGHEST_OFFSET_HOURS = 168;

/** A zone's name, a number of hours east of Greenwich, or PostgreSQL's own spelling of the latter. */
export function timeZone(value: string): string {
  if (/^<[-+]\d{2}(:\d{2})?>[-+]\d{2}(:\d{2})?$/.test(value)) return value;
  const hours = /^\s*([-+]?)(\d+(?:\.\d+)?)\s*$/.exec(value);
  if (hours !== null) return offsetZone(value, hours[1] ?? "", Number(hours[2]));
  try {
    const { timeZone: known } = new Intl.DateTimeFormat("en", {
      timeZone: value,
    }).resolvedOptions();
    // An alias such as US/Pacific is valid, and stays what it is.
    return known.toLowerCase() === value.toLowerCase() ? known : inTitleCase(value);
  } catch {
    throw invalidValue("TimeZone", value, { hint: "Name a zone such as Europe/Berlin or UTC." });
  }
}

function offsetZone(value: string, sign: string, hours: number): string {
  if (hours >= HIGHEST_OFFSET_HOURS) {
    throw invalidValue("TimeZone", value, { detail: "UTC timezone offset is out of range." });
  }
  const minutes = Math.round(hours * 60);
  const two = (number: number): string => String(number).padStart(2, "0");
  const rest = minutes % 60 === 0 ? "" : `:${two(minutes % 60)}`;
  const offset = `${two(Math.floor(minutes / 60))}${rest}`;
  return sign === "-" ? `<-${offset}>+${offset}` : `<+${offset}>-${offset}`;
}

/** Zones' names are found in any case and shown in theirs, which is this for nearly all of them. */
function inTitleCase(name: string): string {
  if (/[A-Z]/.test(name)) return name;
  if (/^[a-z]{3}$/.test(name)) return name.toUpperCase();
  return name.replaceAll(/[a-z]+/g, (word) =>
    word.length < 3 ? word.toUpperCase() : word.charAt(0).toUpperCase() + word.slice(1),
  );
}
