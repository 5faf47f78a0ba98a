import type { Node } from "libpg-query";
import {
  type Body,
  bodyOf,
  call,
  constantText,
  namesOf,
  not,
  text,
  withoutPgCatalog,
} from "./ast.ts";
import { notSupported } from "./refusals.ts";
import { re2Pattern, similarPattern } from "./regular-expressions.ts";
import type { Context, Translations } from "./rewrite.ts";

/**
 * LIKE, SIMILAR TO and ~: DuckDB's have no default escape, another grammar, and match the whole.
 */
export const PATTERNS: Translations = {
  A_Expr: (body, context) => {
    switch (body.kind) {
      case "AEXPR_LIKE":
      case "AEXPR_ILIKE":
        return like(body);
      case "AEXPR_SIMILAR":
        return similar(body, context);
      case "AEXPR_OP":
        return body.lexpr === undefined ? undefined : byOperator(body, context);
      case "AEXPR_OP_ANY":
      case "AEXPR_OP_ALL":
        return ofArray(body);
      default:
        return undefined;
    }
  },
};

type Operation = Body<"A_Expr">;

const LIKES: Readonly<Record<string, string>> = {
  "~~": "like_escape",
  "!~~": "not_like_escape",
  "~~*": "ilike_escape",
  "!~~*": "not_ilike_escape",
};

function operatorOf({ name }: Operation): string {
  return withoutPgCatalog(namesOf(name)).join(".");
}

function like(body: Operation): Node | undefined {
  const { lexpr, rexpr, location } = body;
  const name = LIKES[operatorOf(body)];
  if (lexpr === undefined || rexpr === undefined || name === undefined) return undefined;
  const escaped = bodyOf(rexpr, "FuncCall");
  if (escaped !== undefined && namesOf(escaped.funcname).at(-1) === "like_escape") {
    return call(name, [lexpr, ...(escaped.args ?? [])], location);
  }
  const pattern = constantText(rexpr);
  // Without a backslash DuckDB's own LIKE is the same, and faster.
  if (pattern !== undefined && !pattern.includes("\\")) return undefined;
  return call(name, [lexpr, rexpr, text("\\")], location);
}

/** The parser has already made `a SIMILAR TO b` into `a ~ similar_to_escape(b)`. */
function similar(body: Operation, context: Context): Node | undefined {
  const { lexpr, rexpr, location } = body;
  const escape = bodyOf(rexpr, "FuncCall")?.args ?? [];
  if (lexpr === undefined || escape[0] === undefined) return undefined;
  const pattern = constantText(escape[0]);
  const escapeText = escape[1] === undefined ? "\\" : constantText(escape[1]);
  if (escapeText === undefined) throw notSupported("SIMILAR TO with an escape that is no constant");
  const regex =
    pattern === undefined
      ? call("pg_similar_pattern", [escape[0]])
      : text(similarPattern(pattern, escapeText, context.position(location)));
  const matches = call("regexp_matches", [lexpr, regex, text("s")], location);
  return operatorOf(body) === "!~" ? not(matches) : matches;
}

function byOperator(body: Operation, context: Context): Node | undefined {
  const operator = operatorOf(body);
  // ~~ and its kin may be written as they are, or as OPERATOR(pg_catalog.~~).
  if (operator in LIKES) return like(body);
  if (operator === "^@")
    return call(
      "starts_with",
      [body.lexpr, body.rexpr].filter((node) => node !== undefined),
      body.location,
    );
  const { lexpr, rexpr, location } = body;
  if (lexpr === undefined || rexpr === undefined || !["~", "~*", "!~", "!~*"].includes(operator))
    return undefined;
  const matches = regexMatch(lexpr, rexpr, operator.endsWith("*") ? "i" : "", context, location);
  return operator.startsWith("!") ? not(matches) : matches;
}

export function regexMatch(
  subject: Node,
  pattern: Node,
  flags: string,
  context: Context,
  location?: number,
): Node {
  const { pattern: translated, flags: options } = regexArguments(pattern, flags, context, location);
  return call(
    "regexp_matches",
    [subject, translated, ...(options === "" ? [] : [text(options)])],
    location,
  );
}

/** A pattern and its flags as RE2 and DuckDB want them. */
export function regexArguments(
  pattern: Node,
  flags: string,
  context: Context,
  location?: number,
): { readonly pattern: Node; readonly flags: string } {
  const constant = constantText(pattern);
  // In PostgreSQL a dot matches a newline too, unless the flags say otherwise.
  const newlines = /[nmp]/.test(flags) ? flags.replace("n", "m") : `${flags}s`;
  if (constant === undefined) return { pattern, flags: newlines };
  const translated = re2Pattern(constant, context.position(location));
  return { pattern: text(translated), flags: translated.includes(".") ? newlines : flags };
}

/** x LIKE ANY (array), x ~ ANY (array). */
function ofArray(body: Operation): Node | undefined {
  const operator = operatorOf(body);
  const { lexpr, rexpr, location } = body;
  const isPattern = operator in LIKES || ["~", "~*", "!~", "!~*"].includes(operator);
  if (!isPattern || lexpr === undefined || rexpr === undefined) return undefined;
  const every = body.kind === "AEXPR_OP_ALL";
  // Every pattern not matched is none matched, and the other way round.
  const negative = operator.startsWith("!");
  const base = negative ? operator.slice(1) : operator;
  const names = { "~~": "pg_like", "~~*": "pg_ilike", "~": "pg_regex", "~*": "pg_iregex" } as const;
  const name = names[base as keyof typeof names];
  const matches = call(`${name}_${every !== negative ? "all" : "any"}`, [lexpr, rexpr], location);
  return negative ? not(matches) : matches;
}
