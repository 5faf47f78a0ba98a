import { join } from "node:path";
import type { CachedColumn } from "../cache/cache-entry.ts";
import type { TableDefinition } from "../catalog/catalog.ts";
import { quoteIdentifier } from "../core/identifier.ts";
import type { Connection } from "../duckdb/connection.ts";
import { openDatabase } from "../duckdb/database.ts";
import { convertCsv } from "./convert-csv.ts";
import { convertJson } from "./convert-json.ts";
import { convertParquet } from "./convert-parquet.ts";
import { convertXlsx } from "./convert-xlsx.ts";
import type { Conversion, LoadContext, SourceFile } from "./load-context.ts";
import { STREAMING_MEMORY_BYTES } from "./load-memory.ts";
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

/** Converts the files into a new DuckDB file with `main.data` and `main.rejects`, and closes it. */
export async function buildEntry(request: BuildRequest): Promise<BuiltEntry> {
  const { directory, limits, signal } = request;
  const path = join(directory, "build.duckdb");
  const database = await openDatabase({
    path,
    config: {
      threads: String(limits.threads),
      memory_limit: `${Math.min(limits.memoryBytes, STREAMING_MEMORY_BYTES)}B`,
      temp_directory: join(directory, "spill"),
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
    },
  });
  try {
    const connections: Connection[] = [];
    const connect = async (): Promise<Connection> => {
      signal.throwIfAborted();
      const opened = await database.connect();
      connections.push(opened);
      await opened.run("SET TimeZone = 'UTC'");
      return opened;
    };
    const interrupt = (): void => {
      for (const opened of connections) opened.interrupt(signal.reason);
    };
    signal.addEventListener("abort", interrupt);
    try {
      const connection = await connect();
      await connection.run(REJECTS_TABLE);
      const { memoryBytes } = limits;
      const context = { table: request.table, connection, connect, directory, memoryBytes, signal };
      const conversion = await convert(request.sources, context);
      const facts = await describe(connection, conversion);
      await connection.run("CHECKPOINT");
      return { path, ...facts, warnings: conversion.warnings };
    } finally {
      signal.removeEventListener("abort", interrupt);
      for (const opened of connections) opened.close();
    }
  } finally {
    database.close();
  }
}

function convert(sources: readonly SourceFile[], context: LoadContext): Promise<Conversion> {
  const { options } = context.table;
  switch (options.format) {
    case "csv":
    case "tsv":
    case "txt":
      return convertCsv(sources, options, context);
    case "xlsx":
      return convertXlsx(sources, options.xlsx, context);
    case "json":
    case "ndjson":
      return convertJson(sources, options, context);
    case "parquet":
      return convertParquet(sources, context);
  }
}

const COUNTS_PER_STATEMENT = 100;

async function describe(
  connection: Connection,
  conversion: Conversion,
): Promise<Pick<BuiltEntry, "columns" | "rowCount" | "rejectedCount">> {
  const described = await connection.rows("SELECT name, type FROM pragma_table_info('main.data')");
  const [counts = []] = await connection.rows(
    "SELECT (SELECT count(*) FROM main.data), (SELECT count(*) FROM main.rejects)",
  );
  const rowCount = Number(counts[0]);
  const present = await countPresent(
    connection,
    described.map(([name]) => String(name)),
  );
  const columns = described.map(([name, type], index) => ({
    name: String(name),
    duckdbType: String(type),
    header: conversion.columns[index]?.header ?? "",
    notNull: present[index] === rowCount,
  }));
  return { columns, rowCount, rejectedCount: Number(counts[1]) };
}

/** What DuckDB keeps about each column answers for those without NULL; only the others are read. */
async function countPresent(connection: Connection, names: readonly string[]): Promise<number[]> {
  const counts: number[] = [];
  for (let start = 0; start < names.length; start += COUNTS_PER_STATEMENT) {
    const batch = names.slice(start, start + COUNTS_PER_STATEMENT);
    const list = batch.map((name) => `count(${quoteIdentifier(name)})`).join(", ");
    const [row = []] = await connection.rows(`SELECT ${list} FROM main.data`);
    counts.push(...row.map(Number));
  }
  return counts;
}
