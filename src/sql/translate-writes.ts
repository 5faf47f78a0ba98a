import type { Node, RangeVar, SelectStmt } from "libpg-query";
import { quoteIdentifier } from "../core/identifier.ts";
import { type Body, bodyOf, kindOf, type NodeKind, namesOf } from "./ast.ts";
import { type Printed, Printer } from "./printer.ts";
import { notSupported } from "./refusals.ts";
import { referencesOf } from "./relations.ts";
import { refuseWritesInside, selectInto, TEMPORARY_SCHEMA } from "./temporary.ts";
import { alter, index } from "./translate-alter.ts";
import { newTable } from "./translate-table.ts";
import { own, plain, qualified, type WriteContext } from "./write-context.ts";

/** One statement of PostgreSQL's as those of DuckDB's that do the same, to be run in this order. */
export function translateWrite(ast: Node, context: WriteContext): readonly Printed[] {
  const kind = kindOf(ast);
  const write = WRITINGS[kind];
  if (write === undefined) throw notSupported(kind);
  // The table gives each kind a function of its own body.
  return (write as Writing<unknown>)(ast[kind as keyof Node], context);
}

type Writing<B> = (body: B, context: WriteContext) => readonly Printed[];

const WRITINGS: { readonly [K in NodeKind]?: Writing<Body<K>> } = {
  CreateStmt: newTable,
  CreateTableAsStmt: (body, context) => [createTableAs(body, context)],
  SelectStmt: (body, context) => {
    const created = selectInto(body, "");
    return created === undefined ? [] : [createTableAs(created.body, context)];
  },
  ViewStmt: ({ view, aliases, query, replace }, context) => {
    const out = new Printer();
    out.text(`CREATE ${replace === true ? "OR REPLACE " : ""}VIEW ${own(view, context)}`);
    writeNames(out, aliases);
    return [out.text(" AS ").node(queryOf(query, context)).printed()];
  },
  InsertStmt: (body, context) => [insert(body, context)],
  UpdateStmt: (body, context) => [update(body, context)],
  DeleteStmt: (body, context) => [remove(body, context)],
  TruncateStmt: ({ relations }, context) =>
    (relations ?? []).map((node) => plain(`TRUNCATE ${own(bodyOf(node, "RangeVar"), context)}`)),
  AlterTableStmt: ({ relation, cmds }, context) =>
    (cmds ?? []).map((node) => alter(relation, bodyOf(node, "AlterTableCmd") ?? {}, context)),
  RenameStmt: ({ renameType, relation, subname, newname = "" }, context) => {
    const what =
      renameType === "OBJECT_COLUMN" ? `RENAME COLUMN ${quoteIdentifier(subname ?? "")}` : "RENAME";
    return [plain(`ALTER TABLE ${own(relation, context)} ${what} TO ${quoteIdentifier(newname)}`)];
  },
  IndexStmt: (body, context) => [index(body, context)],
  DropStmt: ({ objects, removeType, missing_ok }, { catalog }) =>
    (objects ?? []).map((node) => {
      const name = namesOf(bodyOf(node, "List")?.items).at(-1) ?? "";
      const object = (removeType ?? "").replace("OBJECT_", "");
      const condition = missing_ok === true ? "IF EXISTS " : "";
      return plain(`DROP ${object} ${condition}${qualified(catalog, name)}`);
    }),
};

function createTableAs(
  { query, into, if_not_exists }: Body<"CreateTableAsStmt">,
  context: WriteContext,
): Printed {
  if (bodyOf(query, "SelectStmt") === undefined) throw notSupported("CREATE TABLE AS EXECUTE");
  const out = new Printer();
  const condition = if_not_exists === true ? "IF NOT EXISTS " : "";
  out.text(`CREATE TABLE ${condition}${own(into?.rel, context)}`);
  writeNames(out, into?.colNames);
  out.text(" AS ").node(queryOf(query, context));
  if (into?.skipData === true) out.text(" WITH NO DATA");
  return out.printed();
}

function queryOf(query: Node | undefined, { rewrite }: WriteContext): Node {
  const select = query ?? { SelectStmt: {} };
  refuseWritesInside(select);
  return rewrite(select);
}

function writeNames(out: Printer, names: readonly Node[] | undefined): void {
  if (names !== undefined) out.text(" (").list(names).text(")");
}

function insert(body: Body<"InsertStmt">, context: WriteContext): Printed {
  const { relation, cols, selectStmt, onConflictClause, withClause } = body;
  const out = new Printer();
  out.text("INSERT INTO ");
  writeTarget(out, relation, context);
  const query = bodyOf(selectStmt, "SelectStmt");
  const columns = context.columnsOf(relation?.relname ?? "") ?? new Map<string, undefined>();
  const names =
    cols?.map((node) => columnOf(bodyOf(node, "ResTarget") ?? {})) ??
    firstColumns([...columns.keys()], query);
  if (names !== undefined) out.text(` (${names.map(quoteIdentifier).join(", ")})`);
  if (query === undefined) out.text(" DEFAULT VALUES");
  else if (isPlainValues(query) && withClause === undefined) {
    const types = (names ?? [...columns.keys()]).map((name) => columns.get(name));
    writeRows(out, query.valuesLists ?? [], types, context);
  } else {
    if (withClause !== undefined && query.withClause !== undefined)
      throw notSupported("WITH both before INSERT and before its query");
    const whole = { SelectStmt: withClause === undefined ? query : { ...query, withClause } };
    writeQuery(out, whole, context);
  }
  if (onConflictClause !== undefined) writeConflict(out, relation, onConflictClause, context);
  return finished(out, relation, [], body.returningClause, context);
}

/** Values for fewer columns than there are belong to the first; the others have their defaults. */
function firstColumns(
  columns: readonly string[],
  query: SelectStmt | undefined,
): readonly string[] | undefined {
  const values = bodyOf(query?.valuesLists?.[0], "List")?.items;
  const targets = query?.targetList?.map((node) => bodyOf(node, "ResTarget")?.val);
  const given = values ?? targets ?? [];
  const isCountable = !given.some((node) => {
    const last = bodyOf(node, "ColumnRef")?.fields?.at(-1);
    return last !== undefined && bodyOf(last, "A_Star") !== undefined;
  });
  if (!isCountable || given.length === 0 || given.length >= columns.length) return undefined;
  return columns.slice(0, given.length);
}

/** Its values are given as they stand, so that the columns' types and defaults apply to them. */
function isPlainValues({ valuesLists, sortClause, limitCount, limitOffset }: SelectStmt): boolean {
  const others = [sortClause, limitCount, limitOffset];
  return valuesLists !== undefined && others.every((clause) => clause === undefined);
}

/**
 * The engine would let the query see rows that it has inserted already. Where it may read what is
 * being filled, also through a view, it is run to its end first.
 */
function writeQuery(out: Printer, query: Node, context: WriteContext): void {
  const printed = queryOf(query, context);
  const readsOwn = referencesOf(query).relations.some(
    ({ schema, name }) =>
      (schema === undefined || schema === TEMPORARY_SCHEMA) &&
      context.columnsOf(name) !== undefined,
  );
  if (!readsOwn) out.text(" ").node(printed);
  else {
    out.text(' WITH "rows to insert" AS MATERIALIZED (').node(printed);
    out.text(') SELECT * FROM "rows to insert"');
  }
}

function writeRows(
  out: Printer,
  rows: readonly Node[],
  types: readonly (string | undefined)[],
  { rewrite }: WriteContext,
): void {
  out.text(" VALUES ");
  rows.forEach((row, index) => {
    out.text(index > 0 ? ", (" : "(");
    (bodyOf(row, "List")?.items ?? []).forEach((item, column) => {
      if (column > 0) out.text(", ");
      writeValue(out, typedLiteral(item, types[column]), rewrite);
    });
    out.text(")");
  });
}

/** A quoted literal is of the type of its column, by PostgreSQL's rules. */
function typedLiteral(value: Node, type: string | undefined): Node {
  if (type === undefined || bodyOf(value, "A_Const")?.sval === undefined) return value;
  const isArray = type.endsWith("[]");
  return {
    TypeCast: {
      arg: value,
      typeName: {
        names: [{ String: { sval: isArray ? type.slice(0, -2) : type } }],
        typemod: -1,
        ...(isArray ? { arrayBounds: [{ Integer: { ival: -1 } }] } : {}),
      },
    },
  };
}

function writeValue(out: Printer, value: Node | undefined, rewrite: WriteContext["rewrite"]): void {
  if (bodyOf(value, "SetToDefault") !== undefined) out.text("DEFAULT");
  else if (value !== undefined) out.node(rewrite(value));
}

type Conflict = NonNullable<Body<"InsertStmt">["onConflictClause"]>;

function writeConflict(
  out: Printer,
  relation: RangeVar | undefined,
  { infer, action, targetList, whereClause }: Conflict,
  context: WriteContext,
): void {
  out.text(" ON CONFLICT");
  if (infer?.conname !== undefined) throw notSupported("ON CONFLICT ON CONSTRAINT");
  if (infer?.indexElems !== undefined) {
    const names = infer.indexElems.map((node) => {
      const name = bodyOf(node, "IndexElem")?.name;
      if (name === undefined) throw notSupported("ON CONFLICT with an expression");
      return quoteIdentifier(name);
    });
    out.text(` (${names.join(", ")})`);
  }
  if (action !== "ONCONFLICT_UPDATE") {
    out.text(" DO NOTHING");
    return;
  }
  const excluded = { ...relation, alias: { aliasname: "excluded" } };
  const parts = inScope(
    { targets: targetList, where: whereClause, assigns: true },
    [relation, excluded],
    context,
  );
  out.text(" DO UPDATE SET ");
  writeAssignments(out, parts.targets);
  if (parts.where !== undefined) out.text(" WHERE ").node(parts.where);
}

function update(body: Body<"UpdateStmt">, context: WriteContext): Printed {
  const { relation, targetList, fromClause, whereClause, withClause } = body;
  const out = new Printer();
  writeWith(out, withClause, context);
  out.text("UPDATE ");
  writeTarget(out, relation, context);
  const parts = inScope(
    { targets: targetList, where: whereClause, assigns: true },
    [relation],
    context,
    fromClause,
  );
  out.text(" SET ");
  writeAssignments(out, parts.targets);
  if (parts.from.length > 0) out.text(" FROM ").list(parts.from);
  if (parts.where !== undefined) out.text(" WHERE ").node(parts.where);
  return finished(out, relation, fromClause ?? [], body.returningClause, context);
}

function remove(body: Body<"DeleteStmt">, context: WriteContext): Printed {
  const { relation, usingClause, whereClause, withClause } = body;
  const out = new Printer();
  writeWith(out, withClause, context);
  out.text("DELETE FROM ");
  writeTarget(out, relation, context);
  const parts = inScope(
    { targets: undefined, where: whereClause },
    [relation],
    context,
    usingClause,
  );
  if (parts.from.length > 0) out.text(" USING ").list(parts.from);
  if (parts.where !== undefined) out.text(" WHERE ").node(parts.where);
  return finished(out, relation, usingClause ?? [], body.returningClause, context);
}

function writeWith(
  out: Printer,
  withClause: Body<"UpdateStmt">["withClause"],
  context: WriteContext,
): void {
  if (withClause === undefined) return;
  const carrier = queryOf({ SelectStmt: { ...EMPTY_QUERY, withClause } }, context);
  const { ctes, recursive } = bodyOf(carrier, "SelectStmt")?.withClause ?? {};
  out
    .text(recursive === true ? "WITH RECURSIVE " : "WITH ")
    .list(ctes)
    .text(" ");
}

function writeTarget(out: Printer, relation: RangeVar | undefined, context: WriteContext): void {
  out.mark(relation?.location).text(own(relation, context));
  if (relation?.alias !== undefined) out.text(" AS ").name(relation.alias.aliasname);
}

function finished(
  out: Printer,
  relation: RangeVar | undefined,
  others: readonly Node[],
  returning: Body<"InsertStmt">["returningClause"],
  context: WriteContext,
): Printed {
  if (returning !== undefined) {
    if (returning.options !== undefined) throw notSupported("RETURNING WITH");
    const parts = inScope(
      { targets: returning.exprs, where: undefined },
      [relation],
      context,
      others,
    );
    out.text(" RETURNING ").list(parts.targets);
  }
  return out.printed();
}

const EMPTY_QUERY: SelectStmt = { op: "SETOP_NONE", limitOption: "LIMIT_OPTION_DEFAULT" };

interface Clauses {
  readonly targets: readonly Node[] | undefined;
  /** Whether the targets are columns that get values. */
  readonly assigns?: boolean;
  readonly where: Node | undefined;
}

/**
 * Expressions are translated as those of a query over the same relations, where their columns have
 * the types that they have here.
 */
function inScope(
  { targets, where, assigns }: Clauses,
  relations: readonly (RangeVar | undefined)[],
  context: WriteContext,
  from: readonly Node[] = [],
): {
  readonly targets: readonly Node[];
  readonly from: readonly Node[];
  readonly where: Node | undefined;
} {
  const columns = assigns === true ? context.columnsOf(relations[0]?.relname ?? "") : undefined;
  const targetsAsRows = (targets ?? []).map(singleAssignment).map((node) => {
    const target = bodyOf(node, "ResTarget");
    if (target?.name === undefined || target.val === undefined) return node;
    return { ResTarget: { ...target, val: typedLiteral(target.val, columns?.get(target.name)) } };
  });
  const query: SelectStmt = {
    ...EMPTY_QUERY,
    ...(targets === undefined ? {} : { targetList: targetsAsRows }),
    fromClause: [...relations.map((relation) => ({ RangeVar: relation ?? {} })), ...from],
    ...(where === undefined ? {} : { whereClause: where }),
  };
  const rewritten = bodyOf(queryOf({ SelectStmt: query }, context), "SelectStmt");
  return {
    targets: rewritten?.targetList ?? [],
    from: rewritten?.fromClause?.slice(relations.length) ?? [],
    where: rewritten?.whereClause,
  };
}

/** (a, b) = (1, 2) is a = 1, b = 2. */
function singleAssignment(node: Node): Node {
  const target = bodyOf(node, "ResTarget");
  const several = bodyOf(target?.val, "MultiAssignRef");
  if (target === undefined || several === undefined) return node;
  const value = bodyOf(several.source, "RowExpr")?.args?.[(several.colno ?? 1) - 1];
  if (value === undefined) throw notSupported("assigning a query to several columns");
  return { ResTarget: { ...target, val: value } };
}

function writeAssignments(out: Printer, targets: readonly Node[]): void {
  targets.forEach((node, index) => {
    const target = bodyOf(node, "ResTarget") ?? {};
    out.text(index > 0 ? ", " : "").text(`${quoteIdentifier(columnOf(target))} = `);
    writeValue(out, target.val, (value) => value);
  });
}

function columnOf({ name = "", indirection }: Body<"ResTarget">): string {
  if (indirection !== undefined) throw notSupported("assigning a part of a column");
  return name;
}
