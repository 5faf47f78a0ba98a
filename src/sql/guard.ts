import type { Node } from "libpg-query";
import { LIMITS } from "../core/limits.ts";
import { type Body, namesOf, tooComplex, walk, withoutPgCatalog } from "./ast.ts";
import { checkFunction, checkRelation, type GuardOptions } from "./guard-rules.ts";
import { callsOf, referencesOf } from "./relations.ts";
import { positionOf } from "./source-text.ts";
import type { Statement } from "./statement.ts";
import { tokensOf } from "./tokens.ts";

/** Functions that run a lambda: each level inside another doubles the planning time. */
const TAKES_A_LAMBDA = /^((list|array)_)?(transform|apply|filter|reduce|aggregate|aggr)$/;

/**
 * What no client may run in the engine, on PostgreSQL's AST. Which node types may occur at all is
 * the printer's business, which knows no others; a statement in DuckDB's own grammar is checked on
 * DuckDB's AST, where the engine is.
 */
export function guard({ ast, text }: Statement, options: GuardOptions = {}): void {
  if (ast === undefined) {
    checkTables(tablesNamedIn(text, options));
    return;
  }
  const { relations } = referencesOf(ast);
  checkTables(tablesBehind(ast, options));
  for (const relation of relations)
    checkRelation(relation, positionOf(text, relation.location), options);

  const inFrom = new Set<object>();
  let lambdas = 0;
  walk(ast, {
    enter(kind, body) {
      // The visitor's body is that of its kind.
      if (kind === "RangeFunction") for (const call of callsOf(body)) inFrom.add(call);
      if (kind !== "FuncCall") return undefined;
      const { funcname, location } = body as Body<"FuncCall">;
      const names = withoutPgCatalog(namesOf(funcname));
      const name = names.at(-1) ?? "";
      checkFunction({
        name,
        qualifiers: names.slice(0, -1),
        inFrom: inFrom.has(body),
        position: positionOf(text, location),
      });
      if (TAKES_A_LAMBDA.test(name) && ++lambdas > LIMITS.lambdaNesting) throw lambdasTooDeep();
      return undefined;
    },
    leave(kind, body) {
      if (kind !== "FuncCall") return;
      const { funcname } = body as Body<"FuncCall">;
      if (TAKES_A_LAMBDA.test(namesOf(funcname).at(-1) ?? "")) lambdas--;
    },
  });
}

/** How many tables a query has when its views are written out. */
export function tablesBehind(ast: Node, { viewTables }: GuardOptions): number {
  const { relations, tableFunctions } = referencesOf(ast);
  return relations.reduce(
    (sum, { name }) => sum + (viewTables?.get(name) ?? 1),
    tableFunctions.length,
  );
}

/** Of a text that only DuckDB can read: the views that it may mean. Its tables are counted there. */
function tablesNamedIn(text: string, { viewTables }: GuardOptions): number {
  if (viewTables === undefined || viewTables.size === 0) return 0;
  const names = (tokensOf(text) ?? []).map((token) => token.text.replaceAll('"', "").toLowerCase());
  return names.reduce((sum, name) => sum + (viewTables.get(name) ?? 0), 0);
}

function checkTables(count: number): void {
  if (count <= LIMITS.tablesPerQuery) return;
  throw tooComplex(
    `A query may have ${LIMITS.tablesPerQuery} tables, those behind its views included.`,
  );
}

export function lambdasTooDeep(): Error {
  return tooComplex(`Lambdas may be nested ${LIMITS.lambdaNesting} levels deep.`);
}
