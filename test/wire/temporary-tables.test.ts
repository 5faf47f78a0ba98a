import { expect, test } from "vitest";
import type { BackendMessage } from "../support/backend.ts";
import { bind, describe, execute, parse, query, sync } from "../support/frontend.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import type { WireClient } from "../support/wire-client.ts";

const TABLES = { orders: "id,total,name\n1,9.50,ä\n2,10.25,b\n3,1.00,c\n" };

async function gatewayWithOrders(): Promise<TestGateway> {
  return await startGateway({ tables: TABLES });
}

/** Rows, tags and SQLSTATEs, one string each, and the transaction's status at the end. */
async function say(client: WireClient, ...messages: Buffer[]): Promise<string[]> {
  client.send(...messages);
  return (await client.untilReady()).flatMap(brief);
}

const sql = async (client: WireClient, text: string): Promise<string[]> =>
  await say(client, query(text));

function brief(message: BackendMessage): string[] {
  switch (message.type) {
    case "DataRow":
      return [(message["values"] as (string | null)[]).map((value) => value ?? "NULL").join("|")];
    case "CommandComplete":
      return [String(message["tag"])];
    case "ErrorResponse":
      return [`ERROR ${String(message["code"])}`];
    case "NoticeResponse":
      return [`NOTICE ${String(message["code"])} ${String(message["message"])}`];
    case "ReadyForQuery":
      return [String(message["transactionStatus"])];
    default:
      return [];
  }
}

test("a temporary table is made, filled, changed, read with files beside it, and dropped", async () => {
  await using gateway = await gatewayWithOrders();
  await using client = await gateway.connect();

  expect(
    await sql(
      client,
      "CREATE TEMP TABLE t (id int PRIMARY KEY, n numeric(10,2) DEFAULT 7, s text)",
    ),
  ).toEqual(["CREATE TABLE", "I"]);
  expect(await sql(client, "INSERT INTO t VALUES (1, 1.5, 'x'), (2, DEFAULT, NULL)")).toEqual([
    "INSERT 0 2",
    "I",
  ]);
  expect(
    await sql(client, "INSERT INTO t (id, s) SELECT id + 1, name FROM orders WHERE id > 1"),
  ).toEqual(["INSERT 0 2", "I"]);
  expect(
    await sql(client, "SELECT t.*, o.total FROM t JOIN orders o USING (id) ORDER BY 1"),
  ).toEqual(["1|1.50|x|9.50", "2|7.00|NULL|10.25", "3|7.00|b|1.00", "SELECT 3", "I"]);
  expect(await sql(client, "UPDATE t AS z SET s = z.s || '!', n = n / 2 WHERE z.id = 1")).toEqual([
    "UPDATE 1",
    "I",
  ]);
  expect(await sql(client, "DELETE FROM t USING orders o WHERE o.id = t.id AND o.id > 1")).toEqual([
    "DELETE 2",
    "I",
  ]);
  expect(await sql(client, "SELECT id, n, s FROM pg_temp.t ORDER BY id")).toEqual([
    "1|0.75|x!",
    "4|7.00|c",
    "SELECT 2",
    "I",
  ]);
  expect(await sql(client, "TRUNCATE t; SELECT count(*) FROM t; DROP TABLE t")).toEqual([
    "TRUNCATE TABLE",
    "0",
    "SELECT 1",
    "DROP TABLE",
    "I",
  ]);
  expect(await sql(client, "SELECT * FROM t")).toEqual(["ERROR 42P01", "I"]);
});

test("CREATE TABLE AS and SELECT INTO count their rows, and RETURNING answers with them", async () => {
  await using gateway = await gatewayWithOrders();
  await using client = await gateway.connect();

  expect(await sql(client, "CREATE TEMPORARY TABLE a AS SELECT id, total FROM orders")).toEqual([
    "SELECT 3",
    "I",
  ]);
  expect(await sql(client, "SELECT id AS x INTO TEMP b FROM a WHERE id < 3")).toEqual([
    "SELECT 2",
    "I",
  ]);
  expect(await sql(client, "CREATE TEMP TABLE c (x, y) AS SELECT 1, 'é' WITH NO DATA")).toEqual([
    "CREATE TABLE AS",
    "I",
  ]);
  expect(await sql(client, "INSERT INTO b VALUES (9) RETURNING x, x + 1, 'k' AS k")).toEqual([
    "9|10|k",
    "INSERT 0 1",
    "I",
  ]);
  expect(await sql(client, "DELETE FROM b RETURNING *")).toEqual(["1", "2", "9", "DELETE 3", "I"]);
  expect(await sql(client, "CREATE TEMP TABLE d (LIKE orders)")).toEqual(["CREATE TABLE", "I"]);
  expect(await sql(client, "SELECT count(*), count(total) FROM d")).toEqual([
    "0|0",
    "SELECT 1",
    "I",
  ]);
});

test("parameters of INSERT have the types of its columns", async () => {
  await using gateway = await gatewayWithOrders();
  await using client = await gateway.connect();
  await sql(client, "CREATE TEMP TABLE t (i int, d date, n numeric(8,3), s text)");

  client.send(
    parse("INSERT INTO t VALUES ($1, $2, $3, $4) RETURNING i, n"),
    describe("S"),
    bind({ values: ["7", "2024-02-29", "1.25", "größer"].map((text) => Buffer.from(text)) }),
    execute(),
    sync(),
  );
  const messages = await client.untilReady();

  expect(messages.find(({ type }) => type === "ParameterDescription")).toMatchObject({
    oids: [23, 1082, 1700, 25],
  });
  expect(messages.flatMap(brief)).toEqual(["7|1.250", "INSERT 0 1", "I"]);
  expect(await sql(client, "SELECT * FROM t")).toEqual([
    "7|2024-02-29|1.250|größer",
    "SELECT 1",
    "I",
  ]);
});

test("a rollback takes everything back, and COMMIT keeps it", async () => {
  await using gateway = await gatewayWithOrders();
  await using client = await gateway.connect();
  await sql(client, "CREATE TEMP TABLE kept (a int)");

  await sql(client, "BEGIN");
  await sql(client, "INSERT INTO kept VALUES (1)");
  await sql(client, "CREATE TEMP TABLE gone AS SELECT 1 AS a");
  expect(await sql(client, "SELECT count(*) FROM kept, gone")).toEqual(["1", "SELECT 1", "T"]);
  expect(await sql(client, "ROLLBACK")).toEqual(["ROLLBACK", "I"]);
  expect(await sql(client, "SELECT count(*) FROM kept")).toEqual(["0", "SELECT 1", "I"]);
  expect(await sql(client, "SELECT * FROM gone")).toEqual(["ERROR 42P01", "I"]);

  await sql(client, "BEGIN");
  await sql(client, "INSERT INTO kept VALUES (1), (2)");
  expect(await sql(client, "SELECT nothing FROM kept")).toEqual(["ERROR 42703", "E"]);
  expect(await sql(client, "COMMIT")).toEqual(["ROLLBACK", "I"]);
  expect(await sql(client, "SELECT count(*) FROM kept")).toEqual(["0", "SELECT 1", "I"]);

  await sql(client, "BEGIN; INSERT INTO kept VALUES (1), (2); COMMIT");
  expect(await sql(client, "SELECT count(*) FROM kept")).toEqual(["2", "SELECT 1", "I"]);
});

test("the statements of one Query, and those up to one Sync, stand and fall together", async () => {
  await using gateway = await gatewayWithOrders();
  await using client = await gateway.connect();
  await sql(client, "CREATE TEMP TABLE t (a int)");

  expect(await sql(client, "INSERT INTO t VALUES (1); SELECT 1 / 0 FROM t")).toEqual([
    "INSERT 0 1",
    "ERROR 22012",
    "I",
  ]);
  expect(await sql(client, "SELECT count(*) FROM t")).toEqual(["0", "SELECT 1", "I"]);

  const insert = [parse("INSERT INTO t VALUES (2)"), bind(), execute()];
  const fail = [parse("SELECT nothing FROM t"), bind(), execute()];
  expect(await say(client, ...insert, ...fail, sync())).toEqual(["INSERT 0 1", "ERROR 42703", "I"]);
  expect(await sql(client, "SELECT count(*) FROM t")).toEqual(["0", "SELECT 1", "I"]);
  expect(await say(client, ...insert, ...insert, sync())).toEqual([
    "INSERT 0 1",
    "INSERT 0 1",
    "I",
  ]);
  expect(await sql(client, "SELECT count(*) FROM t")).toEqual(["2", "SELECT 1", "I"]);
});

test("a savepoint before the first change undoes it; one behind changes is refused by name", async () => {
  await using gateway = await gatewayWithOrders();
  await using client = await gateway.connect();
  await sql(client, "CREATE TEMP TABLE t (a int)");

  await sql(client, "BEGIN; SAVEPOINT s; INSERT INTO t VALUES (1)");
  expect(await sql(client, "SELECT nothing FROM t")).toEqual(["ERROR 42703", "E"]);
  expect(await sql(client, "ROLLBACK TO s")).toEqual(["ROLLBACK", "T"]);
  expect(await sql(client, "SELECT count(*) FROM t")).toEqual(["0", "SELECT 1", "T"]);
  await sql(client, "INSERT INTO t VALUES (1); SAVEPOINT s2");
  expect(await sql(client, "SELECT nothing FROM orders")).toEqual(["ERROR 42703", "E"]);
  expect(await sql(client, "ROLLBACK TO s2")).toEqual(["ROLLBACK", "T"]);
  await sql(client, "INSERT INTO t VALUES (2)");
  expect(await sql(client, "ROLLBACK TO s2")).toEqual(["ERROR 0A000", "E"]);
  expect(await sql(client, "ROLLBACK")).toEqual(["ROLLBACK", "I"]);
});

test("a suspended portal over a changed table goes on beside other statements", async () => {
  await using gateway = await gatewayWithOrders();
  await using client = await gateway.connect();
  await sql(client, "BEGIN");
  await sql(client, "CREATE TEMP TABLE t AS SELECT i FROM generate_series(1, 20000) AS s(i)");

  const first = await say(
    client,
    parse("SELECT i FROM t ORDER BY i"),
    bind({ portal: "p" }),
    execute("p", 3),
    sync(),
  );
  expect(first).toEqual(["1", "2", "3", "T"]);
  expect(await sql(client, "INSERT INTO t VALUES (0)")).toEqual(["INSERT 0 1", "T"]);
  expect(await sql(client, "DELETE FROM t WHERE i > 10")).toEqual(["DELETE 19990", "T"]);

  const rest = await say(client, execute("p", 0), sync());
  expect(rest).toHaveLength(20_000 - 3 + 2);
  expect(rest.slice(0, 2)).toEqual(["4", "5"]);
  expect(rest.at(-2)).toBe("SELECT 19997");
  expect(await sql(client, "SELECT count(*) FROM t")).toEqual(["11", "SELECT 1", "T"]);
  await say(client, parse("SELECT i FROM t"), bind({ portal: "q" }), execute("q", 1), sync());
  expect(await sql(client, "ROLLBACK")).toEqual(["ROLLBACK", "I"]);
});

test("temporary tables are the session's own, and stand before files of the same name", async () => {
  await using gateway = await gatewayWithOrders();
  await using mine = await gateway.connect();
  await using other = await gateway.connect();

  await sql(mine, "CREATE TEMP TABLE secret (a int)");
  await sql(mine, "CREATE TEMP TABLE orders AS SELECT 'mine' AS name");
  await sql(
    mine,
    "CREATE TEMP VIEW both_of_them AS SELECT name FROM orders UNION ALL SELECT name FROM public.orders",
  );

  expect(await sql(mine, "SELECT name FROM orders")).toEqual(["mine", "SELECT 1", "I"]);
  expect(await sql(mine, "SELECT count(*) FROM public.orders")).toEqual(["3", "SELECT 1", "I"]);
  expect(await sql(mine, "SELECT count(*) FROM both_of_them")).toEqual(["4", "SELECT 1", "I"]);
  expect(await sql(other, "SELECT count(*) FROM orders")).toEqual(["3", "SELECT 1", "I"]);
  expect(await sql(other, "SELECT * FROM secret")).toEqual(["ERROR 42P01", "I"]);
  expect(await sql(other, "SELECT * FROM pg_temp.secret")).toEqual(["ERROR 42P01", "I"]);
  expect(await sql(other, "INSERT INTO secret VALUES (1)")).toEqual(["ERROR 42P01", "I"]);
  expect(await sql(mine, "DISCARD ALL")).toEqual(["DISCARD ALL", "I"]);
  expect(await sql(mine, "SELECT count(*) FROM orders")).toEqual(["3", "SELECT 1", "I"]);
});

test("what is no temporary table is refused as PostgreSQL would refuse it", async () => {
  await using gateway = await gatewayWithOrders();
  await using client = await gateway.connect();

  expect(await sql(client, "INSERT INTO orders VALUES (4)")).toEqual(["ERROR 25006", "I"]);
  expect(await sql(client, "DROP TABLE orders")).toEqual(["ERROR 25006", "I"]);
  expect(await sql(client, "CREATE TABLE t (a int)")).toEqual(["ERROR 25006", "I"]);
  expect(await sql(client, "UPDATE nowhere SET a = 1")).toEqual(["ERROR 42P01", "I"]);
  expect(await sql(client, "CREATE TEMP TABLE public.t (a int)")).toEqual(["ERROR 42P16", "I"]);
  expect(await sql(client, "DROP TABLE IF EXISTS nowhere")).toEqual([
    'NOTICE 00000 table "nowhere" does not exist, skipping',
    "DROP TABLE",
    "I",
  ]);
  await sql(client, "CREATE TEMP TABLE t (a int NOT NULL UNIQUE CHECK (a > 0))");
  expect(await sql(client, "CREATE TEMP TABLE t (a int)")).toEqual(["ERROR 42P07", "I"]);
  expect(await sql(client, "CREATE TEMP TABLE IF NOT EXISTS t (b int)")).toEqual([
    'NOTICE 42P07 relation "t" already exists, skipping',
    "CREATE TABLE",
    "I",
  ]);
  expect(await sql(client, "INSERT INTO t VALUES (NULL)")).toEqual(["ERROR 23502", "I"]);
  expect(await sql(client, "INSERT INTO t VALUES (1), (1)")).toEqual(["ERROR 23505", "I"]);
  expect(await sql(client, "INSERT INTO t VALUES (-1)")).toEqual(["ERROR 23514", "I"]);
  expect(await sql(client, "INSERT INTO t VALUES ('x')")).toEqual(["ERROR 22P02", "I"]);
  expect(await sql(client, "DROP VIEW t")).toEqual(["ERROR 42809", "I"]);
  expect(await sql(client, "INSERT INTO pg_class VALUES (1)")).toEqual(["ERROR 42501", "I"]);
});

test("ON COMMIT, columns that count, ALTER TABLE, indexes and upserts work", async () => {
  await using gateway = await gatewayWithOrders();
  await using client = await gateway.connect();

  await sql(client, "BEGIN");
  await sql(client, "CREATE TEMP TABLE d (a int) ON COMMIT DROP");
  await sql(client, "CREATE TEMP TABLE e (a int) ON COMMIT DELETE ROWS");
  await sql(client, "INSERT INTO e VALUES (1)");
  expect(await sql(client, "SELECT count(*) FROM e")).toEqual(["1", "SELECT 1", "T"]);
  await sql(client, "COMMIT");
  expect(await sql(client, "SELECT count(*) FROM e")).toEqual(["0", "SELECT 1", "I"]);
  expect(await sql(client, "SELECT * FROM d")).toEqual(["ERROR 42P01", "I"]);

  await sql(client, "CREATE TEMP TABLE t (id serial PRIMARY KEY, k text UNIQUE)");
  expect(await sql(client, "INSERT INTO t (k) VALUES ('a'), ('b') RETURNING id")).toEqual([
    "1",
    "2",
    "INSERT 0 2",
    "I",
  ]);
  expect(
    await sql(
      client,
      "INSERT INTO t VALUES (9, 'a') ON CONFLICT (k) DO UPDATE SET k = excluded.k || '2'",
    ),
  ).toEqual(["INSERT 0 1", "I"]);
  expect(await sql(client, "CREATE INDEX ON t (k)")).toEqual(["CREATE INDEX", "I"]);
  expect(await sql(client, "ANALYZE t")).toEqual(["ANALYZE", "I"]);
  await sql(client, "CREATE TEMP TABLE u (a int)");
  expect(await sql(client, "ALTER TABLE u ADD COLUMN b text DEFAULT 'x'")).toEqual([
    "ALTER TABLE",
    "I",
  ]);
  expect(
    await sql(client, "ALTER TABLE u RENAME COLUMN a TO c; ALTER TABLE u RENAME TO v"),
  ).toEqual(["ALTER TABLE", "ALTER TABLE", "I"]);
  await sql(client, "INSERT INTO v (c) VALUES (5)");
  await sql(client, "INSERT INTO v VALUES (7)");
  expect(await sql(client, "DELETE FROM v WHERE c = 7 RETURNING b")).toEqual([
    "x",
    "DELETE 1",
    "I",
  ]);
  expect(await sql(client, "SELECT c / 2, b FROM v")).toEqual(["2|x", "SELECT 1", "I"]);
  expect(await sql(client, "SELECT k FROM t ORDER BY id")).toEqual(["a2", "b", "SELECT 2", "I"]);
});
