import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { WorkspaceName } from "../../../src/core/brands.ts";
import { PgError } from "../../../src/core/pg-error.ts";
import { WorkspaceEngine } from "../../../src/engine-process/workspace-engine.ts";

/** The engine's own layer, without the gate in front of it: it must hold alone. */
let folder: string;
let engine: WorkspaceEngine;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bucketgres-lock-"));
  await mkdir(join(folder, "cache"));
  await mkdir(join(folder, "cache-of-another"));
  await writeFile(join(folder, "secret.csv"), "a\n1\n");
  await writeFile(join(folder, "cache-of-another", "secret.csv"), "a\n1\n");
  const definition = {
    cacheDirectory: join(folder, "cache"),
    memoryBytes: 256 * 1024 ** 2,
    threads: 1,
    tempDiskBytes: 64 * 1024 ** 2,
    tables: [],
    views: [],
    tableStates: [],
  };
  engine = await WorkspaceEngine.open(definition, join(folder, "tmp"));
  await engine.configure(definition);
});

afterAll(async () => {
  engine.close();
  await rm(folder, { recursive: true, force: true });
});

test.each([
  "SELECT * FROM read_text('/etc/passwd')",
  "SELECT * FROM read_blob('/proc/self/environ')",
  "SELECT * FROM '/etc/passwd'",
  "SELECT * FROM read_csv('FOLDER/secret.csv')",
  "SELECT * FROM read_csv('FOLDER/cache/../secret.csv')",
  "SELECT * FROM read_csv('FOLDER/cache-of-another/secret.csv')",
  "SELECT * FROM glob('FOLDER/*')",
  "SELECT * FROM read_parquet('https://example.org/x.parquet')",
  "COPY (SELECT 1) TO 'FOLDER/out.csv'",
  "EXPORT DATABASE 'FOLDER/out'",
  "ATTACH 'FOLDER/other.duckdb'",
  "INSTALL httpfs",
  "LOAD httpfs",
  "SET memory_limit = '1TB'",
  "SET enable_external_access = true",
  "SET lock_configuration = false",
  "RESET allowed_directories",
  "SET temp_directory = '/'",
  "CREATE PERSISTENT SECRET s (TYPE s3)",
])("the engine alone refuses %s", async (text) => {
  const request = {
    workspace: "test" as WorkspaceName,
    sql: text.replaceAll("FOLDER", folder),
    dialect: "postgresql" as const,
    settings: { timeZone: "UTC", searchPath: ["public"] },
    transaction: undefined,
    temporary: undefined,
  };
  const lease = await engine.lease(request);

  const failure = await lease.connection.run(request.sql).catch((error: unknown) => error);
  engine.release(lease, "interrupted");

  expect(failure).toBeInstanceOf(PgError);
  expect((failure as PgError).message).not.toContain(folder);
});

test("what a workspace needs for big queries still works: sorting on its own disk", async () => {
  const request = {
    workspace: "test" as WorkspaceName,
    sql: "",
    dialect: "postgresql" as const,
    settings: { timeZone: "Europe/Berlin", searchPath: ["public"] },
    transaction: undefined,
    temporary: undefined,
  };
  const lease = await engine.lease(request);

  const rows = await lease.connection.rows(
    "SELECT max(n) FROM (SELECT row_number() OVER (ORDER BY md5(i::VARCHAR)) AS n FROM range(100000) AS r(i))",
  );
  engine.release(lease, "clean");

  expect(rows).toEqual([[100_000n]]);
});
