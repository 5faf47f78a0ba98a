import { mkdtemp, open, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../src/duckdb/database.ts";

const HEADERS_BYTES = 3 * 4096;
const BLOCK_BYTES = 256 * 1024;

async function databaseFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "bucketgres-damaged-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "data.duckdb");
  const database = await openDatabase({ path });
  const connection = await database.connect();
  await connection.run(
    "CREATE TABLE data AS SELECT range AS id, md5(range::VARCHAR) AS note FROM range(50000)",
  );
  await connection.run("CHECKPOINT");
  connection.close();
  database.close();
  return path;
}

async function overwrite(path: string, positions: readonly number[]): Promise<void> {
  await using file = await open(path, "r+");
  for (const position of positions) await file.write(Buffer.from("rotten bytes"), 0, 12, position);
}

/** What is said of the file, and whether it is when it is attached or when its rows are read. */
async function failure(path: string): Promise<{ readonly at: string; readonly error: unknown }> {
  const database = await openDatabase({ path: ":memory:" });
  const connection = await database.connect();
  let at = "ATTACH";
  try {
    await connection.run(`ATTACH '${path}' AS damaged (READ_ONLY)`);
    at = "SELECT";
    const rows = await (await connection.prepare("SELECT * FROM damaged.main.data")).stream();
    while ((await rows.next()) !== undefined);
    return { at: "nowhere", error: undefined };
  } catch (error) {
    return { at, error };
  } finally {
    connection.close();
    database.close();
  }
}

const DAMAGES: readonly (readonly [string, string, (path: string) => Promise<void>])[] = [
  ["no content", "ATTACH", (path) => truncate(path, 0)],
  ["other content", "ATTACH", (path) => writeFile(path, "id,note\n")],
  ["nothing behind its headers", "ATTACH", (path) => truncate(path, HEADERS_BYTES + 1000)],
  ["rows cut off", "SELECT", (path) => truncate(path, HEADERS_BYTES + BLOCK_BYTES)],
  ["a damaged header", "ATTACH", (path) => overwrite(path, [4096 + 8])],
  ["damaged rows", "SELECT", (path) => overwrite(path, [HEADERS_BYTES + BLOCK_BYTES + 1000])],
];

test.for(DAMAGES)("a file with %s is data_corrupted at %s", async ([, where, damage]) => {
  const path = await databaseFile();
  await damage(path);
  const { at, error } = await failure(path);
  expect(at).toBe(where);
  expect(error).toMatchObject({
    sqlstate: "XX001",
    message: "the cached copy of a table is damaged",
  });
});
