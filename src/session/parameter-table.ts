import { PgError } from "../core/pg-error.ts";
import { clientEncodingByName } from "../protocol/client-encoding.ts";

/** One run-time parameter that the gateway itself keeps (PostgreSQL documentation, chapter 20). */
export interface Parameter {
  /** As SHOW and ParameterStatus spell it. */
  readonly name: string;
  readonly initial: string;
  /** Sent to the client whenever it changes. */
  readonly reported: boolean;
  /** The value in its canonical form, or an error; undefined where no client may change it. */
  readonly check: ((value: string) => string) | undefined;
}

const KEEP = (value: string): string => value;

function parameter(
  name: string,
  initial: string,
  check: Parameter["check"],
  reported: "reported" | "silent" = "silent",
): Parameter {
  return { name, initial, reported: reported === "reported", check };
}

function table(serverVersion: string): readonly Parameter[] {
  return [
    parameter("application_name", "", applicationName, "reported"),
    parameter("client_encoding", "UTF8", clientEncoding, "reported"),
    parameter("DateStyle", "ISO, MDY", dateStyle, "reported"),
    parameter(
      "default_transaction_read_only",
      "off",
      boolean("default_transaction_read_only"),
      "reported",
    ),
    parameter("in_hot_standby", "off", undefined, "reported"),
    parameter("integer_datetimes", "on", undefined, "reported"),
    parameter(
      "IntervalStyle",
      "postgres",
      onlyThese("IntervalStyle", { postgres: "postgres" }),
      "reported",
    ),
    parameter("is_superuser", "off", undefined, "reported"),
    parameter("server_encoding", "UTF8", undefined, "reported"),
    parameter("server_version", serverVersion, undefined, "reported"),
    parameter("session_authorization", "", sessionAuthorization, "reported"),
    parameter(
      "standard_conforming_strings",
      "on",
      onlyThese("standard_conforming_strings", { on: "on" }),
      "reported",
    ),
    parameter("TimeZone", "UTC", timeZone, "reported"),
    parameter("search_path", '"$user", public', KEEP),
    parameter("extra_float_digits", "1", extraFloatDigits),
    parameter("bytea_output", "hex", onlyThese("bytea_output", { hex: "hex" })),
    parameter("statement_timeout", "0", milliseconds("statement_timeout")),
    parameter("lock_timeout", "0", milliseconds("lock_timeout")),
    parameter(
      "idle_in_transaction_session_timeout",
      "0",
      milliseconds("idle_in_transaction_session_timeout"),
    ),
    parameter("idle_session_timeout", "0", milliseconds("idle_session_timeout")),
    parameter("transaction_isolation", "read committed", isolation("transaction_isolation")),
    parameter(
      "default_transaction_isolation",
      "read committed",
      isolation("default_transaction_isolation"),
    ),
    parameter("transaction_read_only", "off", boolean("transaction_read_only")),
    parameter("role", "none", onlyThese("role", { none: "none" })),
  ];
}

/** The parameters of a session, by lower-cased name, in the order in which PostgreSQL reports them. */
export function parameterTable(serverVersion: string): ReadonlyMap<string, Parameter> {
  return new Map(table(serverVersion).map((entry) => [entry.name.toLowerCase(), entry]));
}

export function invalidValue(name: string, value: string, hint?: string): PgError {
  return new PgError(
    "invalid_parameter_value",
    `invalid value for parameter "${name}": "${value}"`,
    {
      hint,
    },
  );
}

const BOOLEANS: Readonly<Record<string, string>> = {
  on: "on",
  true: "on",
  yes: "on",
  "1": "on",
  off: "off",
  false: "off",
  no: "off",
  "0": "off",
};

function boolean(name: string): (value: string) => string {
  return (value) => {
    const canonical = BOOLEANS[value.toLowerCase()];
    if (canonical !== undefined) return canonical;
    throw new PgError("invalid_parameter_value", `parameter "${name}" requires a Boolean value`);
  };
}

/** SET SESSION AUTHORIZATION to oneself is a no-op and does not get here. */
function sessionAuthorization(value: string): string {
  throw new PgError(
    "insufficient_privilege",
    `permission denied to set session authorization "${value}"`,
  );
}

/** What PostgreSQL would take and we cannot do is refused by name rather than ignored. */
function onlyThese(
  name: string,
  allowed: Readonly<Record<string, string>>,
): (value: string) => string {
  return (value) => {
    const lower = value.toLowerCase();
    const canonical = allowed[lower] ?? allowed[BOOLEANS[lower] ?? ""];
    if (canonical !== undefined) return canonical;
    throw new PgError("feature_not_supported", `parameter "${name}" cannot be set to "${value}"`, {
      hint: `Only ${Object.keys(allowed).join(", ")} is supported.`,
    });
  };
}

/** PostgreSQL keeps 63 bytes of printable ASCII and shows each other byte as a question mark. */
function applicationName(value: string): string {
  return Buffer.from(value, "utf8")
    .toString("latin1")
    .replaceAll(/[^\x20-\x7e]/g, "?")
    .slice(0, 63);
}

function clientEncoding(value: string): string {
  const encoding = clientEncodingByName(value);
  if (encoding !== undefined) return encoding;
  throw invalidValue(
    "client_encoding",
    value,
    "Text is sent and read in UTF8, LATIN1 or SQL_ASCII, which is UTF-8 without conversion.",
  );
}

function dateStyle(value: string): string {
  let order = "MDY";
  for (const part of value
    .toLowerCase()
    .split(",")
    .map((word) => word.trim())) {
    if (part === "iso" || part === "default") continue;
    if (part === "mdy" || part === "us" || part === "noneuro") order = "MDY";
    else if (part === "dmy" || part.startsWith("euro")) order = "DMY";
    else if (part === "ymd") order = "YMD";
    else if (["german", "sql", "postgres"].includes(part)) {
      throw new PgError("feature_not_supported", `DateStyle "${value}" is not supported`, {
        hint: "Use ISO.",
      });
    } else throw invalidValue("DateStyle", value);
  }
  return `ISO, ${order}`;
}

function timeZone(value: string): string {
  if (/^(utc|gmt|z|zulu|default)$/i.test(value)) return "UTC";
  try {
    return new Intl.DateTimeFormat("en", { timeZone: value }).resolvedOptions().timeZone;
  } catch {
    throw invalidValue("TimeZone", value, "Name a zone such as Europe/Berlin or UTC.");
  }
}

function extraFloatDigits(value: string): string {
  const digits = Number(value);
  if (!Number.isInteger(digits)) throw invalidValue("extra_float_digits", value);
  if (digits < -15 || digits > 3) {
    throw new PgError(
      "invalid_parameter_value",
      `${value} is outside the valid range for parameter "extra_float_digits" (-15 .. 3)`,
    );
  }
  return String(digits);
}

const LEVELS = ["serializable", "repeatable read", "read committed", "read uncommitted"];

function isolation(name: string): (value: string) => string {
  return (value) => {
    const lower = value.toLowerCase();
    if (LEVELS.includes(lower)) return lower;
    throw invalidValue(name, value, `Available values: ${LEVELS.join(", ")}.`);
  };
}

const UNIT_MS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A number without a unit is milliseconds. Shown in the largest unit that fits, as PostgreSQL does. */
function milliseconds(name: string): (value: string) => string {
  return (value) => {
    const match = /^\s*(\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d)?\s*$/.exec(value);
    const factor = UNIT_MS[match?.[2] ?? "ms"];
    if (match === null || factor === undefined) {
      throw invalidValue(
        name,
        value,
        'Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".',
      );
    }
    return showDuration(Math.round(Number(match[1]) * factor));
  };
}

/** As SHOW prints a time: `30s`, `5min`, `1500ms`, `0`. */
export function showDuration(ms: number): string {
  if (ms === 0) return "0";
  for (const unit of ["d", "h", "min", "s"]) {
    const factor = UNIT_MS[unit] ?? 1;
    if (ms % factor === 0) return `${ms / factor}${unit}`;
  }
  return `${ms}ms`;
}

/** The inverse: for the timers. */
export function durationMs(shown: string): number {
  const match = /^(\d+)(ms|s|min|h|d)?$/.exec(shown);
  return match === null ? 0 : Number(match[1]) * (UNIT_MS[match[2] ?? "ms"] ?? 1);
}
