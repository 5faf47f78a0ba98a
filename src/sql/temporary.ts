import type { Node, RangeVar } from "libpg-query";
import { PgError } from "../core/pg-error.ts";
import { type Body, bodyOf, kindOf, type NodeKind, namesOf } from "./ast.ts";
import { notSupported, readOnly } from "./refusals.ts";
import { isCatalogRelation, type RelationName, referencesOf } from "./relations.ts";
import { positionOf } from "./source-text.ts";

/** Statements that make, change or drop something: here that can only be a session's temporary tables. */
export type TemporaryWrite =
  | {
      readonly kind: "create";
      /** PostgreSQL's name of the statement. */
      readonly command: string;
      readonly name: string;
      readonly object: "table" | "view";
      readonly ifNotExists: boolean;
      readonly replace: boolean;
      readonly onCommit: OnCommit;
      /** By a query, whose rows the tag counts. */
      readonly filled: boolean;
    }
  | {
      /** INSERT, UPDATE, DELETE. */
      readonly kind: "rows";
      readonly command: "INSERT" | "UPDATE" | "DELETE";
      readonly targets: readonly RelationName[];
      readonly returning: boolean;
    }
  | {
      readonly kind: "truncate" | "alter" | "index";
      readonly command: string;
      readonly targets: readonly RelationName[];
      /** ALTER TABLE … RENAME TO. */
      readonly newName?: string;
    }
  | {
      readonly kind: "drop";
      readonly command: string;
      readonly object: "table" | "view" | "index";
      readonly targets: readonly RelationName[];
      readonly ifExists: boolean;
    };

export type OnCommit = "preserve rows" | "delete rows" | "drop";

/** The schema in which PostgreSQL shows a session its temporary tables. */
export const TEMPORARY_SCHEMA = "pg_temp";

/** Undefined for what is no such statement. */
export function temporaryWrite(ast: Node, text: string): TemporaryWrite | undefined {
  const kind = kindOf(ast);
  const classify = WRITES[kind];
  if (classify === undefined) return undefined;
  // The table gives each kind a function of its own body.
  const write = (classify as (body: unknown, text: string) => TemporaryWrite | undefined)(
    ast[kind as keyof Node],
    text,
  );
  if (write !== undefined) refuseCatalogs(write, ast, text);
  return write;
}

/** SELECT … INTO is CREATE TABLE AS in another order; a query in brackets or a UNION has it on the left. */
export function selectInto(
  body: Body<"SelectStmt">,
  text: string,
): { readonly write: TemporaryWrite; readonly body: Body<"CreateTableAsStmt"> } | undefined {
  const { intoClause, ...query } = body;
  if (intoClause === undefined) return undefined;
  const created: Body<"CreateTableAsStmt"> = {
    query: { SelectStmt: query },
    into: intoClause,
    objtype: "OBJECT_TABLE",
  };
  const write = createTableAs(created, text, "SELECT INTO");
  if (write === undefined) throw readOnly("SELECT INTO");
  return { write, body: created };
}

type Classify<B> = (body: B, text: string) => TemporaryWrite | undefined;

const WRITES: { readonly [K in NodeKind]?: Classify<Body<K>> } = {
  CreateStmt: ({ relation, if_not_exists, oncommit }, text) => {
    if (!isTemporary(relation, text)) return undefined;
    return {
      kind: "create",
      command: "CREATE TABLE",
      name: relation?.relname ?? "",
      object: "table",
      ifNotExists: if_not_exists === true,
      replace: false,
      onCommit: onCommitOf(oncommit),
      filled: false,
    };
  },
  CreateTableAsStmt: (body, text) => createTableAs(body, text, "CREATE TABLE AS"),
  ViewStmt: ({ view, replace }, text) => {
    if (!isTemporary(view, text)) return undefined;
    return {
      kind: "create",
      command: "CREATE VIEW",
      name: view?.relname ?? "",
      object: "view",
      ifNotExists: false,
      replace: replace === true,
      onCommit: "preserve rows",
      filled: false,
    };
  },
  InsertStmt: ({ relation, returningClause }) => rows("INSERT", relation, returningClause),
  UpdateStmt: ({ relation, returningClause }) => rows("UPDATE", relation, returningClause),
  DeleteStmt: ({ relation, returningClause }) => rows("DELETE", relation, returningClause),
  TruncateStmt: ({ relations }) => ({
    kind: "truncate",
    command: "TRUNCATE TABLE",
    targets: (relations ?? []).map((node) => nameOf(bodyOf(node, "RangeVar"))),
  }),
  AlterTableStmt: ({ relation, objtype }) =>
    objtype === "OBJECT_TABLE"
      ? { kind: "alter", command: "ALTER TABLE", targets: [nameOf(relation)] }
      : undefined,
  RenameStmt: ({ renameType, relationType, relation, newname = "" }) => {
    const target = { kind: "alter", command: "ALTER TABLE", targets: [nameOf(relation)] } as const;
    if (renameType === "OBJECT_TABLE") return { ...target, newName: newname };
    return renameType === "OBJECT_COLUMN" && relationType === "OBJECT_TABLE" ? target : undefined;
  },
  IndexStmt: ({ relation }) => ({
    kind: "index",
    command: "CREATE INDEX",
    targets: [nameOf(relation)],
  }),
  DropStmt: ({ removeType, objects, missing_ok }) => {
    const object = DROPPED[removeType as keyof typeof DROPPED] ?? undefined;
    if (object === undefined) return undefined;
    return {
      kind: "drop",
      command: `DROP ${object.toUpperCase()}`,
      object,
      targets: (objects ?? []).map((node) => nameOfList(namesOf(bodyOf(node, "List")?.items))),
      ifExists: missing_ok === true,
    };
  },
};

const DROPPED = { OBJECT_TABLE: "table", OBJECT_VIEW: "view", OBJECT_INDEX: "index" } as const;

function createTableAs(
  { into, objtype, if_not_exists }: Body<"CreateTableAsStmt">,
  text: string,
  command: string,
): TemporaryWrite | undefined {
  if (objtype !== "OBJECT_TABLE" || !isTemporary(into?.rel, text)) return undefined;
  return {
    kind: "create",
    command,
    name: into?.rel?.relname ?? "",
    object: "table",
    ifNotExists: if_not_exists === true,
    replace: false,
    onCommit: onCommitOf(into?.onCommit),
    filled: into?.skipData !== true,
  };
}

function isTemporary(relation: RangeVar | undefined, text: string): boolean {
  const inTemporarySchema = relation?.schemaname === TEMPORARY_SCHEMA;
  if (relation?.relpersistence !== "t") return inTemporarySchema;
  if (relation.schemaname === undefined || inTemporarySchema) return true;
  throw new PgError(
    "invalid_table_definition",
    "cannot create temporary relation in non-temporary schema",
    { position: positionOf(text, relation.location) },
  );
}

function onCommitOf(action: string | undefined): OnCommit {
  if (action === "ONCOMMIT_DROP") return "drop";
  return action === "ONCOMMIT_DELETE_ROWS" ? "delete rows" : "preserve rows";
}

function rows(
  command: "INSERT" | "UPDATE" | "DELETE",
  relation: RangeVar | undefined,
  returning: object | undefined,
): TemporaryWrite {
  return {
    kind: "rows",
    command,
    targets: [nameOf(relation)],
    returning: returning !== undefined,
  };
}

function nameOf(relation: RangeVar | undefined): RelationName {
  return {
    catalog: relation?.catalogname,
    schema: relation?.schemaname,
    name: relation?.relname ?? "",
    location: relation?.location,
  };
}

function nameOfList(names: readonly string[]): RelationName {
  return {
    catalog: names.at(-3),
    schema: names.at(-2),
    name: names.at(-1) ?? "",
    location: undefined,
  };
}

/** Their rows are in another database, a real PostgreSQL. */
function refuseCatalogs(write: TemporaryWrite, ast: Node, text: string): void {
  const target = write.kind === "create" ? undefined : write.targets.find(isCatalogRelation);
  if (target !== undefined)
    throw new PgError("insufficient_privilege", `permission denied for table ${target.name}`);
  const catalog = referencesOf(ast).relations.find(isCatalogRelation);
  if (catalog === undefined) return;
  throw new PgError(
    "feature_not_supported",
    `system catalog "${catalog.name}" cannot be read into a temporary table`,
    { hint: "Query it by itself.", position: positionOf(text, catalog.location) },
  );
}

/** Data-modifying statements in WITH have no counterpart in the engine. */
export function refuseWritesInside(query: Node): void {
  const { writes } = referencesOf(query);
  if (writes !== undefined) throw notSupported(`${writes} in WITH`);
}
