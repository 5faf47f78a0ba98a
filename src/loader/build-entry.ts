import { join } from "node:path";
import type { CachedColumn } from "../cache/cache-entry.ts";
import type { TableDefinition } from "../catalog/catalog.ts";
import { quoteIdentifier } from "../core/identifier.ts";
import type { Connection } from "../duckdb/connection.ts";
import { openDatabase } from "../duckdb/database.ts";
import { convertCsv } from "./convert-csv.ts";
import { convertXlsx } from "./convert-xlsx.ts";
import type { Conversion, LoadContext, SourceFile } from "./load-context.ts";
import { REJECTS_TABLE } from "./rejects.ts";

export interface EngineLimits {
  readonly memoryBytes: number;
  readonly threads: number;
}

export interface BuildRequest {
  readonly table: TableDefinition;
  readonly sources: readonly SourceFile[];
  /** For the file that is built and everything temporary. */
  readonly directory: string;
  readonly limits: EngineLimits;
  readonly signal: AbortSignal;
}

export interface BuiltEntry {
  readonly path: string;
  readonly columns: readonly CachedColumn[];
  readonly rowCount: number;
  readonly rejectedCount: number;
  readonly warnings: readonly string[];
}

/** A conversion streams: with more than this DuckDB would only keep what it has written already. */
const MEMORY_BYTES = 400 * 1024 * 1024;

/** Converts the files into a new DuckDB file with `main.data` and `main.rejects`, and closes it. */
export async function buildEntry(request: BuildRequest): Promise<BuiltEntry> {
  const { directory, limits, signal } = request;
  const path = join(directory, "build.duckdb");
  const database = await openDatabase({
    path,
    config: {
      threads: String(limits.threads),
      memory_limit: `${Math.min(limits.memoryBytes, MEMORY_BYTES)}B`,
      temp_directory: join(directory, "spill"),
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
    },
  });
  try {
    const connection = await database.connect();
    const interrupt = (): void => connection.interrupt(signal.reason);
    signal.addEventListener("abort", interrupt);
    try {
      signal.throwIfAborted();
      await connection.run("SET TimeZone = 'UTC'");
      await connection.run(REJECTS_TABLE);
      const context = { table: request.table, connection, directory, signal };
      const conversion = await convert(request.sources, context);
      const facts = await describe(connection, conversion);
      await connection.run("CHECKPOINT");
      return { path, ...facts, warnings: conversion.warnings };
    } finally {
      signal.removeEventListener("abort", interrupt);
      connection.close();
    }
  } finally {
    database.close();
  }
}

function convert(sources: readonly SourceFile[], context: LoadContext): Promise<Conversion> {
  const { options } = context.table;
  return options.format === "xlsx"
    ? convertXlsx(sources, options.xlsx, context)
    : convertCsv(sources, options, context);
}

async function describe(
  connection: Connection,
  conversion: Conversion,
): Promise<Pick<BuiltEntry, "columns" | "rowCount" | "rejectedCount">> {
  const described = await connection.rows("SELECT name, type FROM pragma_table_info('main.data')");
  const [counts = []] = await connection.rows(
    "SELECT (SELECT count(*) FROM main.data), (SELECT count(*) FROM main.rejects)",
  );
  const rowCount = Number(counts[0]);
  const withNulls = await haveNulls(
    connection,
    described.map(([name]) => String(name)),
  );
  const columns = described.map(([name, type], index) => ({
    name: String(name),
    duckdbType: String(type),
    header: conversion.columns[index]?.header ?? "",
    notNull: withNulls[index] === false,
  }));
  return { columns, rowCount, rejectedCount: Number(counts[1]) };
}

/**
 * Per column. What DuckDB keeps about each part of a column answers for those without NULL, and the
 * first NULL for the others, where counting would read the table once more.
 */
async function haveNulls(connection: Connection, names: readonly string[]): Promise<boolean[]> {
  const found: boolean[] = [];
  for (const name of names) {
    const rows = await connection.rows(
      `SELECT 1 FROM main.data WHERE ${quoteIdentifier(name)} IS NULL LIMIT 1`,
    );
    found.push(rows.length > 0);
  }
  return found;
}
