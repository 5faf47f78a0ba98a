import type { RangeVar } from "libpg-query";
import { type Body, bodyOf } from "./ast.ts";
import { type Printed, Printer } from "./printer.ts";
import { notSupported } from "./refusals.ts";
import { columnType } from "./translate-table.ts";
import { own, type WriteContext } from "./write-context.ts";

/** One command of ALTER TABLE. */
export function alter(
  relation: RangeVar | undefined,
  { subtype, name = "", def, missing_ok }: Body<"AlterTableCmd">,
  context: WriteContext,
): Printed {
  const out = new Printer();
  out.text(`ALTER TABLE ${own(relation, context)} `);
  const column = bodyOf(def, "ColumnDef");
  switch (subtype) {
    case "AT_AddColumn": {
      const known = column?.constraints?.map((node) => bodyOf(node, "Constraint")?.contype);
      if (known?.some((type) => type !== "CONSTR_DEFAULT" && type !== "CONSTR_NULL") === true)
        throw notSupported("ADD COLUMN with a constraint");
      out.text(`ADD COLUMN ${missing_ok === true ? "IF NOT EXISTS " : ""}`);
      out.name(column?.colname).text(` ${columnType(column)}`);
      for (const node of column?.constraints ?? []) {
        const value = bodyOf(node, "Constraint")?.raw_expr;
        if (value !== undefined) out.text(" DEFAULT ").node(context.rewrite(value));
      }
      break;
    }
    case "AT_DropColumn":
      out.text(`DROP COLUMN ${missing_ok === true ? "IF EXISTS " : ""}`).name(name);
      break;
    case "AT_AlterColumnType":
      out
        .text("ALTER COLUMN ")
        .name(name)
        .text(` TYPE ${columnType(column)}`);
      if (column?.raw_default !== undefined)
        out.text(" USING ").node(context.rewrite(column.raw_default));
      break;
    case "AT_ColumnDefault":
      out.text("ALTER COLUMN ").name(name);
      if (def === undefined) out.text(" DROP DEFAULT");
      else out.text(" SET DEFAULT ").node(context.rewrite(def));
      break;
    case "AT_SetNotNull":
      out.text("ALTER COLUMN ").name(name).text(" SET NOT NULL");
      break;
    case "AT_DropNotNull":
      out.text("ALTER COLUMN ").name(name).text(" DROP NOT NULL");
      break;
    default:
      throw notSupported("this form of ALTER TABLE");
  }
  return out.printed();
}

/** CREATE INDEX. */
export function index(body: Body<"IndexStmt">, context: WriteContext): Printed {
  const { idxname, relation, indexParams, unique, if_not_exists, whereClause } = body;
  if (whereClause !== undefined) throw notSupported("a partial index");
  const names = (indexParams ?? []).map((node) => bodyOf(node, "IndexElem") ?? {});
  const name =
    idxname ?? [relation?.relname, ...names.map((one) => one.name ?? "expr"), "idx"].join("_");
  const out = new Printer();
  out.text(`CREATE ${unique === true ? "UNIQUE " : ""}INDEX `);
  if (if_not_exists === true) out.text("IF NOT EXISTS ");
  out.name(name).text(` ON ${own(relation, context)} (`);
  names.forEach((element, position) => {
    if (position > 0) out.text(", ");
    if (element.name !== undefined) out.name(element.name);
    else if (element.expr !== undefined)
      out.text("(").node(context.rewrite(element.expr)).text(")");
  });
  return out.text(")").printed();
}
