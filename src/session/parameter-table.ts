import { PgError } from "../core/pg-error.ts";
import { SERVER_VERSION_NUM } from "../core/server-version.ts";
import { clientEncoding, dateStyle, timeZone } from "./parameter-locale.ts";
import {
  boolean,
  type Check,
  invalidValue,
  namesInList,
  number,
  oneOf,
} from "./parameter-values.ts";
import { POSTGRES_PARAMETERS } from "./postgres-parameters.ts";

/** One run-time parameter (PostgreSQL documentation, chapter 20). */
export interface Parameter {
  /** As SHOW and ParameterStatus spell it. */
  readonly name: string;
  readonly initial: string;
  /** Sent to the client whenever it changes. */
  readonly reported: boolean;
  /** Only a superuser may see it, and nobody here is one. */
  readonly isHidden: boolean;
  readonly change: Change;
}

/** Whether a client may change it, or why not: PostgreSQL's context of a parameter. */
export type Change =
  | { readonly by: "user"; readonly check: Check }
  | { readonly by: Exclude<keyof typeof POSTGRES_PARAMETERS, "user"> };

const INTERNAL: Change = { by: "internal" };

/** Those that mean something here, or whose values PostgreSQL itself checks by functions of their own. */
function ownParameters(serverVersion: string, role: string): readonly Parameter[] {
  const reported = (name: string, initial: string, change: Change | Check): Parameter =>
    parameter(name, initial, change, true);
  const levels = ["serializable", "repeatable read", "read committed", "read uncommitted"];
  const truths = ["transaction_read_only", "transaction_deferrable"];
  return [
    reported("application_name", "", applicationName),
    reported("client_encoding", "UTF8", clientEncoding),
    reported("DateStyle", "ISO, MDY", dateStyle),
    reported("default_transaction_read_only", "off", boolean("default_transaction_read_only")),
    reported("in_hot_standby", "off", INTERNAL),
    reported("integer_datetimes", "on", INTERNAL),
    reported(
      "IntervalStyle",
      "postgres",
      only("intervalstyle", "postgres", [
        "postgres",
        "postgres_verbose",
        "sql_standard",
        "iso_8601",
      ]),
    ),
    reported("is_superuser", "off", INTERNAL),
    reported("server_encoding", "UTF8", INTERNAL),
    reported("server_version", serverVersion, INTERNAL),
    reported("session_authorization", role, identity("session authorization", role, undefined)),
    reported(
      "standard_conforming_strings",
      "on",
      only("standard_conforming_strings", "on", ["on", "off"]),
    ),
    reported("TimeZone", "UTC", timeZone),
    parameter("server_version_num", String(SERVER_VERSION_NUM), INTERNAL),
    parameter("search_path", '"$user", public', listOfNames("search_path")),
    parameter("bytea_output", "hex", only("bytea_output", "hex", ["escape", "hex"])),
    parameter("transaction_isolation", "", oneOf("transaction_isolation", levels)),
    ...truths.map((name) => parameter(name, "", boolean(name))),
    parameter(
      "default_transaction_isolation",
      "read committed",
      oneOf("default_transaction_isolation", levels),
    ),
    parameter(
      "transaction_timeout",
      "0",
      number("transaction_timeout", {
        kind: "int",
        unit: "ms",
        min: 0,
        max: 2 ** 31 - 1,
        bounds: "0 .. 2147483647",
      }),
    ),
    parameter("role", "none", identity("role", role, "none")),
    parameter("seed", "unavailable", seed),
    parameter("lc_collate", "C", INTERNAL),
    parameter("lc_ctype", "C", INTERNAL),
    ...["lc_monetary", "lc_numeric", "lc_time"].map((name) => parameter(name, "C", locale(name))),
    parameter("default_text_search_config", "pg_catalog.simple", textSearch),
    parameter("default_tablespace", "", tablespace),
    parameter("temp_tablespaces", "", temporaryTablespaces),
  ];
}

function parameter(
  name: string,
  initial: string,
  change: Change | Check,
  reported = false,
): Parameter {
  return {
    name,
    initial,
    reported,
    isHidden: false,
    change: typeof change === "function" ? { by: "user", check: change } : change,
  };
}

/** The parameters of one session; most of them are the same objects for all. */
export class ParameterTable {
  readonly #own: ReadonlyMap<string, Parameter>;
  /** In the order in which PostgreSQL reports them. */
  readonly reported: readonly Parameter[];

  constructor(serverVersion: string, role: string) {
    const own = ownParameters(serverVersion, role);
    this.#own = byName(own);
    this.reported = own.filter(({ reported }) => reported);
  }

  /** By lower-cased name. */
  get(key: string): Parameter | undefined {
    return this.#own.get(key) ?? POSTGRES_OWN.get(key);
  }

  has(key: string): boolean {
    return this.#own.has(key) || POSTGRES_OWN.has(key);
  }

  *values(): Generator<Parameter> {
    yield* this.#own.values();
    yield* POSTGRES_OWN.values();
  }
}

function byName(parameters: readonly Parameter[]): ReadonlyMap<string, Parameter> {
  return new Map(parameters.map((entry) => [entry.name.toLowerCase(), entry]));
}

/** Parsed once. */
const POSTGRES_OWN = byName(
  Object.entries(POSTGRES_PARAMETERS).flatMap(([by, lines]) =>
    lines
      .trim()
      .split("\n")
      // The keys of the object are the contexts.
      .map((line) => postgresParameter(line, by as keyof typeof POSTGRES_PARAMETERS)),
  ),
);

function postgresParameter(line: string, by: keyof typeof POSTGRES_PARAMETERS): Parameter {
  const bar = line.indexOf("|");
  const [name = "", type = "", ...details] = line.slice(0, bar).split(" ");
  const value = line.slice(bar + 1);
  const check = checkOf(name, type, details);
  const isHidden = value === "!";
  return {
    name,
    // Numbers stand in the table in their own unit.
    initial: isHidden || (type !== "int" && type !== "real") ? value : check(value),
    reported: false,
    isHidden,
    change: by === "user" ? { by, check } : { by },
  };
}

function checkOf(name: string, type: string, details: readonly string[]): Check {
  switch (type) {
    case "bool":
      return boolean(name);
    case "enum":
      return oneOf(name, (details[0] ?? "").split(","));
    case "int":
    case "real": {
      const [unit = "-", min = "", max = ""] = details;
      const bounds = `${min} .. ${max}`;
      return number(name, { kind: type, unit, min: Number(min), max: Number(max), bounds });
    }
    default:
      return (value) => value;
  }
}

/** What PostgreSQL would take and we cannot do is refused by name rather than ignored. */
function only(name: string, supported: string, known: readonly string[]): Check {
  const check = known.includes("on") ? boolean(name) : oneOf(name, known);
  return (value) => {
    if (check(value) === supported) return supported;
    throw new PgError("feature_not_supported", `parameter "${name}" cannot be set to "${value}"`, {
      hint: `Only ${supported} is supported.`,
    });
  };
}

/** A session is and stays its role's own. */
function identity(what: string, role: string, nobody: string | undefined): Check {
  return (value) => {
    if (value === role || value === nobody) return value;
    throw new PgError("insufficient_privilege", `permission denied to set ${what} "${value}"`);
  };
}

/** PostgreSQL keeps 63 bytes of printable ASCII and shows each byte of the rest as a question mark. */
function applicationName(value: string): string {
  const bytes = Buffer.from(value, "utf8").subarray(0, 63);
  return bytes.toString("latin1").replaceAll(/[^\x20-\x7e]/g, "?");
}

function listOfNames(name: string): Check {
  return (value) => {
    if (namesInList(value) !== undefined) return value;
    throw invalidValue(name, value, { detail: "List syntax is invalid." });
  };
}

function locale(name: string): Check {
  return (value) => {
    if (/^(C|POSIX|(C|en_US)\.(utf-?8))?$/i.test(value)) return value;
    throw invalidValue(name, value);
  };
}

/** PostgreSQL keeps it to itself; random() of the engine is seeded by nobody. */
function seed(value: string): string {
  const bounds = { min: -1, max: 1, bounds: "-1 .. 1" };
  number("seed", { kind: "real", unit: "-", ...bounds })(value);
  return "unavailable";
}

const TEXT_SEARCH_LANGUAGES =
  /^(pg_catalog\.)?(simple|arabic|armenian|basque|catalan|danish|dutch|english|finnish|french|german|greek|hindi|hungarian|indonesian|irish|italian|lithuanian|nepali|norwegian|portuguese|romanian|russian|serbian|spanish|swedish|tamil|turkish|yiddish)$/;

function textSearch(value: string): string {
  const match = TEXT_SEARCH_LANGUAGES.exec(value);
  if (match === null) throw invalidValue("default_text_search_config", value);
  return `pg_catalog.${match[2]}`;
}

function temporaryTablespaces(value: string): string {
  const list = listOfNames("temp_tablespaces")(value);
  const unknown = namesInList(list)?.find((name) => name !== "" && name !== "pg_default");
  if (unknown === undefined) return list;
  throw new PgError("undefined_object", `tablespace "${unknown}" does not exist`);
}

function tablespace(value: string): string {
  if (value === "" || value === "pg_default") return value;
  throw invalidValue("default_tablespace", value, {
    detail: `Tablespace "${value}" does not exist.`,
  });
}
