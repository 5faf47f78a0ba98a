import { afterAll, beforeAll, expect, test } from "vitest";
import {
  bind,
  copyData,
  copyDone,
  copyFail,
  describe,
  execute,
  flush,
  parse,
  query,
  sync,
  terminate,
} from "../support/frontend.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import type { WireClient } from "../support/wire-client.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({
    tables: { files: "a,b\n1,x\n" },
    views: { v: "SELECT a FROM files" },
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

const COPY_IN = { type: "CopyInResponse", format: 0, columns: [0, 0] };
const READY = { type: "ReadyForQuery", transactionStatus: "I" };
const tag = (text: string) => ({ type: "CommandComplete", tag: text });
const error = (code: string, message: string, context?: string) =>
  expect.objectContaining({
    type: "ErrorResponse",
    code,
    message,
    ...(context !== undefined && { context }),
  });

/** A session with the temporary table t. */
async function session(): Promise<WireClient> {
  const client = await gateway.connect();
  client.send(query("CREATE TEMPORARY TABLE t (a integer, b varchar)"));
  await client.untilReady();
  return client;
}

async function rows(client: WireClient, sql = "SELECT a, b FROM t ORDER BY a"): Promise<unknown[]> {
  client.send(query(sql));
  const messages = await client.untilReady();
  return messages.filter(({ type }) => type === "DataRow").map(({ values }) => values);
}

test("rows arrive however they are cut, and Flush and Sync between them are ignored", async () => {
  await using client = await session();
  client.send(query("COPY t FROM STDIN"), copyData("1\tx\n2"), flush(), copyData("\ty"), sync());
  client.send(copyData(""), copyData("\n\\N\t"), copyData("größer\n"), copyDone());

  expect(await client.untilReady()).toEqual([COPY_IN, tag("COPY 3"), READY]);
  expect(await rows(client)).toEqual([
    ["1", "x"],
    ["2", "y"],
    [null, "größer"],
  ]);
});

test("CopyFail ends the COPY with its reason, and nothing stays", async () => {
  await using client = await session();
  client.send(query("COPY t FROM STDIN"), copyData("1\tx\n"), copyFail("no more"));

  expect(await client.untilReady()).toEqual([
    COPY_IN,
    error("57014", "COPY from stdin failed: no more", "COPY t, line 2"),
    READY,
  ]);
  expect(await rows(client)).toEqual([]);
});

test("a wrong value is reported at once, and the rest of the data is discarded", async () => {
  await using client = await session();
  client.send(query("COPY t FROM STDIN"), copyData("1\tx\nq\ty\n"));
  expect(await client.untilReady()).toEqual([
    COPY_IN,
    error("22P02", 'invalid input syntax for type integer: "q"', 'COPY t, line 2, column a: "q"'),
    READY,
  ]);

  client.send(copyData("3\tz\n"), copyDone());
  expect(await rows(client)).toEqual([]);
});

test("the extended protocol discards up to Sync", async () => {
  await using client = await session();
  client.send(parse("COPY t FROM STDIN"), bind(), describe("P"), execute());
  client.send(copyData("q\tx\n"), copyDone(), parse("SELECT 2"), sync());
  expect(await client.untilReady()).toEqual([
    { type: "ParseComplete" },
    { type: "BindComplete" },
    { type: "NoData" },
    COPY_IN,
    error("22P02", 'invalid input syntax for type integer: "q"'),
    READY,
  ]);

  client.send(parse("COPY t FROM STDIN"), bind(), execute(), sync());
  client.send(copyData("1\tx\n"), copyDone(), sync());
  expect((await client.untilReady()).slice(2)).toEqual([COPY_IN, tag("COPY 1"), READY]);
});

test("several COPYs in one Query take turns, and fall together", async () => {
  await using client = await session();
  client.send(query("COPY t FROM STDIN; SELECT 1; COPY t FROM STDIN CSV"));
  client.send(copyData("1\tx\n"), copyDone(), copyData("2,y\n"), copyDone());
  const messages = await client.untilReady();
  expect(messages.filter(({ type }) => type === "CommandComplete")).toEqual([
    tag("COPY 1"),
    tag("SELECT 1"),
    tag("COPY 1"),
  ]);

  client.send(query("COPY t FROM STDIN; COPY t FROM STDIN"));
  client.send(copyData("3\tx\n"), copyDone(), copyData("4\n"), copyDone());
  expect((await client.untilReady()).at(-2)).toEqual(
    error("22P04", 'missing data for column "b"', 'COPY t, line 1: "4"'),
  );
  expect(await rows(client)).toEqual([
    ["1", "x"],
    ["2", "y"],
  ]);
});

test("in a transaction block a COPY is rolled back with it", async () => {
  await using client = await session();
  client.send(query("BEGIN"), query("COPY t FROM STDIN"), copyData("1\tx\n"), copyDone());
  await client.untilReady();
  expect((await client.untilReady()).at(-1)).toMatchObject({ transactionStatus: "T" });
  expect(await rows(client)).toEqual([["1", "x"]]);

  client.send(query("ROLLBACK"));
  await client.untilReady();
  expect(await rows(client)).toEqual([]);
});

test("columns that are not listed have their defaults", async () => {
  await using client = await gateway.connect();
  client.send(query("CREATE TEMPORARY TABLE d (a integer DEFAULT 7, b varchar, c numeric(5,2))"));
  await client.untilReady();
  client.send(query("COPY d (c, b) FROM STDIN"), copyData("1.5\tx\n"), copyDone());
  expect((await client.untilReady())[1]).toEqual(tag("COPY 1"));
  client.send(query("COPY d (a) FROM STDIN"), copyData("1\n"), copyDone());
  await client.untilReady();

  expect(await rows(client, "SELECT * FROM d ORDER BY a")).toEqual([
    ["1", null, null],
    ["7", "x", "1.50"],
  ]);
});

test.each([
  ["COPY files FROM STDIN", "25006", "cannot execute COPY FROM in a read-only transaction"],
  ["COPY v FROM STDIN", "25006", "cannot execute COPY FROM in a read-only transaction"],
  ["COPY nope FROM STDIN", "42P01", 'relation "nope" does not exist'],
  ["COPY pg_class FROM STDIN", "42501", "permission denied for table pg_class"],
  ["COPY t (nope) FROM STDIN", "42703", 'column "nope" of relation "t" does not exist'],
  ["COPY t (a, a) FROM STDIN", "42701", 'column "a" specified more than once'],
  [
    "COPY t (a) FROM STDIN (FORMAT csv, FORCE_NULL (b))",
    "42P10",
    'FORCE_NULL column "b" not referenced by COPY',
  ],
  ["COPY t FROM STDIN WHERE a > 1", "0A000", "COPY FROM with WHERE is not supported"],
])("%s is refused before any data are asked for", async (sql, code, message) => {
  await using client = await session();
  client.send(query(sql));

  expect(await client.untilReady()).toEqual([error(code, message), READY]);
});

test.each([
  ["Query", query("SELECT 1"), "51"],
  ["Parse", parse("SELECT 1"), "50"],
  ["Terminate", terminate(), "58"],
])("%s in the middle of the data ends the session", async (_name, message, byte) => {
  await using client = await session();
  client.send(query("COPY t FROM STDIN"), copyData("1\tx\n"), message);

  expect(await client.untilEnd()).toEqual([
    COPY_IN,
    error("08P01", `unexpected message type 0x${byte} during COPY from stdin`, "COPY t, line 2"),
    expect.objectContaining({
      severity: "FATAL",
      code: "08P01",
      message: "terminating connection because protocol synchronization was lost",
    }),
  ]);
});

test("a cancel ends a COPY that waits for data, and the session lives on", async () => {
  await using client = await session();
  client.send(query("COPY t FROM STDIN"), copyData("1\tx\n2\t"));
  expect(await client.next()).toEqual(COPY_IN);
  await client.cancel();

  expect(await client.untilReady()).toEqual([
    error("57014", "canceling statement due to user request"),
    READY,
  ]);
  client.send(copyData("y\n"), copyDone());
  expect(await rows(client)).toEqual([]);
});

test("statement_timeout counts while the client thinks", async () => {
  await using client = await session();
  client.send(query("SET statement_timeout = '100ms'"), query("COPY t FROM STDIN"));
  await client.untilReady();

  expect(await client.untilReady()).toEqual([
    COPY_IN,
    error("57014", "canceling statement due to statement timeout", "COPY t, line 1"),
    READY,
  ]);
});

test("a client that leaves in the middle takes its COPY along, and no other session notices", async () => {
  const leaving = await session();
  await using staying = await session();
  leaving.send(query("COPY t FROM STDIN"), copyData("1\tx\n"));
  expect(await leaving.next()).toEqual(COPY_IN);
  leaving.destroy();

  staying.send(query("COPY t FROM STDIN"), copyData("1\tx\n"), copyDone());
  expect(await staying.untilReady()).toEqual([COPY_IN, tag("COPY 1"), READY]);
});

test("binary data are read with the formats that CopyInResponse asks for", async () => {
  await using client = await session();
  const header = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
  const row = Buffer.from("000200000004000000070000000178", "hex");
  client.send(query("COPY t FROM STDIN BINARY"), copyData(header), copyData(row));
  client.send(copyData(Buffer.from("ffff", "hex")), copyDone());

  expect(await client.untilReady()).toEqual([
    { type: "CopyInResponse", format: 1, columns: [1, 1] },
    tag("COPY 1"),
    READY,
  ]);
  expect(await rows(client)).toEqual([["7", "x"]]);
});

test("more data than the engine has credit for arrive whole", async () => {
  await using client = await session();
  const lines = Array.from({ length: 50_000 }, (_, index) => `${index}\t${"x".repeat(40)}\n`);
  client.send(query("COPY t FROM STDIN"), copyData(lines.join("")), copyDone());

  expect((await client.untilReady())[1]).toEqual(tag("COPY 50000"));
  expect(await rows(client, "SELECT count(*), sum(length(b)) FROM t")).toEqual([
    ["50000", "2000000"],
  ]);
});
