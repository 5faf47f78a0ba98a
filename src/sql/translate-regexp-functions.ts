import type { Node } from "libpg-query";
import { PgError } from "../core/pg-error.ts";
import {
  type Body,
  call,
  constantInteger,
  constantText,
  int,
  namesOf,
  text,
  withoutPgCatalog,
} from "./ast.ts";
import { notSupported } from "./refusals.ts";
import { groupsOf } from "./regular-expressions.ts";
import type { Context, Translations } from "./rewrite.ts";
import { regexArguments, regexMatch } from "./translate-patterns.ts";

/** regexp_match() and its kin, whose answers depend on the groups of a constant pattern. */
export const REGEXP_FUNCTIONS: Translations = {
  FuncCall: (body, context) => {
    const name = withoutPgCatalog(namesOf(body.funcname)).join(".");
    return Object.hasOwn(CALLS, name) ? CALLS[name]?.(body, context) : undefined;
  },
};

type Call = Body<"FuncCall">;

const CALLS: Readonly<Record<string, (body: Call, context: Context) => Node | undefined>> = {
  regexp_replace: (body, context) => {
    const [subject, pattern, replacement, flags] = body.args ?? [];
    if (subject === undefined || pattern === undefined || replacement === undefined)
      return undefined;
    const { pattern: regex, flags: options } = regexArguments(
      pattern,
      flagsOf(flags),
      context,
      body.location,
    );
    const constant = constantText(replacement);
    const substitute =
      constant === undefined ? replacement : text(constant.replaceAll("\\&", "\\0"));
    return call(
      "regexp_replace",
      [subject, regex, substitute, ...(options === "" ? [] : [text(options)])],
      body.location,
    );
  },
  regexp_match: (body, context) => {
    const [subject, pattern, flags] = body.args ?? [];
    if (subject === undefined || pattern === undefined) return undefined;
    return whenMatched(
      subject,
      pattern,
      flagsOf(flags),
      context,
      body.location,
      (regex, options) => ({
        A_ArrayExpr: {
          elements: groupNumbers(pattern).map((group) => extract(subject, regex, group, options)),
        },
      }),
    );
  },
  regexp_substr: (body, context) => {
    const [subject, pattern, ...others] = body.args ?? [];
    if (subject === undefined || pattern === undefined) return undefined;
    if (others.length > 0) throw notSupported("regexp_substr with more than a pattern");
    return whenMatched(subject, pattern, "", context, body.location, (regex, options) =>
      extract(subject, regex, 0, options),
    );
  },
  regexp_instr: (body, context) => {
    const [subject, pattern, ...others] = body.args ?? [];
    if (subject === undefined || pattern === undefined) return undefined;
    if (others.length > 0) throw notSupported("regexp_instr with more than a pattern");
    const { pattern: regex } = regexArguments(pattern, "", context, body.location);
    return call("regexp_instr", [subject, regex], body.location);
  },
  regexp_count: (body, context) => {
    const [subject, pattern, start, flags] = body.args ?? [];
    if (subject === undefined || pattern === undefined) return undefined;
    if (start !== undefined && constantInteger(start) !== 1)
      throw notSupported("regexp_count with a start");
    const { pattern: regex, flags: options } = regexArguments(
      pattern,
      flagsOf(flags),
      context,
      body.location,
    );
    return call(
      "len",
      [call("regexp_extract_all", [subject, regex, int(0), text(options)])],
      body.location,
    );
  },
  regexp_like: ({ args, location }, context) => {
    const [subject, pattern, flags] = args ?? [];
    if (subject === undefined || pattern === undefined) return undefined;
    return regexMatch(subject, pattern, flagsOf(flags), context, location);
  },
};

/** substring(subject from pattern): its first group, or all that matched. */
export function matchedPart(
  subject: Node,
  pattern: Node,
  context: Context,
  location: number | undefined,
): Node {
  return whenMatched(subject, pattern, "", context, location, (regex, options) =>
    extract(subject, regex, groupNumbers(pattern)[0] ?? 0, options),
  );
}

function flagsOf(flags: Node | undefined): string {
  if (flags === undefined) return "";
  const constant = constantText(flags);
  if (constant === undefined)
    throw notSupported("flags of a regular expression that are no constant");
  const unknown = /[^gimnpscwx]/.exec(constant)?.[0];
  if (unknown !== undefined) {
    throw new PgError("invalid_parameter_value", `invalid regular expression option: "${unknown}"`);
  }
  if (/[wx]/.test(constant)) throw notSupported("this option of a regular expression");
  return constant;
}

/** Which groups PostgreSQL hands out: all there are, or else the whole match. */
function groupNumbers(pattern: Node): readonly number[] {
  const constant = constantText(pattern);
  if (constant === undefined) throw notSupported("a pattern that is no constant in this function");
  const groups = groupsOf(constant);
  return groups === 0 ? [0] : Array.from({ length: groups }, (_, index) => index + 1);
}

function extract(subject: Node, regex: Node, group: number, options: string): Node {
  return call("regexp_extract", [
    subject,
    regex,
    int(group),
    ...(options === "" ? [] : [text(options)]),
  ]);
}

/** NULL where nothing matches; DuckDB's functions give an empty text. */
function whenMatched(
  subject: Node,
  pattern: Node,
  flags: string,
  context: Context,
  location: number | undefined,
  result: (regex: Node, options: string) => Node,
): Node {
  const { pattern: regex, flags: options } = regexArguments(
    pattern,
    flags.replaceAll("g", ""),
    context,
    location,
  );
  const matches = call(
    "regexp_matches",
    [subject, regex, ...(options === "" ? [] : [text(options)])],
    location,
  );
  return { CaseExpr: { args: [{ CaseWhen: { expr: matches, result: result(regex, options) } }] } };
}
