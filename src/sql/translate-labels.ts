import type { Node, SelectStmt } from "libpg-query";
import { type Body, bodyOf, namesOf, withoutPgCatalog } from "./ast.ts";

/**
 * The name that PostgreSQL gives a target without one: FigureColname() in its parse_target.c. A
 * name found inside is weak if it is only a type's, and gives way to a better one further in.
 */
export function columnLabel(node: Node | undefined): string {
  return figure(node)?.name ?? "?column?";
}

interface Figured {
  readonly name: string;
  readonly weak: boolean;
}

const strong = (name: string): Figured => ({ name, weak: false });

function figure(node: Node | undefined): Figured | undefined {
  if (node === undefined) return undefined;
  const column = bodyOf(node, "ColumnRef");
  if (column !== undefined) return lastName(column.fields);
  const indirection = bodyOf(node, "A_Indirection");
  if (indirection !== undefined)
    return lastName(indirection.indirection) ?? figure(indirection.arg);
  const call = bodyOf(node, "FuncCall");
  if (call !== undefined) return strong(namesOf(call.funcname).at(-1) ?? "");
  const cast = bodyOf(node, "TypeCast");
  if (cast !== undefined) return ofCast(cast);
  const collate = bodyOf(node, "CollateClause");
  if (collate !== undefined) return figure(collate.arg);
  const caseOf = bodyOf(node, "CaseExpr");
  if (caseOf !== undefined) {
    const inner = figure(caseOf.defresult);
    return inner === undefined || inner.weak ? { name: "case", weak: true } : inner;
  }
  const link = bodyOf(node, "SubLink");
  if (link !== undefined) return ofSubLink(link);
  const expression = bodyOf(node, "A_Expr");
  if (expression?.kind === "AEXPR_NULLIF") return strong("nullif");
  const valueFunction = bodyOf(node, "SQLValueFunction")?.op;
  if (valueFunction !== undefined)
    return strong(valueFunction.replace("SVFOP_", "").replace(/_N$/, "").toLowerCase());
  return figureByKind(node);
}

function figureByKind(node: Node): Figured | undefined {
  if (bodyOf(node, "A_ArrayExpr") !== undefined) return strong("array");
  if (bodyOf(node, "RowExpr") !== undefined) return strong("row");
  if (bodyOf(node, "CoalesceExpr") !== undefined) return strong("coalesce");
  if (bodyOf(node, "GroupingFunc") !== undefined) return strong("grouping");
  const minMax = bodyOf(node, "MinMaxExpr");
  return minMax === undefined ? undefined : strong(minMax.op === "IS_LEAST" ? "least" : "greatest");
}

function lastName(fields: readonly Node[] | undefined): Figured | undefined {
  const names = namesOf(fields).filter((name) => name !== "");
  const last = names.at(-1);
  return last === undefined ? undefined : strong(last);
}

function ofCast({ arg, typeName }: Body<"TypeCast">): Figured | undefined {
  const inner = figure(arg);
  if (inner !== undefined && !inner.weak) return inner;
  const name = withoutPgCatalog(namesOf(typeName?.names)).at(-1);
  return name === undefined ? inner : { name, weak: true };
}

function ofSubLink({ subLinkType, subselect }: Body<"SubLink">): Figured | undefined {
  if (subLinkType === "EXISTS_SUBLINK") return strong("exists");
  if (subLinkType === "ARRAY_SUBLINK") return strong("array");
  if (subLinkType !== "EXPR_SUBLINK") return undefined;
  const query = bodyOf(subselect, "SelectStmt");
  const target = bodyOf(leftmost(query)?.targetList?.[0], "ResTarget");
  if (target?.name !== undefined) return strong(target.name);
  return figure(target?.val);
}

function leftmost(query: SelectStmt | undefined): SelectStmt | undefined {
  return query?.larg === undefined ? query : leftmost(query.larg);
}

/** A column, or all of them: both engines agree on these names. */
export function isNamedByItself(node: Node | undefined): boolean {
  return (
    bodyOf(node, "ColumnRef") !== undefined ||
    endsInStar(bodyOf(node, "A_Indirection")?.indirection)
  );
}

function endsInStar(steps: readonly Node[] | undefined): boolean {
  const last = steps?.at(-1);
  return last !== undefined && bodyOf(last, "A_Star") !== undefined;
}
