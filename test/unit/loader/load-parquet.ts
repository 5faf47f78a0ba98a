import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quoteLiteral } from "../../../src/core/identifier.ts";
import { openDatabase } from "../../../src/duckdb/database.ts";
import { csvTable, type LoadedTable, type LoadSettings, loadFiles } from "./load-files.ts";

/** The rows of a query as a Parquet file. */
export async function parquet(query: string, key?: string): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), "bucketgres-parquet-"));
  const database = await openDatabase({ path: ":memory:" });
  try {
    const connection = await database.connect();
    const path = join(directory, "file.parquet");
    await connection.run("SET TimeZone = 'UTC'");
    if (key !== undefined) {
      await connection.run("SET force_mbedtls_unsafe = 'true'");
      await connection.run(`PRAGMA add_parquet_key('key', ${quoteLiteral(key)})`);
    }
    const options = key === undefined ? "" : ", ENCRYPTION_CONFIG {footer_key: 'key'}";
    await connection.run(`COPY (${query}) TO ${quoteLiteral(path)} (FORMAT parquet${options})`);
    connection.close();
    return await readFile(path);
  } finally {
    database.close();
    await rm(directory, { recursive: true });
  }
}

/** Converts them as the loader does, and reads back what came of them. */
export async function loadParquet(
  files: Buffer | Readonly<Record<string, Buffer>>,
  settings: LoadSettings = {},
): Promise<LoadedTable> {
  const named = Buffer.isBuffer(files) ? { "a.parquet": files } : files;
  return await loadFiles(named, {
    ...csvTable("*.parquet", settings),
    options: { format: "parquet" },
  });
}
