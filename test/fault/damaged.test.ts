import { chmod, open, readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDatabase } from "../../src/duckdb/database.ts";
import {
  ask,
  GatewayProcess,
  type Installation,
  makeInstallation,
  untilAnswer,
} from "../support/gateway-process.ts";

const ROWS = 150_000;
const SUMS = "SELECT count(*), sum(id), sum(length(note)) FROM notes";
const NOTES = Array.from({ length: ROWS }, (_, id) => `note ${(id * 7919) % ROWS}`);
const CSV = `id,note\n${NOTES.map((note, id) => `${id},${note}\n`).join("")}`;
const RIGHT = [
  [
    `${ROWS}`,
    `${(ROWS * (ROWS - 1)) / 2}`,
    `${NOTES.reduce((sum, { length }) => sum + length, 0)}`,
  ],
];

async function installed(): Promise<Installation> {
  const installation = await makeInstallation({
    tables: { notes: { source: "files:notes.csv" }, other: { source: "files:other.csv" } },
  });
  await installation.write("notes.csv", CSV);
  await installation.write("other.csv", "a\n1\n");
  return installation;
}

async function dataFile({ cache }: Installation): Promise<string> {
  const names = await readdir(join(cache, "test"));
  const name = names.find((file) => file.startsWith("notes-") && file.endsWith(".duckdb"));
  return join(cache, "test", String(name));
}

/** As a disk does it that forgets: size and time are as they were. */
async function rot(path: string, positions: (size: number) => readonly number[]): Promise<void> {
  const { size, atime, mtime } = await stat(path);
  await chmod(path, 0o644);
  await using file = await open(path, "r+");
  for (const position of positions(size)) {
    await file.write(Buffer.from("these bytes have rotted"), 0, undefined, position);
  }
  await utimes(path, atime, mtime);
  await chmod(path, 0o444);
}

const HEADERS_BYTES = 3 * 4096;
const BLOCK_BYTES = 256 * 1024;

function everyBlock(size: number): readonly number[] {
  const blocks = Math.floor((size - HEADERS_BYTES) / BLOCK_BYTES);
  return Array.from({ length: blocks }, (_, block) => HEADERS_BYTES + block * BLOCK_BYTES + 1_000);
}

test("data that rots is told as XX001, and the table is built again by itself", async () => {
  await using installation = await installed();
  await using gateway = await GatewayProcess.start(installation);
  await using client = await gateway.connect();
  await untilAnswer(client, "SELECT count(*) FROM other", [["1"]]);
  await untilAnswer(client, "SELECT state FROM bucketgres.tables WHERE table_name = 'notes'", [
    ["ready"],
  ]);
  const path = await dataFile(installation);
  await rot(path, everyBlock);

  expect(await ask(client, SUMS)).toMatchObject({
    code: "XX001",
    message: "the cached copy of a table is damaged",
    hint: expect.stringContaining("by itself"),
  });
  expect(await ask(client, "SELECT count(*) FROM other")).toEqual([["1"]]);
  await untilAnswer(client, SUMS, RIGHT);
  await expect(stat(path)).rejects.toThrowError(/ENOENT/);
  expect(gateway.log()).toContain("cache entry is damaged, and is built again");
});

test.for([
  ["the first header", () => [4096 + 8]],
  ["all headers", () => [0, 4096, 8192]],
] as const)("a file with rot in %s is built again at the next start", async ([, positions]) => {
  await using installation = await installed();
  {
    await using gateway = await GatewayProcess.start(installation);
    await using client = await gateway.connect();
    await untilAnswer(client, SUMS, RIGHT);
  }
  await rot(await dataFile(installation), positions);

  await using gateway = await GatewayProcess.start(installation);
  await using client = await gateway.connect();

  await untilAnswer(client, SUMS, RIGHT);
  await untilAnswer(client, "SELECT state FROM bucketgres.tables WHERE table_name = 'notes'", [
    ["ready"],
  ]);
});

test("a file that is removed while a query streams from it is read to its end", async () => {
  await using installation = await installed();
  await using gateway = await GatewayProcess.start(installation);
  await using client = await gateway.connect();
  await untilAnswer(client, SUMS, RIGHT);
  const database = await openDatabase({ path: await dataFile(installation), readOnly: true });
  try {
    const connection = await database.connect();
    const rows = await (await connection.prepare("SELECT * FROM main.data")).stream();
    let count = (await rows.next())?.rowCount ?? 0;
    await rm(installation.cache, { recursive: true, force: true });
    for (let chunk = await rows.next(); chunk !== undefined; chunk = await rows.next()) {
      count += chunk.rowCount;
    }
    expect(count).toBe(ROWS);
    connection.close();
  } finally {
    database.close();
  }
  expect(await ask(client, SUMS)).toEqual(RIGHT);
});
