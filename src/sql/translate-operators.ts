import type { Node } from "libpg-query";
import { parseArrayLiteral } from "./array-literal.ts";
import {
  type Body,
  bodyOf,
  call,
  cast,
  constantText,
  namesOf,
  numeric,
  operator,
  text,
  withoutPgCatalog,
} from "./ast.ts";
import type { Context, Translations } from "./rewrite.ts";

/** Operators whose meaning depends on the types beside them, or that DuckDB spells as functions. */
export const OPERATORS: Translations = {
  A_Expr: (body, context, original) => {
    switch (body.kind) {
      case "AEXPR_NULLIF":
        return call("nullif", sidesOf(body), body.location);
      case "AEXPR_BETWEEN_SYM":
      case "AEXPR_NOT_BETWEEN_SYM":
        return betweenSymmetric(body);
      case "AEXPR_OP_ANY":
      case "AEXPR_OP_ALL":
        return ofArrayLiteral(body, context) ?? ofArrayColumn(body);
      case "AEXPR_OP":
        return operation(body, context, original);
      default:
        return undefined;
    }
  },
  A_Indirection: (body, context, original) => {
    const isArray = context.typeOf(original.arg)?.endsWith("[]") ?? true;
    if (!isArray) return undefined;
    // DuckDB counts a negative subscript from the end, PostgreSQL finds nothing there.
    const steps = (body.indirection ?? []).map((step) => {
      const index = bodyOf(step, "A_Indices");
      if (index?.uidx === undefined || index.is_slice === true || isPositive(index.uidx))
        return step;
      return { A_Indices: { ...index, uidx: call("pg_subscript", [index.uidx]) } };
    });
    return { A_Indirection: { ...body, indirection: steps } };
  },
};

type Operation = Body<"A_Expr">;

function sidesOf({ lexpr, rexpr }: Operation): readonly Node[] {
  return [lexpr, rexpr].filter((side) => side !== undefined);
}

function isPositive(node: Node): boolean {
  const constant = bodyOf(node, "A_Const");
  return constant === undefined
    ? false
    : constant.sval !== undefined || (constant.ival?.ival ?? 0) > 0;
}

const PREFIXES: Readonly<Record<string, string>> = { "|/": "sqrt", "||/": "cbrt", "@": "abs" };

function operation(body: Operation, context: Context, original: Operation): Node | undefined {
  const name = withoutPgCatalog(namesOf(body.name)).join(".");
  const { lexpr, rexpr, location } = body;
  if (rexpr === undefined) return undefined;
  if (lexpr === undefined)
    return PREFIXES[name] === undefined ? undefined : call(PREFIXES[name], [rexpr], location);
  switch (name) {
    case "/":
      return division(body, context, original);
    case "#":
      return call("xor", [lexpr, rexpr], location);
    case "||":
      return concatenation(body, context, original);
    case "+":
    case "-":
      return withDays(body, context, original) ?? withTypedLiteral(body, context, original);
    case "*":
    case "%":
      return withTypedLiteral(body, context, original);
    default:
      return undefined;
  }
}

/** `//` divides whole numbers as PostgreSQL does; a macro of that name raises division_by_zero. */
function division(body: Operation, { typeOf }: Context, original: Operation): Node | undefined {
  const { lexpr, rexpr, location } = body;
  if (lexpr === undefined || rexpr === undefined) return undefined;
  const left = typeOf(original.lexpr);
  const right = typeOf(original.rexpr);
  if (left === "interval") {
    return operator(
      "*",
      lexpr,
      operator("//", cast(numeric("1"), "float8"), rexpr, location),
      location,
    );
  }
  const typed = withTypedLiteral(body, { typeOf }, original) ?? { A_Expr: body };
  const sides = bodyOf(typed, "A_Expr") ?? body;
  const exact = [left, right].includes("numeric");
  // PostgreSQL has a fraction here; in DuckDB both sides may be whole, as sum(bigint) is.
  const dividend = exact && sides.lexpr !== undefined ? cast(sides.lexpr, "float8") : sides.lexpr;
  return operator("//", dividend, sides.rexpr ?? rexpr, location);
}

/** DuckDB adds only an INTEGER to a date, and counts and series are BIGINT there. */
function withDays(body: Operation, { typeOf }: Context, original: Operation): Node | undefined {
  const days = (side: Node | undefined): boolean =>
    /^int\d$/.test(typeOf(side) ?? "") && bodyOf(side, "A_Const") === undefined;
  const { lexpr, rexpr } = body;
  if (rexpr !== undefined && typeOf(original.lexpr) === "date" && days(original.rexpr)) {
    return { A_Expr: { ...body, rexpr: cast(rexpr, "int4") } };
  }
  if (lexpr !== undefined && typeOf(original.rexpr) === "date" && days(original.lexpr)) {
    return { A_Expr: { ...body, lexpr: cast(lexpr, "int4") } };
  }
  return undefined;
}

const NUMBERS: ReadonlySet<string | undefined> = new Set([
  "int2",
  "int4",
  "int8",
  "numeric",
  "float4",
  "float8",
]);

/** 1 + '2': a quoted literal has the type of the other side. */
function withTypedLiteral(
  body: Operation,
  { typeOf }: Pick<Context, "typeOf">,
  original: Operation,
): Node | undefined {
  const left = typeOf(original.lexpr);
  const right = typeOf(original.rexpr);
  const literal = (side: Node | undefined): boolean => constantText(side) !== undefined;
  if (
    right === "unknown" &&
    literal(body.rexpr) &&
    left !== undefined &&
    NUMBERS.has(left) &&
    body.rexpr
  ) {
    return { A_Expr: { ...body, rexpr: cast(body.rexpr, left) } };
  }
  if (
    left === "unknown" &&
    literal(body.lexpr) &&
    right !== undefined &&
    NUMBERS.has(right) &&
    body.lexpr
  ) {
    return { A_Expr: { ...body, lexpr: cast(body.lexpr, right) } };
  }
  return undefined;
}

/** || joins texts, two arrays, and an array with one more element. */
function concatenation(
  body: Operation,
  { typeOf }: Context,
  original: Operation,
): Node | undefined {
  const { lexpr, rexpr, location } = body;
  if (lexpr === undefined || rexpr === undefined) return undefined;
  const left = typeOf(original.lexpr);
  const right = typeOf(original.rexpr);
  const isArray = (type: string | undefined): boolean => type?.endsWith("[]") === true;
  const isElement = (type: string | undefined): boolean =>
    type !== undefined && !isArray(type) && type !== "unknown";
  if (isArray(left) && isElement(right)) return call("list_append", [lexpr, rexpr], location);
  if (isArray(right) && isElement(left)) return call("list_prepend", [lexpr, rexpr], location);
  // A NULL array counts as an empty one.
  if (isArray(left) && isArray(right)) return call("list_concat", [lexpr, rexpr], location);
  if (isArray(left) || isArray(right)) return undefined;
  // Text of a number, say: PostgreSQL's, not DuckDB's, whose 1.0 is no 1.
  const asText = (side: Node, type: string | undefined): Node =>
    type !== undefined && ["float4", "float8", "interval"].includes(type)
      ? call("pg_text", [side])
      : side;
  return operator("||", asText(lexpr, left), asText(rexpr, right), location);
}

function betweenSymmetric(body: Operation): Node {
  const bounds = bodyOf(body.rexpr, "List")?.items ?? [];
  return {
    A_Expr: {
      ...body,
      kind: body.kind === "AEXPR_BETWEEN_SYM" ? "AEXPR_BETWEEN" : "AEXPR_NOT_BETWEEN",
      rexpr: { List: { items: [call("least", bounds), call("greatest", bounds)] } },
    },
  };
}

/** x = ANY (tags): NULL where tags is, for DuckDB it is a query of no rows. */
function ofArrayColumn(body: Operation): Node | undefined {
  const { lexpr, rexpr, location } = body;
  if (lexpr === undefined || rexpr === undefined || bodyOf(rexpr, "ColumnRef") === undefined)
    return undefined;
  if (body.kind === "AEXPR_OP_ANY" && namesOf(body.name).at(-1) === "=")
    return call("list_contains", [rexpr, lexpr], location);
  const isNull: Node = { NullTest: { arg: rexpr, nulltesttype: "IS_NOT_NULL" } };
  return { CaseExpr: { args: [{ CaseWhen: { expr: isNull, result: { A_Expr: body } } }] } };
}

/** x = ANY ('{1,2}'): the literal is an array of x's type. */
function ofArrayLiteral(body: Operation, { typeOf, position }: Context): Node | undefined {
  const literal = constantText(body.rexpr);
  if (literal === undefined || bodyOf(body.rexpr, "A_Const") === undefined) return undefined;
  const elements = parseArrayLiteral(literal, position(body.location));
  const type = typeOf(body.lexpr);
  const numbers =
    !["text", "varchar"].includes(type ?? "") &&
    elements.every((item) => item === undefined || /^-?\d+$/.test(item));
  const items = elements.map((item): Node => {
    if (item === undefined) return { A_Const: { isnull: true } };
    return numbers ? numeric(item) : text(item);
  });
  return { A_Expr: { ...body, rexpr: { A_ArrayExpr: { elements: items } } } };
}
