import type { Node } from "libpg-query";
import { type Body, bodyOf, namesOf, walk, withoutPgCatalog } from "./ast.ts";
import { CATALOG_SCHEMAS, PG_CATALOG_RELATIONS } from "./pg-catalog-relations.ts";

/** A relation as a statement names it. */
export interface RelationName {
  readonly catalog: string | undefined;
  readonly schema: string | undefined;
  readonly name: string;
  /** In bytes of the statement's text. */
  readonly location: number | undefined;
}

export interface FunctionName {
  /** The last part of the name. */
  readonly name: string;
  readonly schema: string | undefined;
  readonly location: number | undefined;
}

/** What a statement refers to by name. */
export interface References {
  /** Names of WITH queries left out. */
  readonly relations: readonly RelationName[];
  readonly functions: readonly FunctionName[];
  /** Those that stand in FROM. */
  readonly tableFunctions: readonly FunctionName[];
  /** A data-modifying statement inside, as in WITH x AS (DELETE …). */
  readonly writes: "INSERT" | "UPDATE" | "DELETE" | "MERGE" | undefined;
  /** SELECT … INTO somewhere. */
  readonly selectsInto: boolean;
}

const WRITES = {
  InsertStmt: "INSERT",
  UpdateStmt: "UPDATE",
  DeleteStmt: "DELETE",
  MergeStmt: "MERGE",
} as const;

interface Scope {
  readonly names: readonly string[];
  /** WITH RECURSIVE: its queries see themselves and each other. */
  readonly recursive: boolean;
  /** How many of the names can be seen from where the walk is. */
  visible: number;
}

export function referencesOf(ast: Node): References {
  const relations: RelationName[] = [];
  const functions: FunctionName[] = [];
  const tableFunctions: FunctionName[] = [];
  const scopes: Scope[] = [];
  let writes: References["writes"];
  let selectsInto = false;

  const enter: { readonly [kind: string]: (body: never) => void } = {
    SelectStmt: ({ withClause, intoClause }: Body<"SelectStmt">) => {
      const queries = (withClause?.ctes ?? []).map(
        (cte) => bodyOf(cte, "CommonTableExpr")?.ctename ?? "",
      );
      scopes.push({
        names: queries,
        recursive: withClause?.recursive === true,
        visible: queries.length,
      });
      selectsInto ||= intoClause !== undefined;
    },
    CommonTableExpr: ({ ctename }: Body<"CommonTableExpr">) => {
      const scope = scopes.at(-1);
      // In WITH orders AS (SELECT … FROM orders) the inner name is the table's.
      if (scope && !scope.recursive) scope.visible = scope.names.indexOf(ctename ?? "");
    },
    RangeVar: ({ catalogname, schemaname, relname, location }: Body<"RangeVar">) => {
      const name = relname ?? "";
      const isQuery = ({ names, visible }: Scope): boolean =>
        names.slice(0, visible).includes(name);
      if (schemaname === undefined && scopes.some(isQuery)) return;
      relations.push({ catalog: catalogname, schema: schemaname, name, location });
    },
    FuncCall: (body: Body<"FuncCall">) => {
      functions.push(functionNameOf(body));
    },
    RangeFunction: (body: Body<"RangeFunction">) => {
      tableFunctions.push(...callsOf(body).map(functionNameOf));
    },
  };
  const leave: { readonly [kind: string]: () => void } = {
    SelectStmt: () => void scopes.pop(),
    CommonTableExpr: () => {
      const scope = scopes.at(-1);
      if (scope) scope.visible = scope.names.length;
    },
  };

  walk(ast, {
    enter(kind, body) {
      // The visitor's body is that of its kind, and so is the handler's.
      enter[kind]?.(body as never);
      if (kind in WRITES) writes ??= WRITES[kind as keyof typeof WRITES];
      return undefined;
    },
    leave: (kind) => leave[kind]?.(),
  });
  return { relations, functions, tableFunctions, writes, selectsInto };
}

/** The calls of FROM f(…), or of ROWS FROM (f(…), g(…)). */
export function callsOf({ functions }: Body<"RangeFunction">): readonly Body<"FuncCall">[] {
  return (functions ?? []).flatMap((item) => {
    const call = bodyOf(bodyOf(item, "List")?.items?.[0], "FuncCall");
    return call === undefined ? [] : [call];
  });
}

export function functionNameOf({ funcname, location }: Body<"FuncCall">): FunctionName {
  const names = withoutPgCatalog(namesOf(funcname));
  return { name: names.at(-1) ?? "", schema: names.slice(0, -1).join(".") || undefined, location };
}

/** Whether a name means a relation of PostgreSQL's system catalogs. */
export function isCatalogRelation({ schema, name }: RelationName): boolean {
  return schema === undefined ? PG_CATALOG_RELATIONS.has(name) : CATALOG_SCHEMAS.has(schema);
}
