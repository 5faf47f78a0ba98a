import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { WorkspaceName } from "../../../src/core/brands.ts";
import { openDatabase } from "../../../src/duckdb/database.ts";
import type { DescribeRequest, EngineWorkspace } from "../../../src/engine/engine.ts";
import { WorkspaceEngine } from "../../../src/engine-process/workspace-engine.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bucketgres-generations-"));
  await mkdir(join(folder, "cache"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function cacheFile(name: string, value: number): Promise<string> {
  const path = join(folder, "cache", `${name}.duckdb`);
  const database = await openDatabase({ path });
  const connection = await database.connect();
  await connection.run(`CREATE TABLE data AS SELECT ${value} AS v`);
  await connection.run("CREATE TABLE rejects (n INTEGER)");
  await connection.run("CHECKPOINT");
  connection.close();
  database.close();
  return path;
}

function workspace(paths: readonly string[]): EngineWorkspace {
  return {
    cacheDirectory: join(folder, "cache"),
    memoryBytes: 64 * 1024 ** 2,
    threads: 1,
    tempDiskBytes: 1024 ** 2,
    tables: paths.map((path, index) => ({
      schema: "public",
      name: `t${index}`,
      state: "ready",
      path,
      columns: ["v"],
      rejectedCount: 0,
    })),
    views: [],
    tableStates: [],
  };
}

function request(sql: string, transaction?: string): DescribeRequest {
  return {
    workspace: "test" as WorkspaceName, // Only the gateway looks names up.
    sql,
    dialect: "postgresql",
    settings: { timeZone: "UTC", searchPath: ["public"] },
    transaction,
    temporary: undefined,
  };
}

async function value(engine: WorkspaceEngine, sql: string, transaction?: string): Promise<unknown> {
  const lease = await engine.lease(request(sql, transaction));
  try {
    return (await lease.connection.rows(sql))[0]?.[0];
  } finally {
    engine.release(lease, "clean");
  }
}

/** Of the files, beside the generations' own catalogs. */
const ATTACHED = "SELECT count(*)::INTEGER FROM duckdb_databases() WHERE path LIKE '%.duckdb'";

test("files are detached once no statement and no transaction sees them any more", async () => {
  const [first, second, kept] = await Promise.all([
    cacheFile("first", 1),
    cacheFile("second", 2),
    cacheFile("kept", 3),
  ]);
  const engine = await WorkspaceEngine.open(workspace([]), join(folder, "temp"));
  try {
    await engine.configure(workspace([first, kept]));
    expect(await value(engine, "SELECT v FROM t0", "a")).toBe(1);

    await engine.configure(workspace([second, kept]));
    expect(await value(engine, "SELECT v FROM t0")).toBe(2);
    expect(await value(engine, "SELECT v FROM t0", "a")).toBe(1);
    expect(await value(engine, ATTACHED)).toBe(3);

    engine.endTransaction("a");
    await engine.configure(workspace([second, kept]));
    expect(await value(engine, ATTACHED)).toBe(2);
    expect(await value(engine, "SELECT v FROM t0")).toBe(2);
    expect(await value(engine, "SELECT v FROM public.t1")).toBe(3);
  } finally {
    engine.close();
  }
});

test("a statement that runs keeps its version, in spite of any number of later ones", async () => {
  const paths = await Promise.all([4, 5, 6].map((n) => cacheFile(`run${n}`, n)));
  const engine = await WorkspaceEngine.open(workspace([]), join(folder, "temp2"));
  try {
    await engine.configure(workspace(paths.slice(0, 1)));
    const lease = await engine.lease(request("SELECT v FROM t0"));
    for (const path of paths.slice(1)) await engine.configure(workspace([path]));

    expect(await lease.connection.rows("SELECT v FROM t0")).toEqual([[4]]);
    engine.release(lease, "clean");
    await engine.configure(workspace(paths.slice(2)));
    expect(await value(engine, ATTACHED)).toBe(1);
  } finally {
    engine.close();
  }
});
