import { expect, test } from "vitest";
import { query } from "../support/frontend.ts";
import { startGateway } from "../support/gateway.ts";

const READY = { type: "ReadyForQuery", transactionStatus: "I" };

test("a query answers with its row description, its rows and its tag", async () => {
  await using gateway = await startGateway({ tables: { orders: "id,total\n1,9.50\n2,10.25\n" } });
  await using client = await gateway.connect();

  client.send(query("SELECT id, total FROM orders ORDER BY id"));

  const [description, ...rest] = await client.untilReady();
  expect(description).toMatchObject({
    type: "RowDescription",
    fields: [
      { name: "id", typeOid: 20, format: 0 },
      { name: "total", typeOid: 1700, format: 0 },
    ],
  });
  expect(rest).toEqual([
    { type: "DataRow", values: ["1", "9.50"] },
    { type: "DataRow", values: ["2", "10.25"] },
    { type: "CommandComplete", tag: "SELECT 2" },
    READY,
  ]);
});

test("several statements of one query answer one after another", async () => {
  await using gateway = await startGateway({ tables: { t: "a\n1\n" } });
  await using client = await gateway.connect();

  client.send(query("SELECT a FROM t; SELECT count(*) FROM t;  ; SET application_name = 'x'"));

  expect((await client.untilReady()).map(({ type, tag }) => tag ?? type)).toEqual([
    "RowDescription",
    "DataRow",
    "SELECT 1",
    "RowDescription",
    "DataRow",
    "SELECT 1",
    "SET",
    "ParameterStatus",
    "ReadyForQuery",
  ]);
});

test("after a failed statement the others of the same query do not run", async () => {
  await using gateway = await startGateway({ tables: { t: "a\n1\n" } });
  await using client = await gateway.connect();

  client.send(query("SELECT a FROM t; SELECT b FROM t; SELECT a FROM t"));

  const messages = await client.untilReady();
  expect(messages.map(({ type }) => type)).toEqual([
    "RowDescription",
    "DataRow",
    "CommandComplete",
    "ErrorResponse",
    "ReadyForQuery",
  ]);
  expect(messages[3]).toMatchObject({ code: "42703", position: 25 });
});

test("an empty query has an answer of its own", async () => {
  await using gateway = await startGateway();
  await using client = await gateway.connect();

  client.send(query(""), query(" ; -- nothing\n"));

  expect(await client.untilReady()).toEqual([{ type: "EmptyQueryResponse" }, READY]);
  expect(await client.untilReady()).toEqual([{ type: "EmptyQueryResponse" }, READY]);
});

test("a failed transaction block refuses everything until it ends", async () => {
  await using gateway = await startGateway({ tables: { t: "a\n1\n" } });
  await using client = await gateway.connect();
  const run = async (sql: string) => {
    client.send(query(sql));
    return await client.untilReady();
  };

  expect(await run("BEGIN")).toEqual([
    { type: "CommandComplete", tag: "BEGIN" },
    { type: "ReadyForQuery", transactionStatus: "T" },
  ]);
  expect((await run("SELECT nothing FROM t")).at(-1)).toEqual({
    type: "ReadyForQuery",
    transactionStatus: "E",
  });
  expect(await run("SELECT a FROM t")).toMatchObject([
    { type: "ErrorResponse", code: "25P02" },
    { transactionStatus: "E" },
  ]);
  expect(await run("COMMIT")).toEqual([{ type: "CommandComplete", tag: "ROLLBACK" }, READY]);
});

test("a savepoint brings a failed block back", async () => {
  await using gateway = await startGateway({ tables: { t: "a\n1\n" } });
  await using client = await gateway.connect();
  const run = async (sql: string) => {
    client.send(query(sql));
    return await client.untilReady();
  };

  await run("BEGIN; SAVEPOINT s");
  await run("SELECT nope FROM t");
  await run("ROLLBACK TO SAVEPOINT s");

  expect((await run("SELECT a FROM t")).at(-1)).toEqual({
    type: "ReadyForQuery",
    transactionStatus: "T",
  });
});

test("settings of a rolled back transaction are gone", async () => {
  await using gateway = await startGateway();
  await using client = await gateway.connect();
  const show = async () => {
    client.send(query("SHOW TimeZone"));
    return (await client.untilReady())[1]?.["values"];
  };

  client.send(query("BEGIN; SET TimeZone = 'Europe/Berlin'"));
  await client.untilReady();
  expect(await show()).toEqual(["Europe/Berlin"]);
  client.send(query("ROLLBACK"));
  await client.untilReady();

  expect(await show()).toEqual(["UTC"]);
});

test("a stream that fails half way ends in an error, never in CommandComplete", async () => {
  const rows = Array.from({ length: 1_000_000 }, (_, index) =>
    index === 900_000 ? "oops" : String(index),
  );
  await using gateway = await startGateway({ tables: { numbers: `n\n${rows.join("\n")}\n` } });
  await using client = await gateway.connect();

  client.send(query("SELECT n::bigint AS n FROM numbers"));

  let received = 0;
  let last = await client.next();
  for (; last?.type === "DataRow" || last?.type === "RowDescription"; last = await client.next()) {
    received += 1;
  }
  expect(received).toBeGreaterThan(1);
  expect(last).toMatchObject({
    type: "ErrorResponse",
    code: "22P02",
    message: 'invalid input syntax for type bigint: "oops"',
  });
  expect(await client.untilReady()).toEqual([READY]);
  client.send(query("SELECT count(*) FROM numbers"));
  expect((await client.untilReady())[1]).toEqual({ type: "DataRow", values: ["1000000"] });
});

test.each([
  [
    "SELECT * FROM missing",
    { code: "42P01", message: 'relation "missing" does not exist', position: 15 },
  ],
  ["SELECT nope FROM t", { code: "42703", message: 'column "nope" does not exist', position: 8 }],
  ["selec 1", { code: "42601", message: 'syntax error at or near "selec"', position: 1 }],
  ["SELECT 1/0 FROM t", { code: "22012", message: "division by zero" }],
  [
    "INSERT INTO t VALUES (1)",
    { code: "25006", message: "cannot execute INSERT in a read-only transaction" },
  ],
  [
    "DROP TABLE t",
    { code: "25006", message: "cannot execute DROP TABLE in a read-only transaction" },
  ],
  ["SELECT a FROM t, read_text('/etc/passwd')", { code: "42501" }],
  ["SELECT * FROM read_text('/etc/passwd')", { code: "42883" }],
  ["SELECT * FROM '/etc/passwd'", { code: "42P01" }],
  ["COPY t TO '/tmp/x'", { code: "42501" }],
  ["ATTACH 'x.db'", { code: "42601" }],
  ["SET memory_limit = '1TB'", { code: "42704" }],
  ["SELECT nofunction(1)", { code: "42883" }],
])("%s is refused in PostgreSQL's terms, and the session lives on", async (sql, expected) => {
  await using gateway = await startGateway({ tables: { t: "a\n1\n" } });
  await using client = await gateway.connect();

  client.send(query(sql), query("SELECT a FROM t"));

  expect(await client.untilReady()).toEqual([
    expect.objectContaining({ type: "ErrorResponse", ...expected }),
    READY,
  ]);
  expect((await client.untilReady())[1]).toEqual({ type: "DataRow", values: ["1"] });
});

test("text of another encoding is refused and the session lives on", async () => {
  await using gateway = await startGateway();
  await using client = await gateway.connect();

  client.send(
    Buffer.concat([
      Buffer.from("Q\0\0\0\x0eSELECT '", "latin1"),
      Buffer.from([0xe9]),
      Buffer.from("'\0", "latin1").subarray(0, 0),
      Buffer.from([0]),
    ]),
  );

  expect(await client.untilReady()).toEqual([
    expect.objectContaining({
      type: "ErrorResponse",
      code: "22021",
      message: 'invalid byte sequence for encoding "UTF8": 0xe9',
    }),
    READY,
  ]);
});
