import type { Node } from "libpg-query";
import { PgError } from "../core/pg-error.ts";
import { bodyOf, kindOf, type NodeKind } from "./ast.ts";

/** What PostgreSQL itself refuses where nothing may be written, by its command tag. */
const WRITING: { readonly [K in NodeKind]?: string } = {
  InsertStmt: "INSERT",
  UpdateStmt: "UPDATE",
  DeleteStmt: "DELETE",
  MergeStmt: "MERGE",
  TruncateStmt: "TRUNCATE TABLE",
  AlterTableStmt: "ALTER TABLE",
  AlterObjectSchemaStmt: "ALTER TABLE",
  AlterOwnerStmt: "ALTER TABLE",
  RenameStmt: "ALTER TABLE",
  CommentStmt: "COMMENT",
  CreateDomainStmt: "CREATE DOMAIN",
  CreateEnumStmt: "CREATE TYPE",
  CompositeTypeStmt: "CREATE TYPE",
  CreateExtensionStmt: "CREATE EXTENSION",
  CreateFunctionStmt: "CREATE FUNCTION",
  CreateRoleStmt: "CREATE ROLE",
  CreateSchemaStmt: "CREATE SCHEMA",
  CreateSeqStmt: "CREATE SEQUENCE",
  CreateStatsStmt: "CREATE STATISTICS",
  CreateTrigStmt: "CREATE TRIGGER",
  CreatedbStmt: "CREATE DATABASE",
  DropdbStmt: "DROP DATABASE",
  DropRoleStmt: "DROP ROLE",
  AlterRoleStmt: "ALTER ROLE",
  AlterRoleSetStmt: "ALTER ROLE",
  AlterDatabaseStmt: "ALTER DATABASE",
  AlterDatabaseSetStmt: "ALTER DATABASE",
  AlterSeqStmt: "ALTER SEQUENCE",
  GrantStmt: "GRANT",
  GrantRoleStmt: "GRANT ROLE",
  IndexStmt: "CREATE INDEX",
  RuleStmt: "CREATE RULE",
  ViewStmt: "CREATE VIEW",
  CreateStmt: "CREATE TABLE",
  CreateTableAsStmt: "CREATE TABLE AS",
  ReindexStmt: "REINDEX",
};

const HINT =
  "Tables are read from files: change the file, and its new content shows within the refresh interval.";
const HINT_FOR_CREATE = "CREATE TEMP TABLE and CREATE TEMP VIEW work, for this session.";

export function readOnly(command: string): PgError {
  return new PgError(
    "read_only_sql_transaction",
    `cannot execute ${command} in a read-only transaction`,
    {
      hint: /^CREATE (TABLE|VIEW)|^SELECT INTO/.test(command) ? HINT_FOR_CREATE : HINT,
    },
  );
}

export function notSupported(feature: string, hint?: string): PgError {
  return new PgError("feature_not_supported", `${feature} is not supported`, { hint });
}

/** Why a statement that nothing here can run is refused. */
export function refusalOf(ast: Node, text: string): PgError {
  const kind = kindOf(ast);
  if (kind === "DropStmt") return readOnly(dropTag(ast));
  if (bodyOf(ast, "CreateTableAsStmt")?.objtype === "OBJECT_MATVIEW")
    return readOnly("CREATE MATERIALIZED VIEW");
  const command =
    kind === "GrantStmt" && bodyOf(ast, "GrantStmt")?.is_grant !== true ? "REVOKE" : WRITING[kind];
  if (command !== undefined) return readOnly(command);
  // DO, CALL, VACUUM, CLUSTER, LOAD: the keywords that the statement begins with name the feature.
  return notSupported(/^\s*(\w+)/.exec(text)?.[1]?.toUpperCase() ?? "the statement");
}

function dropTag(ast: Node): string {
  // OBJECT_MATVIEW is the one whose name is not its keyword.
  const object = bodyOf(ast, "DropStmt")
    ?.removeType?.replace("OBJECT_", "")
    .replace("MATVIEW", "MATERIALIZED_VIEW");
  return `DROP ${object?.replaceAll("_", " ") ?? "TABLE"}`;
}
