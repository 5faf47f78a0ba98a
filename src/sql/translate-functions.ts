import type { Node } from "libpg-query";
import { quoteIdentifier, quoteLiteral } from "../core/identifier.ts";
import { PgError } from "../core/pg-error.ts";
import {
  type Body,
  bodyOf,
  call,
  cast,
  constantInteger,
  constantText,
  int,
  namesOf,
  operator,
  str,
  text,
  withoutPgCatalog,
} from "./ast.ts";
import { NUMERIC } from "./duckdb-type.ts";
import { notSupported } from "./refusals.ts";
import type { Context, Translations } from "./rewrite.ts";
import { matchedPart } from "./translate-regexp-functions.ts";

/** Functions that DuckDB has under another name, with other arguments, or with another meaning. */
export const FUNCTIONS: Translations = {
  FuncCall: (body, context, original) => {
    const name = withoutPgCatalog(namesOf(body.funcname)).join(".");
    const renamed = Object.hasOwn(RENAMED, name) ? RENAMED[name] : undefined;
    if (renamed !== undefined) return { FuncCall: { ...body, funcname: [str(renamed)] } };
    return Object.hasOwn(CALLS, name) ? CALLS[name]?.(body, context, original) : undefined;
  },
};

/** The same function by another name. */
const RENAMED: Readonly<Record<string, string>> = {
  every: "bool_and",
  btrim: "trim",
  char_length: "length",
  character_length: "length",
  mod: "%",
  array_length: "pg_array_length",
  array_upper: "pg_array_length",
  cardinality: "len",
  json_build_object: "json_object",
  jsonb_build_object: "json_object",
  json_build_array: "json_array",
  jsonb_build_array: "json_array",
  jsonb_array_length: "json_array_length",
  to_jsonb: "to_json",
  json_typeof: "pg_json_typeof",
  jsonb_typeof: "pg_json_typeof",
  clock_timestamp: "get_current_timestamp",
  statement_timestamp: "now",
};

/** Leaves 20 digits before the point. */
const MOST_ROUNDED_DIGITS = 18;

type Call = Body<"FuncCall">;

const CALLS: Readonly<
  Record<string, (body: Call, context: Context, original: Call) => Node | undefined>
> = {
  // DuckDB's average of decimals is a DOUBLE, which drops the zeros at the end.
  round: (body, { typeOf }, { args = [] }) => {
    const digits = constantInteger(args[1]);
    if (args.length !== 2 || digits === undefined || typeOf(args[0]) !== "numeric")
      return undefined;
    if (digits < 0 || digits > MOST_ROUNDED_DIGITS) return undefined;
    return cast({ FuncCall: body }, "numeric", [NUMERIC.width, digits]);
  },
  octet_length: ({ args, location }, { typeOf }, original) =>
    typeOf(original.args?.[0]) === "bytea" ? undefined : call("strlen", args ?? [], location),
  to_hex: ({ args, location }) => call("lower", [call("to_hex", args ?? [])], location),
  encode: ({ args, location }) => {
    const [bytes, format] = args ?? [];
    if (bytes === undefined || format === undefined) return undefined;
    const name = constantText(format)?.toLowerCase();
    if (name === "hex") return call("lower", [call("hex", [bytes])], location);
    if (name === "base64") return call("to_base64", [bytes], location);
    throw notSupported(`encode in format "${name ?? "…"}"`);
  },
  decode: ({ args, location }) => {
    const [encoded, format] = args ?? [];
    if (encoded === undefined || format === undefined) return undefined;
    const name = constantText(format)?.toLowerCase();
    if (name === "hex") return call("from_hex", [encoded], location);
    if (name === "base64") return call("from_base64", [encoded], location);
    throw notSupported(`decode from format "${name ?? "…"}"`);
  },
  convert_from: ({ args, location }) => utf8("decode", args, location),
  convert_to: ({ args, location }) => utf8("encode", args, location),
  sha256: ({ args, location }) => call("from_hex", [call("sha256", args ?? [])], location),
  lpad: withBlank,
  rpad: withBlank,
  concat: ({ args, ...rest }) => ({
    FuncCall: { ...rest, args: (args ?? []).map((arg) => call("pg_output", [arg])) },
  }),
  concat_ws: ({ args, ...rest }) => ({
    FuncCall: {
      ...rest,
      args: (args ?? []).map((arg, index) => (index === 0 ? arg : call("pg_output", [arg]))),
    },
  }),
  format,
  substr: substring,
  substring,
  array_lower: ({ args, location }) => call("pg_array_lower", args ?? [], location),
  array_ndims: ({ args, location }) => call("pg_array_lower", [...(args ?? []), int(1)], location),
  array_to_string: ({ args, location }) =>
    args?.length === 3 ? call("pg_array_to_string", args, location) : undefined,
  array_fill: ({ args, location }) => {
    const size = bodyOf(args?.[1], "A_ArrayExpr")?.elements;
    if (args?.[0] === undefined || args.length !== 2 || size?.length !== 1)
      throw notSupported("array_fill of more than one dimension");
    return call("pg_array_fill", [args[0], ...size], location);
  },
  normalize: ({ args, location }) => {
    const form = constantText(args?.[1]) ?? "NFC";
    if (args?.[0] === undefined || form !== "NFC") throw notSupported(`normalize(…, ${form})`);
    return call("nfc_normalize", [args[0]], location);
  },
  chr: ({ args }) => {
    if (constantInteger(args?.[0]) !== 0) return undefined;
    throw new PgError("program_limit_exceeded", "null character not permitted");
  },
  pg_typeof: ({ args }, { typeOf }, original) => {
    const type = typeOf(original.args?.[0]);
    const argument = args?.[0];
    if (type === undefined || argument === undefined) return undefined;
    const name = text(formatType(type));
    // The argument stays, as it may be what makes the query one of groups.
    return whenNull(argument, name, name);
  },
  // Of a DECIMAL DuckDB would make a DECIMAL, with its digits.
  percentile_cont: ({ agg_order, ...rest }, { typeOf }, original) => {
    const ordered = (agg_order ?? []).map((item, index) => {
      const sort = bodyOf(item, "SortBy");
      const type = typeOf(bodyOf(original.agg_order?.[index], "SortBy")?.node);
      if (sort?.node === undefined || type === undefined || !isNumber(type)) return item;
      return { SortBy: { ...sort, node: cast(sort.node, "float8") } };
    });
    return { FuncCall: { ...rest, agg_order: ordered } };
  },
  rank: hypothetical,
  dense_rank: hypothetical,
  percent_rank: hypothetical,
  cume_dist: hypothetical,
  trunc: ({ args, location }) =>
    args?.length === 2 ? call("pg_trunc", args, location) : undefined,
  age: ({ args, location }) =>
    args?.length === 1
      ? call(
          "age",
          [cast({ SQLValueFunction: { op: "SVFOP_CURRENT_DATE" } }, "timestamp"), ...args],
          location,
        )
      : undefined,
};

function isNumber(type: string): boolean {
  return /^(int|float)\d$|^numeric$/.test(type);
}

function whenNull(node: Node, result: Node, otherwise: Node): Node {
  const isNull: Node = { NullTest: { arg: node, nulltesttype: "IS_NULL" } };
  return { CaseExpr: { args: [{ CaseWhen: { expr: isNull, result } }], defresult: otherwise } };
}

function hypothetical({ agg_within_group, funcname }: Call): undefined {
  if (agg_within_group === true)
    throw notSupported(`${namesOf(funcname).at(-1) ?? ""} WITHIN GROUP`);
}

/** Names of types as regtype prints them, where they are not the internal ones. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  int2: "smallint",
  int4: "integer",
  int8: "bigint",
  float4: "real",
  float8: "double precision",
  bool: "boolean",
  varchar: "character varying",
  bpchar: "character",
  timestamp: "timestamp without time zone",
  timestamptz: "timestamp with time zone",
  time: "time without time zone",
  timetz: "time with time zone",
};

function formatType(type: string): string {
  const [, element = type, brackets = ""] = /^(.*?)((?:\[\])*)$/.exec(type) ?? [];
  // Arrays have no dimensions in their type.
  return `${TYPE_NAMES[element] ?? element}${brackets === "" ? "" : "[]"}`;
}

function utf8(
  name: string,
  args: readonly Node[] | undefined,
  location: number | undefined,
): Node | undefined {
  const [value, encoding] = args ?? [];
  if (value === undefined || !/^utf-?8$/i.test(constantText(encoding) ?? ""))
    throw notSupported("an encoding other than UTF8");
  return call(name, [value], location);
}

function withBlank({ args, ...rest }: Call): Node | undefined {
  return args?.length === 2 ? { FuncCall: { ...rest, args: [...args, text(" ")] } } : undefined;
}

/**
 * substring(text, start, count), whose start may lie before the text, or substring(text from
 * pattern).
 */
function substring(body: Call, context: Context, original: Call): Node | undefined {
  const [subject, start, count] = body.args ?? [];
  if (subject === undefined || start === undefined) return undefined;
  if (constantText(start) !== undefined || context.typeOf(original.args?.[1]) === "text") {
    if (count !== undefined) throw notSupported("substring with SIMILAR");
    return matchedPart(subject, start, context, body.location);
  }
  if ((constantInteger(count) ?? 0) < 0) {
    throw new PgError("substring_error", "negative substring length not allowed");
  }
  return (constantInteger(start) ?? 0) > 0
    ? undefined
    : call("pg_substring", body.args ?? [], body.location);
}

/**
 * format('%s-%I', a, b): DuckDB's format has another grammar, and would hand the text on as it is.
 */
function format({ args, location }: Call): Node | undefined {
  const [template, ...values] = args ?? [];
  const constant = constantText(template);
  if (constant === undefined) throw notSupported("format with a template that is no constant");
  const parts: Node[] = [];
  let next = 0;
  let rest = constant;
  while (rest !== "") {
    const [whole = "", literal = "", percent, position, minus, width, conversion] =
      /^([^%]*)(%%|%(?:(\d+)\$)?(-)?(\d+)?([sIL]))?/.exec(rest) ?? [];
    if (literal !== "" || percent === "%%")
      parts.push(text(percent === "%%" ? `${literal}%` : literal));
    if (percent !== undefined && percent !== "%%") {
      next = position === undefined ? next + 1 : Number(position);
      const value = values[next - 1];
      if (value === undefined)
        throw new PgError("invalid_parameter_value", "too few arguments for format()");
      parts.push(padded(converted(value, conversion ?? "s"), width, minus !== undefined));
    } else if (whole === "") {
      throw new PgError(
        "invalid_parameter_value",
        `unrecognized format() type specifier "${rest[1] ?? ""}"`,
        {
          hint: 'For a single "%" use "%%".',
        },
      );
    }
    rest = rest.slice(whole.length);
  }
  const [first, ...others] = parts;
  return first === undefined
    ? text("")
    : others.reduce((joined, part) => operator("||", joined, part, location), first);
}

function converted(value: Node, conversion: string): Node {
  const constant = constantText(value);
  if (conversion === "L")
    return constant === undefined ? call("quote_nullable", [value]) : text(quoteLiteral(constant));
  if (conversion === "I") {
    if (constant === undefined) return call("quote_ident", [value]);
    return text(/^[a-z_][a-z0-9_]*$/.test(constant) ? constant : quoteIdentifier(constant));
  }
  // A NULL is nothing here.
  return { CoalesceExpr: { args: [call("pg_output", [value]), text("")] } };
}

function padded(value: Node, width: string | undefined, left: boolean): Node {
  return width === undefined
    ? value
    : call("pg_pad", [
        value,
        int(Number(width)),
        { A_Const: { boolval: left ? { boolval: true } : {} } },
      ]);
}
