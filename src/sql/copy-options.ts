import type { Node } from "libpg-query";
import { PgError } from "../core/pg-error.ts";
import { bodyOf, namesOf } from "./ast.ts";
import { notSupported } from "./refusals.ts";
import type { CopyOptions } from "./statement.ts";

/** The options of COPY … TO STDOUT, whose old spelling the parser has already made the new one. */
export function copyOptionsOf(nodes: readonly Node[] | undefined): CopyOptions {
  const given = givenOptions(nodes);
  const format = formatOf(given.get("format"));
  const csv = format === "csv";
  const quote = oneByte("quote", textOf(given, "quote")) ?? '"';
  const options: CopyOptions = {
    format,
    header: given.has("header") && headerOf(given.get("header")),
    delimiter: oneByte("delimiter", textOf(given, "delimiter")) ?? (csv ? "," : "\t"),
    nullText: textOf(given, "null") ?? (csv ? "" : "\\N"),
    quote,
    escape: oneByte("escape", textOf(given, "escape")) ?? quote,
    forceQuote: forceQuoteOf(given),
  };
  check(options, given);
  return options;
}

/** Options of COPY FROM are known too, so that the error can say what they are for. */
const KNOWN: ReadonlySet<string> = new Set([
  "format",
  "header",
  "delimiter",
  "null",
  "quote",
  "escape",
  "force_quote",
  "encoding",
]);
const FOR_COPY_FROM: ReadonlySet<string> = new Set([
  "freeze",
  "default",
  "force_not_null",
  "force_null",
  "on_error",
  "log_verbosity",
  "reject_limit",
]);

type Given = ReadonlyMap<string, Node | undefined>;

function givenOptions(nodes: readonly Node[] | undefined): Given {
  const given = new Map<string, Node | undefined>();
  for (const node of nodes ?? []) {
    const { defname, arg } = bodyOf(node, "DefElem") ?? {};
    const name = defname ?? "";
    if (FOR_COPY_FROM.has(name)) {
      throw new PgError(
        "feature_not_supported",
        `COPY ${name.toUpperCase()} cannot be used with COPY TO`,
      );
    }
    if (!KNOWN.has(name)) throw new PgError("syntax_error", `option "${name}" not recognized`);
    if (given.has(name)) throw new PgError("syntax_error", "conflicting or redundant options");
    given.set(name, arg);
  }
  return given;
}

function formatOf(arg: Node | undefined): CopyOptions["format"] {
  const format = arg === undefined ? "text" : wordOf(arg);
  if (format === "text" || format === "csv" || format === "binary") return format;
  throw new PgError("invalid_parameter_value", `COPY format "${format}" not recognized`);
}

function headerOf(arg: Node | undefined): boolean {
  const word = arg === undefined ? "true" : wordOf(arg);
  if (word === "match") {
    throw new PgError("feature_not_supported", 'cannot use "match" with HEADER in COPY TO');
  }
  if (["true", "on", "1"].includes(word)) return true;
  if (["false", "off", "0"].includes(word)) return false;
  throw new PgError("syntax_error", 'header requires a Boolean value or "match"');
}

function wordOf(arg: Node): string {
  const boolean = bodyOf(arg, "Boolean");
  if (boolean !== undefined) return String(boolean.boolval === true);
  const integer = bodyOf(arg, "Integer");
  if (integer !== undefined) return String(integer.ival ?? 0);
  return bodyOf(arg, "String")?.sval?.toLowerCase() ?? "";
}

function textOf(given: Given, name: string): string | undefined {
  const arg = given.get(name);
  return arg === undefined ? undefined : (bodyOf(arg, "String")?.sval ?? "");
}

function oneByte(name: string, value: string | undefined): string | undefined {
  if (value === undefined || (value.length === 1 && value < "\u0080")) return value;
  throw new PgError("feature_not_supported", `COPY ${name} must be a single one-byte character`);
}

function forceQuoteOf(given: Given): CopyOptions["forceQuote"] {
  const arg = given.get("force_quote");
  if (arg === undefined) return [];
  return bodyOf(arg, "A_Star") !== undefined ? "all" : namesOf(bodyOf(arg, "List")?.items);
}

function check(options: CopyOptions, given: Given): void {
  const { format, delimiter, nullText, quote } = options;
  const encoding = textOf(given, "encoding")?.toLowerCase().replaceAll(/[-_]/g, "");
  if (encoding !== undefined && encoding !== "utf8")
    throw notSupported(`COPY in encoding "${encoding}"`);
  if (format === "binary") {
    for (const name of ["delimiter", "null", "header"]) {
      if (given.has(name))
        throw new PgError("syntax_error", `cannot specify ${name.toUpperCase()} in BINARY mode`);
    }
  }
  if (format !== "csv") {
    for (const name of ["quote", "escape", "force_quote"]) {
      if (!given.has(name)) continue;
      throw new PgError("feature_not_supported", `COPY ${name.toUpperCase()} requires CSV mode`);
    }
  }
  if (/[\r\n]/.test(delimiter + nullText)) {
    throw new PgError(
      "invalid_parameter_value",
      "COPY delimiter and null representation cannot use newline or carriage return",
    );
  }
  if (format === "text" && /[\\.a-z0-9]/.test(delimiter)) {
    throw new PgError("invalid_parameter_value", `COPY delimiter cannot be "${delimiter}"`);
  }
  if (nullText.includes(delimiter) && format !== "binary") {
    throw new PgError(
      "feature_not_supported",
      "COPY delimiter character must not appear in the NULL specification",
    );
  }
  if (format === "csv" && delimiter === quote) {
    throw new PgError("feature_not_supported", "COPY delimiter and quote must be different");
  }
}
