import type { Node } from "libpg-query";
import { PgError } from "../core/pg-error.ts";
import {
  type Body,
  bodyOf,
  call,
  cast,
  constantText,
  int,
  namesOf,
  str,
  text,
  walk,
  withoutPgCatalog,
} from "./ast.ts";
import { isoText } from "./datetime-literal.ts";
import { intervalText } from "./interval-literal.ts";
import { notSupported } from "./refusals.ts";
import { groupsOf } from "./regular-expressions.ts";
import { callsOf } from "./relations.ts";
import type { Context, Translations } from "./rewrite.ts";
import { regexArguments } from "./translate-patterns.ts";

/** Functions that return sets: in DuckDB they are lists, and unnest makes rows of them. */
export const SETS: Translations = {
  FuncCall: (body, context) => {
    const lists = listsOf(body, context);
    return lists === undefined || lists.length !== 1 || lists[0] === undefined
      ? undefined
      : call("unnest", lists, body.location);
  },
  RangeFunction: (body, context, original) => {
    const [call_, ...others] = callsOf(original);
    const [translated] = callsOf(body);
    if (call_ === undefined || translated === undefined) return undefined;
    if (others.length > 0) throw notSupported("ROWS FROM");
    const name = withoutPgCatalog(namesOf(call_.funcname)).join(".");
    if (
      NATIVE.has(name) &&
      !readsColumns(call_) &&
      (name !== "unnest" || call_.args?.length === 1)
    ) {
      return asTable(name, translated, body);
    }
    // Of the translated arguments: unnest(list) for one that FuncCall above has already made.
    const list =
      namesOf(translated.funcname)[0] === "unnest" && name !== "unnest"
        ? translated.args
        : undefined;
    const lists =
      list ?? listsOf(translated, context) ?? (name === "unnest" ? translated.args : undefined);
    return lists === undefined ? undefined : asSubquery(name, lists, body);
  },
};

type Call = Body<"FuncCall">;
type InFrom = Body<"RangeFunction">;

/** Table functions of DuckDB's own, as long as their arguments are no columns of other tables. */
const NATIVE: ReadonlySet<string> = new Set(["generate_series", "range", "unnest"]);

function readsColumns(body: Call): boolean {
  let reads = false;
  walk(
    { FuncCall: body },
    {
      enter: (kind) => {
        reads ||= kind === "ColumnRef";
        return !reads;
      },
    },
  );
  return reads;
}

/** FROM generate_series(1, 3) AS g: in PostgreSQL g names the column, too. */
function asTable(name: string, translated: Call, body: InFrom): Node {
  const plain =
    name === "unnest" ? translated : (bodyOf(translated.args?.[0], "FuncCall") ?? translated);
  const { alias } = body;
  const columns =
    alias?.colnames ?? (alias?.aliasname === undefined ? undefined : [str(alias.aliasname)]);
  return {
    RangeFunction: {
      ...body,
      functions: [{ List: { items: [{ FuncCall: plain }] } }],
      ...(alias === undefined
        ? {}
        : { alias: { ...alias, ...(columns === undefined ? {} : { colnames: columns }) } }),
    },
  };
}

/** FROM f(…) AS x(a, b) as LATERAL (SELECT unnest(…), unnest(…)) AS x(a, b). */
function asSubquery(
  name: string,
  lists: readonly Node[],
  { alias, ordinality, coldeflist }: InFrom,
): Node {
  if (coldeflist !== undefined) throw notSupported("a column definition list");
  const given = namesOf(alias?.colnames);
  const defaults =
    lists.length === 1 ? [COLUMNS[name]?.[0] ?? alias?.aliasname ?? name] : (COLUMNS[name] ?? []);
  const targets = lists.map(
    (list, index): Node => ({
      ResTarget: { name: given[index] ?? defaults[index] ?? name, val: call("unnest", [list]) },
    }),
  );
  if (ordinality === true && lists[0] !== undefined) {
    const numbers = call("unnest", [call("generate_series", [int(1), call("len", [lists[0]])])]);
    targets.push({ ResTarget: { name: given[lists.length] ?? "ordinality", val: numbers } });
  }
  return {
    RangeSubselect: {
      lateral: true,
      subquery: {
        SelectStmt: { targetList: targets, op: "SETOP_NONE", limitOption: "LIMIT_OPTION_DEFAULT" },
      },
      alias: { aliasname: alias?.aliasname ?? name },
    },
  };
}

const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  json_array_elements: ["value"],
  jsonb_array_elements: ["value"],
  json_array_elements_text: ["value"],
  jsonb_array_elements_text: ["value"],
  json_each: ["key", "value"],
  jsonb_each: ["key", "value"],
  json_each_text: ["key", "value"],
  jsonb_each_text: ["key", "value"],
};

/**
 * The lists, one for each column, whose elements are the rows; undefined for any other function.
 */
function listsOf(body: Call, context: Context): readonly Node[] | undefined {
  const name = withoutPgCatalog(namesOf(body.funcname)).join(".");
  const args = body.args ?? [];
  const [first] = args;
  if (first === undefined) return undefined;
  switch (name) {
    case "generate_series":
      return [series(body, context)];
    case "generate_subscripts":
      return [call("generate_series", [int(1), call("len", [first])])];
    case "json_array_elements":
    case "jsonb_array_elements":
      return [call("from_json", [first, text('["JSON"]')])];
    case "json_array_elements_text":
    case "jsonb_array_elements_text":
      return [call("from_json", [first, text('["VARCHAR"]')])];
    case "json_object_keys":
    case "jsonb_object_keys":
      return [call("json_keys", [first])];
    case "json_each":
    case "jsonb_each":
      return [call("json_keys", [first]), call("pg_json_values", [first])];
    case "json_each_text":
    case "jsonb_each_text":
      return [call("json_keys", [first]), call("pg_json_texts", [first])];
    case "string_to_table":
      return [call("string_to_array", args)];
    case "regexp_split_to_table":
      return [call("regexp_split_to_array", args)];
    case "regexp_matches":
      return [matches(args, context, body.location)];
    default:
      return undefined;
  }
}

function series(body: Call, { typeOf }: Context): Node {
  const step = bodyOf(body.args?.[2], "A_Const");
  if (step?.ival !== undefined && (step.ival.ival ?? 0) === 0) {
    throw new PgError("invalid_parameter_value", "step size cannot equal zero");
  }
  // A literal among moments is one, too, and the step is an interval.
  const moment = [0, 1]
    .map((index) => typeOf(body.args?.[index]))
    .find((type) => MOMENTS.has(type ?? ""));
  const args = body.args?.map((arg, index) => {
    const literal = constantText(arg);
    if (moment === undefined || literal === undefined || bodyOf(arg, "A_Const") === undefined)
      return arg;
    const interval = index === 2 ? intervalText(literal, undefined) : undefined;
    if (index === 2) return cast(interval === undefined ? arg : text(interval), "interval");
    return cast(text(isoText(literal) ?? literal), moment);
  });
  return { FuncCall: { ...body, args: args ?? [], funcname: [str("generate_series")] } };
}

const MOMENTS: ReadonlySet<string> = new Set(["date", "timestamp", "timestamptz"]);

/** One array of groups for each match. */
function matches(args: readonly Node[], context: Context, location: number | undefined): Node {
  const [subject, pattern, flags] = args;
  const constant = constantText(pattern);
  if (subject === undefined || pattern === undefined || constant === undefined) {
    throw notSupported("regexp_matches with a pattern that is no constant");
  }
  const given = constantText(flags) ?? "";
  const { pattern: regex, flags: options } = regexArguments(
    pattern,
    given.replaceAll("g", ""),
    context,
    location,
  );
  const count = groupsOf(constant);
  const groups = count === 0 ? [0] : Array.from({ length: count }, (_, index) => index + 1);
  const all = groups.map((group) =>
    call("regexp_extract_all", [subject, regex, int(group), text(options)]),
  );
  const zipped = call(groups.length === 1 ? "pg_lists_of" : "pg_zipped", [
    { A_ArrayExpr: { elements: all } },
  ]);
  return given.includes("g") ? zipped : call("list_slice", [zipped, int(1), int(1)]);
}
