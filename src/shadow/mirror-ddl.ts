import { quoteIdentifier, quoteLiteral } from "../core/identifier.ts";
import { OWNER_ROLE, READER_ROLE } from "./base-catalog.ts";
import type { MirrorColumn, MirrorForeignKey, MirrorTable, MirrorView } from "./mirror.ts";

/** PostgreSQL's MaxHeapAttributeNumber. */
const MAX_COLUMNS = 1_600;
const PAGE_BYTES = 8192;
/** Of a row, for the estimate of pages: its header, and what a value usually takes. */
const ROW_BYTES = 28;
const VALUE_BYTES = 12;
/** relpages and reltuples are an int4 and a float4. */
const MAX_INT4 = 2_147_483_647;

export function qualifiedName(relation: {
  readonly schema: string;
  readonly name: string;
}): string {
  return `${quoteIdentifier(relation.schema)}.${quoteIdentifier(relation.name)}`;
}

/** ALTER DATABASE cannot rename the one it runs in. */
export function renameDatabase(from: string, to: string): string {
  return `UPDATE pg_database SET datname = ${quoteLiteral(to)} WHERE datname = ${quoteLiteral(from)}`;
}

export const roleStatements = {
  create: (name: string): readonly string[] => [
    `CREATE ROLE ${quoteIdentifier(name)} LOGIN`,
    `GRANT ${READER_ROLE} TO ${quoteIdentifier(name)}`,
  ],
  drop: (name: string): readonly string[] => [`DROP ROLE IF EXISTS ${quoteIdentifier(name)}`],
};

export const schemaStatements = {
  create: (name: string): readonly string[] => [
    `CREATE SCHEMA ${quoteIdentifier(name)} AUTHORIZATION ${OWNER_ROLE}`,
  ],
  drop: (name: string): readonly string[] => [
    `DROP SCHEMA IF EXISTS ${quoteIdentifier(name)} CASCADE`,
  ],
};

/**
 * A type is neither a name nor a value, so it is pasted as it is. Whatever it held, it would be part
 * of this one statement, which runs as a role without further rights.
 */
export function createTable(table: MirrorTable): string {
  const parts = table.columns.map(
    ({ name, type, notNull }) => `${quoteIdentifier(name)} ${type}${notNull ? " NOT NULL" : ""}`,
  );
  if (table.primaryKey.length > 0) parts.push(`PRIMARY KEY (${columnList(table.primaryKey)})`);
  return `CREATE TABLE ${qualifiedName(table)} (${parts.join(", ")})`;
}

/** For a table that PostgreSQL refuses: its columns show, if not their types. */
export function createTextTable(table: MirrorTable): string {
  const columns = table.columns.slice(0, MAX_COLUMNS);
  return createTable({
    ...table,
    columns: columns.map((column) => ({ ...column, type: "text", notNull: false })),
    primaryKey: [],
  });
}

export function addForeignKey(table: MirrorTable, key: MirrorForeignKey): string {
  const { schema, table: name, columns } = key.references;
  const target = `${qualifiedName({ schema, name })} (${columnList(columns)})`;
  return `ALTER TABLE ${qualifiedName(table)} ADD FOREIGN KEY (${columnList(key.columns)}) REFERENCES ${target}`;
}

export function createView(view: MirrorView): string {
  const names = view.columns.map(({ name }) => name);
  const columns = names.length === 0 ? "" : ` (${columnList(names)})`;
  return `CREATE VIEW ${qualifiedName(view)}${columns} AS ${view.definition}`;
}

/** For SQL that PostgreSQL cannot resolve: the view's columns without what computes them. */
export function createPlaceholderView(view: MirrorView): string {
  const columns = view.columns.map(({ name, type }) => `NULL::${type} AS ${quoteIdentifier(name)}`);
  return `CREATE VIEW ${qualifiedName(view)} AS SELECT ${columns.join(", ")}`;
}

export function comments(
  kind: "TABLE" | "VIEW",
  relation: {
    readonly schema: string;
    readonly name: string;
    readonly description?: string | undefined;
    readonly columns: readonly Pick<MirrorColumn, "name" | "description">[];
  },
): readonly string[] {
  const name = qualifiedName(relation);
  const statements: string[] = [];
  if (relation.description !== undefined) {
    statements.push(`COMMENT ON ${kind} ${name} IS ${textLiteral(relation.description)}`);
  }
  for (const column of relation.columns) {
    if (column.description !== undefined) statements.push(commentOnColumn(name, column));
  }
  return statements;
}

/** For a table that stays: only the comments that differ. */
export function replaceComments(was: MirrorTable, is: MirrorTable): readonly string[] {
  const name = qualifiedName(is);
  const statements: string[] = [];
  if (was.description !== is.description) {
    statements.push(`COMMENT ON TABLE ${name} IS ${textLiteral(is.description)}`);
  }
  is.columns.forEach((column, index) => {
    if (column.description !== was.columns[index]?.description) {
      statements.push(commentOnColumn(name, column));
    }
  });
  return statements;
}

function commentOnColumn(
  table: string,
  { name, description }: Pick<MirrorColumn, "name" | "description">,
): string {
  return `COMMENT ON COLUMN ${table}.${quoteIdentifier(name)} IS ${textLiteral(description)}`;
}

/** What the planner and tools such as Adminer believe of the size; -1 is never analyzed. */
export function rowCountStatement(table: MirrorTable): string {
  const rows = table.rowCount ?? -1;
  const bytes = Math.max(0, rows) * (ROW_BYTES + VALUE_BYTES * table.columns.length);
  const pages = Math.min(MAX_INT4, Math.ceil(bytes / PAGE_BYTES));
  return `SELECT pg_restore_relation_stats('schemaname', ${quoteLiteral(table.schema)},
    'relname', ${quoteLiteral(table.name)},
    'relpages', ${pages}::integer, 'reltuples', ${rows}::real)`;
}

function columnList(names: readonly string[]): string {
  return names.map(quoteIdentifier).join(", ");
}

/** The protocol ends a text at a zero byte, and PostgreSQL's text cannot hold one. */
function textLiteral(text: string | undefined): string {
  return text === undefined ? "NULL" : quoteLiteral(text.replaceAll("\0", ""));
}
