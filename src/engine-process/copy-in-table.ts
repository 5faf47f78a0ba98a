import { randomUUID } from "node:crypto";
import { quoteIdentifier, quoteLiteral } from "../core/identifier.ts";
import { PgError } from "../core/pg-error.ts";
import type { Appender } from "../duckdb/appender.ts";
import type { Connection } from "../duckdb/connection.ts";
import type { ColumnValues } from "../duckdb/vector-writer.ts";
import type { CopyInRequest } from "../engine/engine.ts";
import type { CopyTarget, CopyTargetColumn } from "./copy-in-batch.ts";
import type { WorkspaceEngine } from "./workspace-engine.ts";

/** A table that rows are appended to, in the transaction of the session that it belongs to. */
export interface CopyTable extends CopyTarget {
  /** Makes what was appended part of the table. */
  finish(): Promise<void>;
  /** Ends what is being finished. */
  interrupt(): void;
  /** Drops what has not reached the table yet. */
  abandon(): void;
  /** Gives the connection back. What has reached the table is for the transaction to undo. */
  release(): void;
}

interface TableColumn extends CopyTargetColumn {
  readonly hasDefault: boolean;
}

/** Finds a session's temporary table and the columns that the data will have. */
export async function openCopyTable(
  workspace: WorkspaceEngine,
  request: CopyInRequest,
): Promise<CopyTable> {
  const lease = await workspace.lease(request);
  const { connection } = lease;
  const release = (): void => workspace.release(lease, "clean");
  try {
    const { relation, options, temporary } = request;
    const table = { catalog: temporary.session, name: relation.name };
    const columns = await columnsOf(connection, table);
    const copied = copiedColumns(relation, columns);
    checkForced(copied, columns, relation.name, options);
    const filling = await fill(connection, table, columns, copied);
    return {
      table: relation.name,
      columns: copied,
      ...filling,
      interrupt: () => connection.interrupt(),
      release,
    };
  } catch (error) {
    release();
    throw error;
  }
}

interface TableName {
  readonly catalog: string;
  readonly name: string;
}

function qualified({ catalog, name }: TableName): string {
  return `${quoteIdentifier(catalog)}.main.${quoteIdentifier(name)}`;
}

async function columnsOf(
  connection: Connection,
  table: TableName,
): Promise<readonly TableColumn[]> {
  const prepared = await connection.prepare(`SELECT * FROM ${qualified(table)}`);
  const described = prepared.columns ?? [];
  prepared.close();
  const facts = await connection.rows(
    `SELECT "notnull", dflt_value IS NOT NULL FROM pragma_table_info(${quoteLiteral(qualified(table))}) ORDER BY cid`,
  );
  return described.map(({ name, type }, index) => ({
    name,
    type: type ?? { id: "NULL" },
    isNullable: facts[index]?.[0] !== true,
    hasDefault: facts[index]?.[1] === true,
  }));
}

function copiedColumns(
  { name: table, columns: names }: CopyInRequest["relation"],
  columns: readonly TableColumn[],
): readonly TableColumn[] {
  if (names.length === 0) return columns;
  return names.map((name) => find(columns, name) ?? missing(name, table));
}

/** FORCE_NOT_NULL and FORCE_NULL are for columns that the data have. */
function checkForced(
  copied: readonly TableColumn[],
  columns: readonly TableColumn[],
  table: string,
  { forceNotNull, forceNull }: CopyInRequest["options"],
): void {
  for (const [option, names] of [
    ["FORCE_NOT_NULL", forceNotNull],
    ["FORCE_NULL", forceNull],
  ] as const) {
    for (const name of names === "all" ? [] : names) {
      if (find(columns, name) === undefined) missing(name, table);
      if (find(copied, name) !== undefined) continue;
      throw new PgError(
        "invalid_column_reference",
        `${option} column "${name}" not referenced by COPY`,
      );
    }
  }
}

function find(columns: readonly TableColumn[], name: string): TableColumn | undefined {
  return columns.find((column) => column.name === name);
}

function missing(column: string, table: string): never {
  throw new PgError("undefined_column", `column "${column}" of relation "${table}" does not exist`);
}

/**
 * Rows go straight into the table, where all columns that the data lack are NULL. Defaults are made
 * by INSERT alone: then the rows wait in a table of their own, which is gone at the end.
 */
async function fill(
  connection: Connection,
  table: TableName,
  columns: readonly TableColumn[],
  copied: readonly TableColumn[],
): Promise<Pick<CopyTable, "append" | "finish" | "abandon">> {
  const hasDefaults = columns.some((column) => column.hasDefault && !copied.includes(column));
  if (!hasDefaults) {
    const appender = await connection.appender(table.name, "main", table.catalog);
    const places = columns.map((column) => copied.indexOf(column));
    return appending(appender, places, async () => undefined);
  }
  const waiting = { catalog: table.catalog, name: `copied ${randomUUID()}` };
  const list = copied.map(({ name }) => quoteIdentifier(name)).join(", ");
  await connection.run(
    `CREATE TABLE ${qualified(waiting)} AS SELECT ${list} FROM ${qualified(table)} LIMIT 0`,
  );
  const appender = await connection.appender(waiting.name, "main", waiting.catalog);
  return appending(
    appender,
    copied.map((_, index) => index),
    async () => {
      await connection.run(
        `INSERT INTO ${qualified(table)} (${list}) SELECT * FROM ${qualified(waiting)}`,
      );
      await connection.run(`DROP TABLE ${qualified(waiting)}`);
    },
  );
}

/** `places` says for each column of the table which one of the data it is; -1 is none. */
function appending(
  appender: Appender,
  places: readonly number[],
  then: () => Promise<void>,
): Pick<CopyTable, "append" | "finish" | "abandon"> {
  return {
    append: (values: readonly ColumnValues[], rowCount: number) => {
      appender.appendCopies(
        places.map((place) => values[place]),
        rowCount,
      );
    },
    finish: async () => {
      appender.close();
      await then();
    },
    abandon: () => appender.abandon(),
  };
}
