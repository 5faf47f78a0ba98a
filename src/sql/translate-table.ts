import type { Node } from "libpg-query";
import { quoteIdentifier, quoteLiteral } from "../core/identifier.ts";
import { type Body, bodyOf, namesOf, typeNameOf } from "./ast.ts";
import { duckdbType } from "./duckdb-type.ts";
import { type Printed, Printer } from "./printer.ts";
import { notSupported } from "./refusals.ts";
import { own, plain, qualified, type WriteContext } from "./write-context.ts";

/** Types that are an integer with a sequence behind it. */
const SERIALS: ReadonlyMap<string, string> = new Map([
  ["smallserial", "SMALLINT"],
  ["serial2", "SMALLINT"],
  ["serial", "INTEGER"],
  ["serial4", "INTEGER"],
  ["bigserial", "BIGINT"],
  ["serial8", "BIGINT"],
]);

/** CREATE TABLE, behind the sequences that its columns count by. */
export function newTable(body: Body<"CreateStmt">, context: WriteContext): readonly Printed[] {
  const { relation, tableElts = [], if_not_exists, inhRelations, partspec } = body;
  if (inhRelations !== undefined || partspec !== undefined)
    throw notSupported("CREATE TABLE with inheritance or partitions");
  const condition = if_not_exists === true ? "IF NOT EXISTS " : "";
  const head = `CREATE TABLE ${condition}${own(relation, context)}`;
  const like = bodyOf(tableElts[0], "TableLikeClause");
  if (like !== undefined && tableElts.length === 1) return [likeTable(head, like, context)];

  const sequences: Printed[] = [];
  const out = new Printer();
  out.text(`${head} (`);
  if (tableElts.length === 0) throw notSupported("a table without columns");
  tableElts.forEach((element, position) => {
    if (position > 0) out.text(", ");
    const column = bodyOf(element, "ColumnDef");
    const constraint = bodyOf(element, "Constraint");
    if (column !== undefined) {
      const counts = countsItself(column);
      const sequence = qualified(
        context.catalog,
        `${relation?.relname ?? ""}_${column.colname ?? ""}_seq`,
      );
      if (counts) sequences.push(plain(`CREATE SEQUENCE IF NOT EXISTS ${sequence}`));
      writeColumn(out, column, counts ? sequence : undefined, context);
    } else if (constraint !== undefined) writeTableConstraint(out, constraint, context);
    else throw notSupported("LIKE beside other columns");
  });
  return [...sequences, out.text(")").printed()];
}

/** The type of a column that is defined or altered. */
export function columnType(column: Body<"ColumnDef"> | undefined): string {
  if (column?.collClause !== undefined) throw notSupported("COLLATE of a column");
  const type = column?.typeName ?? {};
  return SERIALS.get(typeNameOf(type)) ?? duckdbType(type);
}

/** (LIKE other): its columns without its rows. */
function likeTable(
  head: string,
  { relation }: Body<"TableLikeClause">,
  { rewrite }: WriteContext,
): Printed {
  const query: Node = {
    SelectStmt: {
      op: "SETOP_NONE",
      limitOption: "LIMIT_OPTION_DEFAULT",
      targetList: [{ ResTarget: { val: { ColumnRef: { fields: [{ A_Star: {} }] } } } }],
      fromClause: [{ RangeVar: relation ?? {} }],
    },
  };
  return new Printer().text(`${head} AS `).node(rewrite(query)).text(" WITH NO DATA").printed();
}

function countsItself({ typeName, constraints }: Body<"ColumnDef">): boolean {
  const isIdentity = constraints?.some(
    (node) => bodyOf(node, "Constraint")?.contype === "CONSTR_IDENTITY",
  );
  return isIdentity === true || SERIALS.has(typeNameOf(typeName));
}

function writeColumn(
  out: Printer,
  column: Body<"ColumnDef">,
  sequence: string | undefined,
  context: WriteContext,
): void {
  out.name(column.colname).text(` ${columnType(column)}`);
  if (sequence !== undefined) out.text(` NOT NULL DEFAULT nextval(${quoteLiteral(sequence)})`);
  for (const node of column.constraints ?? []) {
    const constraint = bodyOf(node, "Constraint") ?? {};
    switch (constraint.contype) {
      case "CONSTR_NULL":
      case "CONSTR_IDENTITY":
      case "CONSTR_ATTR_NOT_DEFERRABLE":
      case "CONSTR_ATTR_IMMEDIATE":
        break;
      case "CONSTR_NOTNULL":
        if (sequence === undefined) out.text(" NOT NULL");
        break;
      case "CONSTR_DEFAULT":
        if (constraint.raw_expr !== undefined)
          out.text(" DEFAULT (").node(context.rewrite(constraint.raw_expr)).text(")");
        break;
      case "CONSTR_PRIMARY":
        out.text(" PRIMARY KEY");
        break;
      case "CONSTR_UNIQUE":
        out.text(" UNIQUE");
        break;
      case "CONSTR_CHECK":
        writeCheck(out, constraint, context);
        break;
      default:
        throw notSupported(nameOf(constraint));
    }
  }
}

function writeTableConstraint(
  out: Printer,
  constraint: Body<"Constraint">,
  context: WriteContext,
): void {
  const keys = namesOf(constraint.keys).map(quoteIdentifier).join(", ");
  if (constraint.contype === "CONSTR_PRIMARY") out.text(`PRIMARY KEY (${keys})`);
  else if (constraint.contype === "CONSTR_UNIQUE") out.text(`UNIQUE (${keys})`);
  else if (constraint.contype === "CONSTR_CHECK") writeCheck(out, constraint, context);
  else throw notSupported(nameOf(constraint));
}

function writeCheck(
  out: Printer,
  { raw_expr }: Body<"Constraint">,
  { rewrite }: WriteContext,
): void {
  if (raw_expr !== undefined) out.text(" CHECK (").node(rewrite(raw_expr)).text(")");
}

function nameOf({ contype }: Body<"Constraint">): string {
  if (contype === "CONSTR_FOREIGN") return "a foreign key of a temporary table";
  if (contype === "CONSTR_GENERATED") return "a generated column";
  return "this constraint of a temporary table";
}
