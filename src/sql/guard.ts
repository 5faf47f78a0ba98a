import { LIMITS } from "../core/limits.ts";
import { type Body, namesOf, tooComplex, walk, withoutPgCatalog } from "./ast.ts";
import { checkFunction, checkRelation, type GuardOptions } from "./guard-rules.ts";
import { callsOf, referencesOf } from "./relations.ts";
import { positionOf } from "./source-text.ts";
import type { Statement } from "./statement.ts";

/** Functions that run a lambda: each level inside another doubles the planning time. */
const TAKES_A_LAMBDA = /^((list|array)_)?(transform|apply|filter|reduce|aggregate|aggr)$/;

/**
 * What no client may run in the engine, on PostgreSQL's AST. Which node types may occur at all is
 * the printer's business, which knows no others; a statement in DuckDB's own grammar is checked on
 * DuckDB's AST, where the engine is.
 */
export function guard({ ast, text }: Statement, options: GuardOptions = {}): void {
  if (ast === undefined) return;
  const { relations, tableFunctions } = referencesOf(ast);
  if (relations.length + tableFunctions.length > LIMITS.tablesPerQuery) {
    throw tooComplex(`A query may name ${LIMITS.tablesPerQuery} tables.`);
  }
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

export function lambdasTooDeep(): Error {
  return tooComplex(`Lambdas may be nested ${LIMITS.lambdaNesting} levels deep.`);
}
