import type { Node } from "libpg-query";
import { PgError } from "../core/pg-error.ts";
import { type Body, bodyOf, kindOf, type NodeKind } from "./ast.ts";
import { declareCursor } from "./cursors.ts";
import { gatewayCall, setConfig } from "./gateway-calls.ts";
import { GATEWAY_COMMANDS } from "./gateway-commands.ts";
import { copy, execute, type Parse, prepare } from "./inner-statements.ts";
import { notSupported, readOnly, refusalOf } from "./refusals.ts";
import {
  type FunctionName,
  isCatalogRelation,
  type References,
  type RelationName,
  referencesOf,
} from "./relations.ts";
import { positionOf } from "./source-text.ts";
import type { ExplainOptions, GatewayCommand, Route } from "./statement.ts";
import { selectInto, temporaryWrite } from "./temporary.ts";

/** Who answers a statement; what nobody may or can answer is refused. */
export function classify(ast: Node, text: string, parse: Parse): Route {
  const kind = kindOf(ast);
  const body = bodyOf(ast, kind);
  const gateway = GATEWAY_COMMANDS[kind];
  // The table gives each kind a function of its own body.
  if (gateway !== undefined)
    return { to: "gateway", command: (gateway as (body: unknown) => GatewayCommand)(body) };
  const write = temporaryWrite(ast, text);
  if (write !== undefined) return { to: "temporary", write };
  const route = ROUTES[kind];
  if (route === undefined) throw refusalOf(ast, text);
  return (route as RouteOf<unknown>)(body, ast, text, parse);
}

type RouteOf<B> = (body: B, ast: Node, text: string, parse: Parse) => Route;

/** What is neither the gateway's own business nor refused. */
const ROUTES: { readonly [K in NodeKind]?: RouteOf<Body<K>> } = {
  SelectStmt: (body, ast, text) => {
    const into = selectInto(body, text);
    if (into !== undefined) return { to: "temporary", write: into.write };
    const command = setConfig(body) ?? gatewayCall(body);
    return command === undefined ? routeOfQuery(ast, text) : { to: "gateway", command };
  },
  ExplainStmt: ({ query, options }, _ast, text) => {
    const explain = explainOptions(options);
    if (query === undefined || bodyOf(query, "SelectStmt") === undefined)
      throw notSupported("EXPLAIN of other statements than queries");
    const route = routeOfQuery(query, text);
    return route.to === "engine" ? { ...route, explain } : route;
  },
  CopyStmt: copy,
  PrepareStmt: prepare,
  ExecuteStmt: execute,
  DeclareCursorStmt: declareCursor,
};

function routeOfQuery(ast: Node, text: string): Route {
  const references = referencesOf(ast);
  if (references.writes !== undefined) throw readOnly(references.writes);
  if (references.selectsInto) throw notSupported("INTO inside a query");
  const sleeps = references.functions.find(({ name }) => name.startsWith("pg_sleep"));
  if (sleeps !== undefined) {
    throw new PgError(
      "feature_not_supported",
      `${sleeps.name} is supported only alone, with a number of seconds`,
      {
        hint: "SELECT pg_sleep(1)",
        position: positionOf(text, sleeps.location),
      },
    );
  }
  const catalog = references.relations.find(isCatalogRelation);
  const user = references.relations.find((relation) => !isCatalogRelation(relation));
  if (catalog !== undefined && user !== undefined) throw mixed(catalog, user, text);
  const engine = user !== undefined || (catalog === undefined && needsEngine(references));
  return engine ? { to: "engine", dialect: "postgresql" } : { to: "shadow" };
}

function mixed(catalog: RelationName, user: RelationName, text: string): PgError {
  const later = Math.max(catalog.location ?? 0, user.location ?? 0);
  return new PgError(
    "feature_not_supported",
    `system catalog "${catalog.name}" and table "${user.name}" cannot be used in one query`,
    { hint: "Query them one after the other.", position: positionOf(text, later) },
  );
}

/** Table functions that make rows out of arguments: the shadow could, the engine streams them. */
const ROW_MAKERS: ReadonlySet<string> = new Set([
  "generate_series",
  "generate_subscripts",
  "range",
  "unnest",
]);

/** Functions of DuckDB that PostgreSQL does not have: without a table only their names tell. */
const DUCKDB_FUNCTIONS =
  /^(list|map|struct|date|epoch|json_group|from|to_base|regexp_extract|str_split|string_split|levenshtein|jaccard|jaro|damerau|array_(sort|filter|apply|distinct|aggregate|slice|transform))_|^(range|strftime|strptime|try_strptime|datediff|date_diff|dayname|monthname|levenshtein|typeof|regexp_extract|epoch|contains|json_tree|last_day|len|list_value|time_bucket|today|uuid)$/;
/** … except these, which begin like them. */
const POSTGRESQL_FUNCTIONS: ReadonlySet<string> = new Set([
  "date_part",
  "date_trunc",
  "date_bin",
  "date_add",
  "date_subtract",
]);

function needsEngine({ functions, tableFunctions }: References): boolean {
  if (functions.some(isSystemFunction)) return false;
  if (tableFunctions.some(({ name }) => ROW_MAKERS.has(name))) return true;
  return functions.some(
    ({ name }) => DUCKDB_FUNCTIONS.test(name) && !POSTGRESQL_FUNCTIONS.has(name),
  );
}

/**
 * pg_get_keywords(), current_schemas(true): only the shadow can tell, whatever stands beside it.
 */
function isSystemFunction({ name }: FunctionName): boolean {
  return /^(pg|has|txid|inet)_|^current_|^set_config$|^(col|obj|shobj)_description$|^version$/.test(
    name,
  );
}

function explainOptions(nodes: readonly Node[] | undefined): ExplainOptions {
  let analyze = false;
  let format: ExplainOptions["format"] = "text";
  for (const node of nodes ?? []) {
    const { defname, arg } = bodyOf(node, "DefElem") ?? {};
    const value = bodyOf(arg, "String")?.sval?.toLowerCase();
    if (defname === "analyze") analyze = value !== "false" && value !== "off" && value !== "0";
    if (defname !== "format") continue;
    if (value !== "text" && value !== "json")
      throw notSupported(`EXPLAIN in format "${value}"`, "Use text or json.");
    format = value;
  }
  return { analyze, format };
}
