import { quoteLiteral } from "../core/identifier.ts";
import type { Connection } from "../duckdb/connection.ts";
import type { EngineTable, EngineWorkspace } from "../engine/engine.ts";

type ReadyTable = Extract<EngineTable, { state: "ready" }>;

/** The columns of bucketgres.tables, in order, with their types. */
export const TABLE_STATE_COLUMNS = {
  table_name: "VARCHAR",
  source: "VARCHAR",
  format: "VARCHAR",
  state: "VARCHAR",
  row_count: "BIGINT",
  rejected: "BIGINT",
  source_bytes: "BIGINT",
  etag: "VARCHAR",
  version_id: "VARCHAR",
  last_modified: "TIMESTAMP WITH TIME ZONE",
  loaded_at: "TIMESTAMP WITH TIME ZONE",
  load_ms: "BIGINT",
  checked_at: "TIMESTAMP WITH TIME ZONE",
  error: "VARCHAR",
  hint: "VARCHAR",
} as const;

/** Where the rows of bucketgres.tables are kept: the state of a table is always that of now. */
const TABLE_STATES = "memory.bucketgres.tables";

const EMPTY_REJECTS =
  "SELECT NULL::VARCHAR AS table_name, NULL::VARCHAR AS file, NULL::BIGINT AS row_number, " +
  "NULL::VARCHAR AS column_name, NULL::VARCHAR AS value, NULL::VARCHAR AS reason WHERE false";

/**
 * Creates in a catalog bucketgres.tables, and bucketgres.rejects: the cells and rows that did not
 * fit, of all tables that have any.
 */
export async function createSystemViews(
  admin: Connection,
  catalog: string,
  tables: readonly ReadyTable[],
  attachments: ReadonlyMap<string, string>,
): Promise<void> {
  const parts = tables
    .filter((table) => table.rejectedCount > 0)
    .map((table) => {
      const name = table.schema === "public" ? table.name : `${table.schema}.${table.name}`;
      const from = `${attachments.get(table.path)}.main.rejects`;
      return `SELECT ${quoteLiteral(name)}, file, row_number, column_name, value, reason FROM ${from}`;
    });
  await admin.run(`CREATE VIEW ${catalog}.bucketgres.tables AS SELECT * FROM ${TABLE_STATES}`);
  await admin.run(
    `CREATE VIEW ${catalog}.bucketgres.rejects AS ${[EMPTY_REJECTS, ...parts].join(" UNION ALL ")}`,
  );
}

/** Replaces the rows of bucketgres.tables, in one step for whoever reads them. */
export async function replaceTableStates(
  admin: Connection,
  states: EngineWorkspace["tableStates"],
): Promise<void> {
  const columns = Object.entries(TABLE_STATE_COLUMNS).map(([name, type]) => `${name} ${type}`);
  const rows = states.map((row) => `(${row.map(literal).join(", ")})`);
  await admin.run("BEGIN");
  try {
    await admin.run(`CREATE OR REPLACE TABLE ${TABLE_STATES} (${columns.join(", ")})`);
    if (rows.length > 0) await admin.run(`INSERT INTO ${TABLE_STATES} VALUES ${rows.join(", ")}`);
    await admin.run("COMMIT");
  } catch (error) {
    await admin.run("ROLLBACK");
    throw error;
  }
}

function literal(value: string | number | Date | undefined): string {
  if (value === undefined) return "NULL";
  if (value instanceof Date) return `TIMESTAMPTZ ${quoteLiteral(value.toISOString())}`;
  return typeof value === "number" ? String(value) : quoteLiteral(value);
}
