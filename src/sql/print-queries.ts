import type { Alias, Node, SelectStmt, WindowDef } from "libpg-query";
import { type Body, bodyOf } from "./ast.ts";
import type { Printer, Printings } from "./printer.ts";
import { notSupported } from "./refusals.ts";
import { callsOf } from "./relations.ts";

/** Queries and what stands in their clauses, in DuckDB's SQL. */
export const QUERIES: Printings = {
  SelectStmt: writeSelect,
  ExplainStmt: (out, { query, options }) => {
    const names = (options ?? []).map((node) => bodyOf(node, "DefElem"));
    const json = names.some(
      (option) => option?.defname === "format" && bodyOf(option.arg, "String")?.sval === "json",
    );
    const analyze = names.some((option) => option?.defname === "analyze");
    out
      .text(`EXPLAIN (${analyze ? "ANALYZE, " : ""}FORMAT ${json ? "json" : "text"}) `)
      .node(query);
  },
  ResTarget: (out, { val, name, location }) => {
    out.mark(location).node(val);
    if (name !== undefined) out.text(" AS ").name(name);
  },
  CommonTableExpr: (
    out,
    { ctename, aliascolnames, ctematerialized, ctequery, search_clause, cycle_clause },
  ) => {
    if (search_clause !== undefined) throw notSupported("SEARCH in WITH");
    if (cycle_clause !== undefined) throw notSupported("CYCLE in WITH");
    out.name(ctename);
    if (aliascolnames !== undefined) out.text("(").list(aliascolnames).text(")");
    out.text(" AS ");
    if (ctematerialized === "CTEMaterializeAlways") out.text("MATERIALIZED ");
    if (ctematerialized === "CTEMaterializeNever") out.text("NOT MATERIALIZED ");
    out.text("(").node(ctequery).text(")");
  },
  RangeVar: (out, { catalogname, schemaname, relname, alias, location }) => {
    out.mark(location);
    for (const qualifier of [catalogname, schemaname])
      if (qualifier !== undefined) out.name(qualifier).text(".");
    out.name(relname);
    writeAlias(out, alias);
  },
  RangeSubselect: (out, { lateral, subquery, alias }) => {
    if (lateral === true) out.text("LATERAL ");
    out.text("(").node(subquery).text(")");
    writeAlias(out, alias);
  },
  RangeFunction: (out, body) => {
    const calls = callsOf(body);
    const [call] = calls;
    if (call === undefined || calls.length !== 1) throw notSupported("ROWS FROM");
    if (body.coldeflist !== undefined) throw notSupported("a column definition list");
    // Every table function of DuckDB sees the tables before it; LATERAL is not written there.
    out.node({ FuncCall: call });
    if (body.ordinality === true) out.text(" WITH ORDINALITY");
    writeAlias(out, body.alias);
  },
  RangeTableSample: (out, { relation, method, args, repeatable }) => {
    const name = bodyOf(method?.[0], "String")?.sval;
    if (name !== "bernoulli" && name !== "system") throw notSupported(`TABLESAMPLE ${name}`);
    out.node(relation).text(` TABLESAMPLE ${name} (`).list(args).text(" PERCENT)");
    if (repeatable !== undefined) out.text(" REPEATABLE (").node(repeatable).text(")");
  },
  JoinExpr: writeJoin,
  SortBy: (out, { node, sortby_dir, sortby_nulls, useOp }) => {
    if (useOp !== undefined) throw notSupported("ORDER BY … USING");
    const descending = sortby_dir === "SORTBY_DESC";
    // PostgreSQL sorts NULL as larger than everything, DuckDB always puts it last.
    const first =
      sortby_nulls === "SORTBY_NULLS_DEFAULT" ? descending : sortby_nulls === "SORTBY_NULLS_FIRST";
    out
      .node(node)
      .text(descending ? " DESC" : "")
      .text(first ? " NULLS FIRST" : " NULLS LAST");
  },
  GroupingSet: (out, { kind, content }) => {
    const names = {
      GROUPING_SET_ROLLUP: "ROLLUP ",
      GROUPING_SET_CUBE: "CUBE ",
      GROUPING_SET_SETS: "GROUPING SETS ",
    };
    out
      .text(names[kind as keyof typeof names] ?? "")
      .text("(")
      .list(content)
      .text(")");
  },
  WindowDef: (out, window) => {
    out.name(window.name).text(" AS ");
    writeWindow(out, { ...window, name: "" });
  },
};

const SET_OPERATIONS = {
  SETOP_UNION: "UNION",
  SETOP_INTERSECT: "INTERSECT",
  SETOP_EXCEPT: "EXCEPT",
} as const;

function writeSelect(out: Printer, select: SelectStmt): void {
  const { withClause, op, sortClause, limitOffset, limitCount } = select;
  if (withClause !== undefined) {
    out
      .text(withClause.recursive === true ? "WITH RECURSIVE " : "WITH ")
      .list(withClause.ctes)
      .text(" ");
  }
  if (op !== undefined && op !== "SETOP_NONE") writeSetOperation(out, select, SET_OPERATIONS[op]);
  else if (select.valuesLists !== undefined) writeValues(out, select.valuesLists);
  else writeSimpleSelect(out, select);
  if (sortClause !== undefined) out.text(" ORDER BY ").list(sortClause);
  if (select.limitOption === "LIMIT_OPTION_WITH_TIES")
    throw notSupported("FETCH FIRST … WITH TIES");
  if (isGiven(limitCount)) out.text(" LIMIT ").node(limitCount);
  if (isGiven(limitOffset)) out.text(" OFFSET ").node(limitOffset);
}

/** LIMIT ALL and LIMIT NULL are no limit. */
function isGiven(node: Node | undefined): boolean {
  return node !== undefined && bodyOf(node, "A_Const")?.isnull !== true;
}

function writeSetOperation(out: Printer, { larg, rarg, op, all }: SelectStmt, name: string): void {
  // UNION and EXCEPT lean to the left, so that a long chain needs no brackets.
  const leans = larg?.op === op || op !== "SETOP_INTERSECT";
  writeOperand(out, larg ?? {}, leans);
  out.text(` ${name} ${all === true ? "ALL " : ""}`);
  writeOperand(out, rarg ?? {}, false);
}

function writeOperand(out: Printer, operand: SelectStmt, mayLean: boolean): void {
  const { op, sortClause, limitCount, limitOffset, withClause } = operand;
  const plain = [sortClause, limitCount, limitOffset, withClause].every(
    (clause) => clause === undefined,
  );
  if (plain && (op === "SETOP_NONE" || mayLean)) writeSelect(out, operand);
  else {
    out.text("(");
    writeSelect(out, operand);
    out.text(")");
  }
}

function writeValues(out: Printer, rows: readonly Node[]): void {
  out.text("VALUES ");
  rows.forEach((row, index) => {
    out
      .text(index > 0 ? ", (" : "(")
      .list(bodyOf(row, "List")?.items)
      .text(")");
  });
}

function writeSimpleSelect(out: Printer, select: SelectStmt): void {
  const {
    distinctClause,
    targetList,
    fromClause,
    whereClause,
    groupClause,
    havingClause,
    windowClause,
  } = select;
  if (targetList === undefined) throw notSupported("an empty select list");
  out.text("SELECT ");
  if (distinctClause !== undefined) {
    // The parser writes a plain DISTINCT as a list of one empty node.
    const on = distinctClause.filter((node) => Object.keys(node).length > 0);
    out.text("DISTINCT ");
    if (on.length > 0) out.text("ON (").list(on).text(") ");
  }
  out.list(targetList);
  if (fromClause !== undefined) out.text(" FROM ").list(fromClause);
  if (whereClause !== undefined) out.text(" WHERE ").node(whereClause);
  if (groupClause !== undefined) out.text(" GROUP BY ").list(groupClause);
  if (havingClause !== undefined) out.text(" HAVING ").node(havingClause);
  if (windowClause !== undefined) out.text(" WINDOW ").list(windowClause);
}

function writeAlias(out: Printer, alias: Alias | undefined): void {
  if (alias === undefined) return;
  out.text(" AS ").name(alias.aliasname);
  if (alias.colnames !== undefined) out.text("(").list(alias.colnames).text(")");
}

const JOINS = {
  JOIN_INNER: "JOIN",
  JOIN_LEFT: "LEFT JOIN",
  JOIN_RIGHT: "RIGHT JOIN",
  JOIN_FULL: "FULL JOIN",
} as const;

function writeJoin(
  out: Printer,
  { jointype, isNatural, larg, rarg, usingClause, quals, ...rest }: Body<"JoinExpr">,
): void {
  if (rest.alias !== undefined || rest.join_using_alias !== undefined)
    throw notSupported("an alias of a join");
  const cross = isNatural !== true && usingClause === undefined && quals === undefined;
  const join = cross ? "CROSS JOIN" : JOINS[jointype as keyof typeof JOINS];
  const nested = bodyOf(rarg, "JoinExpr") !== undefined;
  out.node(larg).text(` ${isNatural === true ? "NATURAL " : ""}${join} `);
  out
    .text(nested ? "(" : "")
    .node(rarg)
    .text(nested ? ")" : "");
  if (usingClause !== undefined) out.text(" USING (").list(usingClause).text(")");
  if (quals !== undefined) out.text(" ON ").node(quals);
}

/** Bits of WindowDef.frameOptions: PostgreSQL's src/include/nodes/parsenodes.h. */
const FRAME = {
  nonDefault: 0x1,
  range: 0x2,
  rows: 0x4,
  between: 0x10,
  startUnboundedPreceding: 0x20,
  endUnboundedFollowing: 0x100,
  startCurrentRow: 0x200,
  endCurrentRow: 0x400,
  startPreceding: 0x800,
  endPreceding: 0x1000,
  excludeCurrentRow: 0x8000,
  excludeGroup: 0x10000,
  excludeTies: 0x20000,
} as const;

/** OVER name, or OVER (…). */
export function writeWindow(out: Printer, window: WindowDef): void {
  const { name, refname, partitionClause, orderClause } = window;
  if (name !== undefined && name !== "") {
    out.name(name);
    return;
  }
  const clauses = [
    refname === undefined ? undefined : () => out.name(refname),
    partitionClause === undefined
      ? undefined
      : () => out.text("PARTITION BY ").list(partitionClause),
    orderClause === undefined ? undefined : () => out.text("ORDER BY ").list(orderClause),
    ((window.frameOptions ?? 0) & FRAME.nonDefault) === 0
      ? undefined
      : () => writeFrame(out, window),
  ];
  out.text("(");
  clauses
    .filter((clause) => clause !== undefined)
    .forEach((write, index) => {
      if (index > 0) out.text(" ");
      write();
    });
  out.text(")");
}

function writeFrame(out: Printer, { frameOptions = 0, startOffset, endOffset }: WindowDef): void {
  const has = (bit: number): boolean => (frameOptions & bit) !== 0;
  out.text(has(FRAME.range) ? "RANGE" : has(FRAME.rows) ? "ROWS" : "GROUPS");
  out.text(has(FRAME.between) ? " BETWEEN " : " ");
  if (has(FRAME.startUnboundedPreceding)) out.text("UNBOUNDED PRECEDING");
  else if (has(FRAME.startCurrentRow)) out.text("CURRENT ROW");
  else out.node(startOffset).text(has(FRAME.startPreceding) ? " PRECEDING" : " FOLLOWING");
  if (has(FRAME.between)) {
    out.text(" AND ");
    if (has(FRAME.endUnboundedFollowing)) out.text("UNBOUNDED FOLLOWING");
    else if (has(FRAME.endCurrentRow)) out.text("CURRENT ROW");
    else out.node(endOffset).text(has(FRAME.endPreceding) ? " PRECEDING" : " FOLLOWING");
  }
  if (has(FRAME.excludeCurrentRow)) out.text(" EXCLUDE CURRENT ROW");
  if (has(FRAME.excludeGroup)) out.text(" EXCLUDE GROUP");
  if (has(FRAME.excludeTies)) out.text(" EXCLUDE TIES");
}
