import type { Node } from "libpg-query";
import { PgError } from "../core/pg-error.ts";
import type { Condition } from "../core/sqlstate.ts";
import { bodyOf, namesOf } from "./ast.ts";
import { copyEncodingOf } from "./copy-encodings.ts";
import { notSupported } from "./refusals.ts";
import { positionOf } from "./source-text.ts";
import type { CopyInOptions, CopyOptions } from "./statement.ts";

/**
 * The options of COPY, whose old spelling the parser has already made the new one. What is wrong with
 * them is found in the order in which PostgreSQL looks, so that the same mistake is named first.
 */
export function copyOutOptionsOf(nodes: readonly Node[] | undefined, text: string): CopyOptions {
  const given = givenOptions(nodes, text, "TO");
  const { forceQuote, format, header, delimiter, nullText, quote, escape, encoding } = check(
    given,
    "TO",
  );
  return {
    format,
    header: header !== false,
    delimiter,
    nullText,
    quote,
    escape,
    encoding,
    forceQuote: forceQuote ?? [],
  };
}

export function copyInOptionsOf(nodes: readonly Node[] | undefined, text: string): CopyInOptions {
  const given = givenOptions(nodes, text, "FROM");
  const { forceQuote: _, forceNotNull, forceNull, ...options } = check(given, "FROM");
  return { ...options, forceNotNull: forceNotNull ?? [], forceNull: forceNull ?? [] };
}

type Direction = "TO" | "FROM";
type Columns = readonly string[] | "all";

/** As they were written: what is undefined has its default still to come. */
interface Given {
  format?: CopyOptions["format"];
  freeze?: boolean;
  delimiter?: string;
  null?: string;
  header?: CopyInOptions["header"];
  quote?: string;
  escape?: string;
  force_quote?: Columns;
  force_not_null?: Columns;
  force_null?: Columns;
  encoding?: CopyOptions["encoding"];
}

/** Options of later PostgreSQLs. Those for COPY FROM only are refused by COPY TO in its words. */
const LATER_OPTIONS: ReadonlySet<string> = new Set([
  "default",
  "on_error",
  "log_verbosity",
  "reject_limit",
]);

function givenOptions(
  nodes: readonly Node[] | undefined,
  text: string,
  direction: Direction,
): Given {
  const given: Given = {};
  for (const node of nodes ?? []) {
    const { defname: name = "", arg, location } = bodyOf(node, "DefElem") ?? {};
    const position = positionOf(text, location);
    if (LATER_OPTIONS.has(name)) refuseLater(name, direction);
    if (!isOption(name)) {
      throw new PgError("syntax_error", `option "${name}" not recognized`, { position });
    }
    if (given[name] !== undefined) {
      throw new PgError("syntax_error", "conflicting or redundant options", { position });
    }
    // The row of an option's own name gives what that option holds.
    Object.assign(given, { [name]: READINGS[name](arg, name, position, direction) });
  }
  return given;
}

function refuseLater(name: string, direction: Direction): never {
  const option = name.toUpperCase();
  throw direction === "TO"
    ? new PgError("feature_not_supported", `COPY ${option} cannot be used with COPY TO`)
    : notSupported(`COPY FROM with ${option}`);
}

type Reading<T> = (
  arg: Node | undefined,
  name: string,
  position: number | undefined,
  direction: Direction,
) => T;

const READINGS: { readonly [K in keyof Given]-?: Reading<Given[K]> } = {
  format: (arg, name, position) => {
    const format = textOf(arg, name);
    if (format === "text" || format === "csv" || format === "binary") return format;
    throw new PgError("invalid_parameter_value", `COPY format "${format}" not recognized`, {
      position,
    });
  },
  freeze: (arg, name) => {
    const value = arg === undefined || booleanOf(textOf(arg, name));
    if (value === undefined) throw new PgError("syntax_error", `${name} requires a Boolean value`);
    return value;
  },
  delimiter: textOf,
  null: textOf,
  header: (arg, name, _position, direction) => {
    const word = arg === undefined ? "true" : textOf(arg, name).toLowerCase();
    if (word === "match" && direction === "TO") {
      throw new PgError("feature_not_supported", 'cannot use "match" with HEADER in COPY TO');
    }
    const value = word === "match" ? word : booleanOf(word);
    if (value !== undefined) return value;
    throw new PgError("syntax_error", `${name} requires a Boolean value or "match"`);
  },
  quote: textOf,
  escape: textOf,
  force_quote: columnsOf,
  force_not_null: columnsOf,
  force_null: columnsOf,
  encoding: (arg, name, position) => copyEncodingOf(textOf(arg, name), position),
};

function isOption(name: string): name is keyof Given {
  return Object.hasOwn(READINGS, name);
}

function textOf(arg: Node | undefined, name: string): string {
  if (arg === undefined) throw new PgError("syntax_error", `${name} requires a parameter`);
  const boolean = bodyOf(arg, "Boolean");
  if (boolean !== undefined) return String(boolean.boolval === true);
  const integer = bodyOf(arg, "Integer");
  if (integer !== undefined) return String(integer.ival ?? 0);
  return bodyOf(arg, "Float")?.fval ?? bodyOf(arg, "String")?.sval ?? "";
}

function booleanOf(word: string): boolean | undefined {
  if (["true", "on", "1"].includes(word.toLowerCase())) return true;
  return ["false", "off", "0"].includes(word.toLowerCase()) ? false : undefined;
}

function columnsOf(arg: Node | undefined, name: string, position: number | undefined): Columns {
  if (arg !== undefined && bodyOf(arg, "A_Star") !== undefined) return "all";
  const list = bodyOf(arg, "List");
  if (list !== undefined) return namesOf(list.items);
  throw new PgError(
    "invalid_parameter_value",
    `argument to option "${name}" must be a list of column names`,
    { position },
  );
}

interface Checked extends Omit<CopyOptions, "header" | "forceQuote"> {
  readonly header: CopyInOptions["header"];
  readonly forceQuote: Columns | undefined;
  readonly forceNotNull: Columns | undefined;
  readonly forceNull: Columns | undefined;
}

function check(given: Given, direction: Direction): Checked {
  const { format = "text", header = false } = given;
  const csv = format === "csv";
  const binary = format === "binary";
  for (const name of ["delimiter", "null"] as const) {
    refuse(binary && given[name] !== undefined, "syntax_error", inBinary(name));
  }
  const delimiter = given.delimiter ?? (csv ? "," : "\t");
  const nullText = given.null ?? (csv ? "" : "\\N");
  const quote = given.quote ?? '"';
  const escape = given.escape ?? quote;
  refuse(!isOneByte(delimiter), "feature_not_supported", mustBeOneByte("delimiter"));
  const newlines = /[\r\n]/;
  const invalid = "invalid_parameter_value";
  const cannot = "cannot use newline or carriage return";
  refuse(newlines.test(delimiter), invalid, "COPY delimiter cannot be newline or carriage return");
  refuse(newlines.test(nullText), invalid, `COPY null representation ${cannot}`);
  refuse(!csv && /[\\.a-z0-9]/.test(delimiter), invalid, `COPY delimiter cannot be "${delimiter}"`);
  refuse(binary && header !== false, "feature_not_supported", inBinary("header"));
  refuse(!csv && given.quote !== undefined, "feature_not_supported", onlyInCsv("quote"));
  refuse(csv && !isOneByte(quote), "feature_not_supported", mustBeOneByte("quote"));
  refuse(csv && delimiter === quote, invalid, "COPY delimiter and quote must be different");
  refuse(!csv && given.escape !== undefined, "feature_not_supported", onlyInCsv("escape"));
  refuse(csv && !isOneByte(escape), "feature_not_supported", mustBeOneByte("escape"));
  for (const name of ["force_quote", "force_not_null", "force_null"] as const) {
    if (given[name] === undefined) continue;
    const words = name.replaceAll("_", " ");
    const its: Direction = name === "force_quote" ? "TO" : "FROM";
    refuse(!csv, "feature_not_supported", onlyInCsv(words));
    refuse(
      its !== direction,
      "feature_not_supported",
      `COPY ${words} only available using COPY ${its}`,
    );
  }
  refuse(
    nullText.includes(delimiter),
    "feature_not_supported",
    "COPY delimiter must not appear in the NULL specification",
  );
  refuse(
    csv && nullText.includes(quote),
    "feature_not_supported",
    "CSV quote character must not appear in the NULL specification",
  );
  return {
    format,
    header,
    delimiter,
    nullText,
    quote,
    escape,
    encoding: given.encoding ?? "UTF8",
    forceQuote: given.force_quote,
    forceNotNull: given.force_not_null,
    forceNull: given.force_null,
  };
}

function refuse(isWrong: boolean, condition: Condition, message: string): void {
  if (isWrong) throw new PgError(condition, message);
}

const inBinary = (option: string): string =>
  `cannot specify ${option.toUpperCase()} in BINARY mode`;
const onlyInCsv = (words: string): string => `COPY ${words} available only in CSV mode`;
const mustBeOneByte = (option: string): string =>
  `COPY ${option} must be a single one-byte character`;

function isOneByte(text: string): boolean {
  return text.length === 1 && text < "\u0080";
}
