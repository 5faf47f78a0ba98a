import type { Node } from "libpg-query";
import { quoteLiteral } from "../core/identifier.ts";
import { PgError } from "../core/pg-error.ts";
import { type Body, bodyOf, namesOf, withoutPgCatalog } from "./ast.ts";
import { duckdbType, NUMERIC } from "./duckdb-type.ts";
import { writeWindow } from "./print-queries.ts";
import type { Printer, Printings } from "./printer.ts";
import { notSupported } from "./refusals.ts";

/** Expressions in DuckDB's SQL. */
export const EXPRESSIONS: Printings = {
  A_Const: (out, constant) => out.mark(constant.location).text(constantText(constant)),
  ColumnRef: (out, { fields, location }) => out.mark(location).list(fields, "."),
  String: (out, { sval }) => out.name(sval),
  A_Star: (out) => out.text("*"),
  ParamRef: (out, { number, location }) => out.mark(location).text(`$${number ?? 0}`),
  A_Expr: writeOperation,
  BoolExpr: (out, { boolop, args, location }) => {
    out.mark(location).text("(");
    if (boolop === "NOT_EXPR") out.text("NOT ").node(args?.[0]);
    else out.list(args, boolop === "AND_EXPR" ? " AND " : " OR ");
    out.text(")");
  },
  NullTest: (out, { arg, nulltesttype }) =>
    out
      .text("(")
      .node(arg)
      .text(nulltesttype === "IS_NULL" ? " IS NULL)" : " IS NOT NULL)"),
  BooleanTest: (out, { arg, booltesttype }) => {
    const test = (booltesttype ?? "IS_UNKNOWN").replace(
      /^IS_(NOT_)?/,
      (_, not) => ` IS ${not ? "NOT " : ""}`,
    );
    // PostgreSQL's UNKNOWN is NULL for a Boolean.
    out
      .text("(")
      .node(arg)
      .text(`${test.replace("UNKNOWN", "NULL")})`);
  },
  CaseExpr: (out, { arg, args, defresult, location }) => {
    out.mark(location).text("CASE");
    if (arg !== undefined) out.text(" ").node(arg);
    out.list(args, "");
    if (defresult !== undefined) out.text(" ELSE ").node(defresult);
    out.text(" END");
  },
  CaseWhen: (out, { expr, result }) => out.text(" WHEN ").node(expr).text(" THEN ").node(result),
  CoalesceExpr: (out, { args, location }) =>
    out.mark(location).text("COALESCE(").list(args).text(")"),
  MinMaxExpr: (out, { op, args, location }) =>
    out
      .mark(location)
      .text(op === "IS_LEAST" ? "least(" : "greatest(")
      .list(args)
      .text(")"),
  FuncCall: writeCall,
  NamedArgExpr: (out, { name, arg }) => out.name(name).text(" := ").node(arg),
  TypeCast: (out, { arg, typeName, location }) => {
    out.mark(location).text("CAST(").node(arg);
    out.text(` AS ${duckdbType(typeName ?? {})})`);
  },
  CollateClause: (out, { arg, collname }) => {
    const collation = collationOf(namesOf(collname).at(-1) ?? "");
    if (collation === undefined) out.node(arg);
    else out.text("(").node(arg).text(` COLLATE ${collation})`);
  },
  RowExpr: (out, { args, row_format, location }) =>
    out
      .mark(location)
      .text(row_format === "COERCE_IMPLICIT_CAST" ? "(" : "row(")
      .list(args)
      .text(")"),
  A_ArrayExpr: (out, { elements, location }) =>
    out.mark(location).text("[").list(elements).text("]"),
  A_Indirection: (out, { arg, indirection }) => {
    out.text("(").node(arg).text(")");
    for (const step of indirection ?? []) {
      if (bodyOf(step, "A_Indices") === undefined) out.text(".");
      out.node(step);
    }
  },
  A_Indices: (out, { is_slice, lidx, uidx }) => {
    out.text("[");
    if (is_slice === true) out.node(lidx).text(":");
    out.node(uidx).text("]");
  },
  SubLink: writeSubLink,
  SQLValueFunction: (out, { op, location }) => {
    const name = VALUE_FUNCTIONS[op ?? ""];
    if (name === undefined)
      throw notSupported(op?.replace("SVFOP_", "").toLowerCase() ?? "this function");
    out.mark(location).text(name);
  },
  GroupingFunc: (out, { args, location }) =>
    out.mark(location).text("grouping(").list(args).text(")"),
};

const VALUE_FUNCTIONS: Readonly<Record<string, string>> = {
  SVFOP_CURRENT_DATE: "current_date",
  SVFOP_CURRENT_TIME: "CAST(now() AS TIMETZ)",
  SVFOP_CURRENT_TIME_N: "CAST(now() AS TIMETZ)",
  SVFOP_CURRENT_TIMESTAMP: "now()",
  SVFOP_CURRENT_TIMESTAMP_N: "now()",
  SVFOP_LOCALTIMESTAMP: "localtimestamp",
  SVFOP_LOCALTIMESTAMP_N: "localtimestamp",
  SVFOP_LOCALTIME: "localtime",
  SVFOP_LOCALTIME_N: "localtime",
};

function constantText({ ival, fval, sval, boolval, bsval, isnull }: Body<"A_Const">): string {
  if (isnull === true) return "NULL";
  if (boolval !== undefined) return boolval.boolval === true ? "TRUE" : "FALSE";
  if (sval !== undefined) return quoteLiteral(sval.sval ?? "");
  // A minus sign next to another would begin a comment.
  if (ival !== undefined) return (ival.ival ?? 0) < 0 ? `(${ival.ival})` : String(ival.ival ?? 0);
  if (bsval !== undefined) return `CAST('${bitsOf(bsval.bsval ?? "b")}' AS BIT)`;
  const digits = (fval?.fval ?? "").replaceAll("_", "");
  if (!/^-?[0-9.]+(e[-+]?[0-9]+)?$/i.test(digits)) throw notSupported(`the number ${digits}`);
  const plain = isInt8(digits) ? digits : withoutExponent(digits);
  return plain.startsWith("-") ? `(${plain})` : plain;
}

/** What is too large for an int4 the parser gives as a decimal, and PostgreSQL takes as an int8. */
function isInt8(digits: string): boolean {
  return /^-?[0-9]{10,19}$/.test(digits) && BigInt.asIntN(64, BigInt(digits)) === BigInt(digits);
}

/**
 * PostgreSQL's 1e3 is a numeric, DuckDB's a DOUBLE; with a point and without an exponent it is one.
 */
function withoutExponent(digits: string): string {
  const [, sign = "", whole = "", fraction = "", exponent] =
    /^(-?)(\d*)\.?(\d*)(?:e([-+]?\d+))?$/i.exec(digits) ?? [];
  const shift = Number(exponent ?? 0);
  if (Math.abs(shift) > NUMERIC.width) return digits;
  const all = `${whole}${fraction}`;
  const point = whole.length + shift;
  const before = point > 0 ? all.slice(0, point).padEnd(point, "0") : "";
  const after =
    point < all.length ? all.slice(Math.max(0, point)).padStart(all.length - point, "0") : "";
  if (before.length + after.length > NUMERIC.width) return digits;
  return `${sign}${before === "" ? "0" : before}.${after}`;
}

/** `b101` and `xf` as bits. */
function bitsOf(literal: string): string {
  if (literal[0] !== "x") return literal.slice(1);
  return literal
    .slice(1)
    .replaceAll(/./g, (digit) => Number.parseInt(digit, 16).toString(2).padStart(4, "0"));
}

/** DuckDB compares by bytes, as C does; undefined where that is what is asked for. */
function collationOf(name: string): string | undefined {
  if (["C", "POSIX", "default", "ucs_basic", "C.utf8", "pg_c_utf8"].includes(name))
    return undefined;
  const [, language] = /^([a-z]{2})([_-][A-Za-z]{2})?(-x-icu|\.utf-?8)?$/.exec(name) ?? [];
  if (language !== undefined) return language;
  throw new PgError("undefined_object", `collation "${name}" for encoding "UTF8" does not exist`);
}

function writeOperation(
  out: Printer,
  { kind, name, lexpr, rexpr, location }: Body<"A_Expr">,
): void {
  const operator = withoutPgCatalog(namesOf(name)).join(".");
  out.text("(");
  if (lexpr !== undefined) out.node(lexpr).text(" ");
  out.mark(location);
  switch (kind) {
    case "AEXPR_OP":
    case "AEXPR_LIKE":
    case "AEXPR_ILIKE":
      out.text(`${operatorText(operator)} `).node(rexpr);
      break;
    case "AEXPR_OP_ANY":
    case "AEXPR_OP_ALL":
      out
        .text(`${operatorText(operator)} ${kind === "AEXPR_OP_ANY" ? "ANY" : "ALL"}(`)
        .node(rexpr)
        .text(")");
      break;
    case "AEXPR_DISTINCT":
      out.text("IS DISTINCT FROM ").node(rexpr);
      break;
    case "AEXPR_NOT_DISTINCT":
      out.text("IS NOT DISTINCT FROM ").node(rexpr);
      break;
    case "AEXPR_IN":
      out
        .text(operator === "<>" ? "NOT IN (" : "IN (")
        .list(itemsOf(rexpr))
        .text(")");
      break;
    case "AEXPR_BETWEEN":
    case "AEXPR_NOT_BETWEEN":
      out
        .text(kind === "AEXPR_BETWEEN" ? "BETWEEN " : "NOT BETWEEN ")
        .list(itemsOf(rexpr), " AND ");
      break;
    default:
      // NULLIF, SIMILAR TO and BETWEEN SYMMETRIC were translated into others before.
      throw new Error(`nothing prints ${kind}`);
  }
  out.text(")");
}

function itemsOf(node: Node | undefined): readonly Node[] {
  return bodyOf(node, "List")?.items ?? [];
}

/** Operators as DuckDB's parser reads them. What it does not know would be a syntax error there. */
const OPERATORS: ReadonlySet<string> = new Set(
  "+ - * / // % ^ ** = <> < > <= >= || & | << >> ~ ~~ !~~ ~~* !~~* -> ->> @> <@ && @".split(" "),
);

function operatorText(operator: string): string {
  const spelling = operator === "!=" ? "<>" : operator;
  if (!OPERATORS.has(spelling)) {
    throw new PgError("feature_not_supported", `operator ${operator} is not supported`);
  }
  return spelling;
}

function writeCall(out: Printer, call: Body<"FuncCall">): void {
  const names = withoutPgCatalog(namesOf(call.funcname));
  out.mark(call.location);
  names.forEach((name, index) => void out.text(index > 0 ? "." : "").name(name));
  if (call.func_variadic === true) throw notSupported("VARIADIC");
  out.text(call.agg_distinct === true ? "(DISTINCT " : "(");
  if (call.agg_star === true) out.text("*");
  out.list(call.args);
  if (call.agg_order !== undefined && call.agg_within_group !== true)
    out.text(" ORDER BY ").list(call.agg_order);
  out.text(")");
  if (call.agg_within_group === true)
    out.text(" WITHIN GROUP (ORDER BY ").list(call.agg_order).text(")");
  if (call.agg_filter !== undefined) out.text(" FILTER (WHERE ").node(call.agg_filter).text(")");
  if (call.over !== undefined) writeWindow(out.text(" OVER "), call.over);
}

function writeSubLink(
  out: Printer,
  { subLinkType, testexpr, operName, subselect, location }: Body<"SubLink">,
): void {
  out.mark(location).text("(");
  if (testexpr !== undefined) out.node(testexpr).text(" ");
  switch (subLinkType) {
    case "EXISTS_SUBLINK":
      out.text("EXISTS ");
      break;
    case "ANY_SUBLINK":
      out.text(
        operName === undefined ? "IN " : `${operatorText(namesOf(operName).at(-1) ?? "")} ANY `,
      );
      break;
    case "ALL_SUBLINK":
      out.text(`${operatorText(namesOf(operName).at(-1) ?? "")} ALL `);
      break;
    case "ARRAY_SUBLINK":
      out.text("ARRAY ");
      break;
    case "EXPR_SUBLINK":
      break;
    default:
      throw notSupported("this kind of subquery");
  }
  out.text("(").node(subselect).text("))");
}
