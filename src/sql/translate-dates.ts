import type { Node } from "libpg-query";
import {
  type Body,
  bodyOf,
  call,
  cast,
  constantInteger,
  constantText,
  int,
  namesOf,
  numeric,
  operator,
  text,
  typeNameOf,
  withoutPgCatalog,
} from "./ast.ts";
import { isoText, isoTime, momentOf } from "./datetime-literal.ts";
import { intervalText } from "./interval-literal.ts";
import { notSupported } from "./refusals.ts";
import type { Context, Translations } from "./rewrite.ts";

/** Dates, times and intervals: their constants, and the functions that take them apart. */
export const DATES: Translations = {
  TypeCast: (body) => {
    const literal = constantText(body.arg);
    if (literal === undefined || body.typeName?.arrayBounds !== undefined) return undefined;
    const type = typeNameOf(body.typeName);
    // timestamp(0) rounds, which is the business of casts.
    if (type.startsWith("timestamp") && body.typeName?.typmods !== undefined) return undefined;
    const normalized = normalizedLiteral(
      literal,
      type,
      constantInteger(body.typeName?.typmods?.[0]),
    );
    if (normalized === undefined) return undefined;
    return cast(normalized, type, [], body.location);
  },
  FuncCall: (body, context, original) => {
    const name = withoutPgCatalog(namesOf(body.funcname)).join(".");
    return Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name]?.(body, context, original) : undefined;
  },
};

type Call = Body<"FuncCall">;

function normalizedLiteral(
  literal: string,
  type: string,
  typmod: number | undefined,
): Node | undefined {
  if (type === "interval") {
    const interval = intervalText(literal, typmod);
    return interval === undefined ? undefined : text(interval);
  }
  if (type === "time" || type === "timetz") {
    const time = isoTime(literal);
    return time === undefined ? undefined : text(time);
  }
  if (type !== "date" && type !== "timestamp" && type !== "timestamptz") return undefined;
  const moment = momentOf(literal, type);
  if (moment !== undefined) return momentNode(moment);
  const iso = isoText(literal);
  if (iso === undefined) return undefined;
  // A zone means nothing to a type without one; DuckDB would count with it.
  const zoneless = iso.replace(/(\d{2}:\d{2}:\d{2}(?:\.\d+)?).*$/, "$1");
  return text(
    type === "timestamptz"
      ? iso
      : type === "date"
        ? (iso.split(" ")[0] ?? iso) + (iso.includes("(BC)") ? " (BC)" : "")
        : zoneless,
  );
}

/** `current_date + 1` as a tree. */
function momentNode(moment: string): Node {
  const [name = "", sign, days] = moment.split(" ");
  const base: Node =
    name === "now()"
      ? call("now", [])
      : {
          SQLValueFunction: {
            op: name === "current_date" ? "SVFOP_CURRENT_DATE" : "SVFOP_LOCALTIMESTAMP",
          },
        };
  return sign === undefined ? base : operator(sign, base, int(Number(days)));
}

const FUNCTIONS: Readonly<
  Record<string, (body: Call, context: Context, original: Call) => Node | undefined>
> = {
  extract: datePart,
  date_part: datePart,
  date_trunc: ({ funcname, args, ...rest }, { typeOf }, original) => {
    const truncated: Node = {
      FuncCall: { ...rest, funcname: funcname ?? [], args: args?.slice(0, 2) ?? [] },
    };
    if (args?.length === 3) throw notSupported("date_trunc with a time zone");
    // PostgreSQL has no date_trunc(date): the date becomes a timestamptz first.
    return typeOf(original.args?.[1]) === "date" ? cast(truncated, "timestamptz") : undefined;
  },
  make_interval: ({ args, location }) => {
    const given = (args ?? []).map((arg, index) => {
      const named = bodyOf(arg, "NamedArgExpr");
      const part =
        named === undefined
          ? INTERVAL_PARTS[index]
          : INTERVAL_PARTS.find(([name]) => name === named.name);
      const value = named === undefined ? arg : named.arg;
      if (part === undefined || value === undefined)
        throw notSupported("make_interval with these arguments");
      return call(part[1], [value], location);
    });
    return given.reduce((sum, part) => operator("+", sum, part), call("to_days", [int(0)]));
  },
  overlaps: ({ args, location }, { typeOf }, original) => {
    const [start1, end1, start2, end2] = args ?? [];
    if (start1 === undefined || end1 === undefined || start2 === undefined || end2 === undefined)
      return undefined;
    // (start, length) is the same as (start, end).
    const endOf = (start: Node, end: Node, given: Node | undefined): Node =>
      typeOf(given) === "interval" ? operator("+", start, end) : end;
    return call(
      "pg_overlaps",
      [
        start1,
        endOf(start1, end1, original.args?.[1]),
        start2,
        endOf(start2, end2, original.args?.[3]),
      ],
      location,
    );
  },
  timezone: ({ args, ...rest }) => {
    const interval = bodyOf(args?.[0], "TypeCast");
    if (interval !== undefined && typeNameOf(interval.typeName) === "interval")
      throw notSupported("AT TIME ZONE with an interval");
    return args?.length === 1 ? { FuncCall: { ...rest, args: [text("UTC"), ...args] } } : undefined;
  },
};

const INTERVAL_PARTS: readonly (readonly [name: string, functionName: string])[] = [
  ["years", "to_years"],
  ["months", "to_months"],
  ["weeks", "to_weeks"],
  ["days", "to_days"],
  ["hours", "to_hours"],
  ["mins", "to_minutes"],
  ["secs", "to_seconds"],
];

/** Fields that PostgreSQL counts with a fraction, by how many microseconds are one. */
const FRACTIONAL: Readonly<Record<string, string>> = {
  second: "1000000",
  seconds: "1000000",
  sec: "1000000",
  milliseconds: "1000",
  millisecond: "1000",
  msec: "1000",
  ms: "1000",
};

/**
 * A field is numeric or float8 in PostgreSQL: divided, it has a fraction. In DuckDB it is whole.
 */
function datePart({ args, location }: Call): Node | undefined {
  const [field, value] = args ?? [];
  if (field === undefined || value === undefined) return undefined;
  const name = constantText(field)?.toLowerCase();
  const divisor = name === undefined ? undefined : FRACTIONAL[name];
  if (divisor !== undefined) {
    const micros = cast(call("date_part", [text("microsecond"), value], location), "float8");
    return operator("//", micros, numeric(`${divisor}.`));
  }
  return cast(
    call("date_part", [name === undefined ? field : text(name), value], location),
    "float8",
  );
}
