import { afterAll, beforeAll, expect, test } from "vitest";
import type { BackendMessage } from "../support/backend.ts";
import {
  bind,
  close,
  copyData,
  copyDone,
  execute,
  parse,
  query,
  sync,
} from "../support/frontend.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import type { WireClient } from "../support/wire-client.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ tables: { orders: "id\n1\n2\n" } });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const answers = (messages: readonly BackendMessage[]): string[] =>
  messages.flatMap((message) => {
    if (message.type === "DataRow")
      return [(message["values"] as (string | null)[]).map((one) => one ?? "NULL").join("|")];
    if (message.type === "CommandComplete") return [String(message["tag"])];
    return message.type === "ErrorResponse" ? [`ERROR ${String(message["code"])}`] : [];
  });

async function sql(client: WireClient, text: string): Promise<string[]> {
  client.send(query(text));
  return answers(await client.untilReady());
}

test("a query that fills the table it reads does not see its own rows", async () => {
  await using client = await gateway.connect();
  await sql(client, "CREATE TEMP TABLE t (a int); CREATE TEMP VIEW v AS SELECT a FROM t");

  expect(await sql(client, "INSERT INTO t SELECT 5 UNION ALL SELECT a FROM t")).toEqual([
    "INSERT 0 1",
  ]);
  expect(await sql(client, "INSERT INTO t SELECT 6 UNION ALL SELECT a + 10 FROM v")).toEqual([
    "INSERT 0 2",
  ]);
  expect(
    await sql(
      client,
      "WITH x AS (SELECT * FROM t) INSERT INTO t SELECT 7 UNION ALL SELECT a FROM x",
    ),
  ).toEqual(["INSERT 0 4"]);
});

test("quoted literals are read as PostgreSQL reads values of the column's type", async () => {
  await using client = await gateway.connect();
  await sql(
    client,
    "CREATE TEMP TABLE t (i int, d date, b boolean, f float8, l int[], z timestamptz)",
  );

  expect(
    await sql(
      client,
      "INSERT INTO t VALUES ('7', '0044-03-15 BC', 'on', '1e3', '{1,2}', '2024-01-01 00:00:00 Europe/Berlin')",
    ),
  ).toEqual(["INSERT 0 1"]);
  expect(await sql(client, "SELECT i, d, b, f, l, z FROM t")).toEqual([
    "7|0044-03-15 BC|t|1000|{1,2}|2023-12-31 23:00:00+00",
    "SELECT 1",
  ]);
  expect(await sql(client, "INSERT INTO t (i) VALUES ('1.5')")).toEqual(["ERROR 22P02"]);
  expect(await sql(client, "UPDATE t SET d = '0050-01-02 BC', b = 'off'")).toEqual(["UPDATE 1"]);
  expect(await sql(client, "SELECT d, b FROM t")).toEqual(["0050-01-02 BC|f", "SELECT 1"]);
  expect(await sql(client, "DELETE FROM t RETURNING 'word' AS i")).toEqual(["word", "DELETE 1"]);
});

test("closing a suspended portal leaves the transaction's connection to the next statement", async () => {
  await using client = await gateway.connect();
  await sql(client, "CREATE TEMP TABLE t AS SELECT i FROM generate_series(1, 50000) AS s(i)");
  await sql(client, "CREATE TEMP TABLE u (a int)");

  for (let round = 0; round < 40; round += 1) {
    await sql(client, "BEGIN; INSERT INTO u VALUES (1)");
    client.send(
      parse("SELECT i, repeat('x', 100) FROM t, u"),
      bind({ portal: "p" }),
      execute("p", 1),
      close("P", "p"),
      parse("SELECT count(*) FROM u"),
      bind(),
      execute(),
      sync(),
    );
    const seen = answers(await client.untilReady()).filter((one) => !one.includes("x"));
    expect(seen).toEqual([String(round + 1), "SELECT 1"]);
    expect(await sql(client, "COMMIT")).toEqual(["COMMIT"]);
  }
});

test("COPY into columns with defaults leaves tables alone whose names look like its own", async () => {
  await using client = await gateway.connect();
  await sql(
    client,
    `CREATE TEMP TABLE t (a int, b int DEFAULT 7); CREATE TEMP TABLE "t copied" (x int)`,
  );

  client.send(query("COPY t (a) FROM STDIN"));
  expect((await client.next())?.type).toBe("CopyInResponse");
  client.send(copyData("1\n2\n"), copyDone());
  expect(answers(await client.untilReady())).toEqual(["COPY 2"]);
  expect(await sql(client, `SELECT * FROM t; SELECT * FROM "t copied"`)).toEqual([
    "1|7",
    "2|7",
    "SELECT 2",
    "SELECT 0",
  ]);
  client.send(query("COPY t FROM STDIN"));
  expect((await client.next())?.type).toBe("CopyInResponse");
  client.send(copyData("3\t4\nbad\t5\n"), copyDone());
  expect(answers(await client.untilReady())).toEqual(["ERROR 22P02"]);
  expect(await sql(client, "SELECT count(*) FROM t")).toEqual(["2", "SELECT 1"]);
});

test("a duplicate key in COPY says so", async () => {
  await using client = await gateway.connect();
  await sql(client, "CREATE TEMP TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (3)");

  client.send(query("COPY t FROM STDIN"));
  expect((await client.next())?.type).toBe("CopyInResponse");
  client.send(copyData("1\n3\n"), copyDone());

  expect(answers(await client.untilReady())).toEqual(["ERROR 23505"]);
});

test("hints name nothing that belongs to another session", async () => {
  await using mine = await gateway.connect();
  await using other = await gateway.connect();
  await sql(mine, "CREATE TEMP TABLE secret_salaries (a int)");

  for (const text of ["SELECT * FROM secret_salarie", "FROM secret_salarie", "SELECT * FROM row"]) {
    other.send(query(text));
    const error = (await other.untilReady()).find(({ type }) => type === "ErrorResponse");
    expect(String(error?.["hint"])).not.toMatch(/t\d+_|spool|secret_salaries/);
  }
});

test("views over views count for the tables that stand behind them", async () => {
  await using client = await gateway.connect();
  await sql(client, "CREATE TEMP VIEW v0 AS SELECT id AS a FROM orders");
  const made: string[] = [];
  for (let level = 1; level < 8; level += 1) {
    const below = `v${level - 1}`;
    made.push(
      ...(await sql(
        client,
        `CREATE TEMP VIEW v${level} AS SELECT x.a FROM ${below} x JOIN ${below} y USING (a)`,
      )),
    );
  }

  expect(made.slice(0, 3)).toEqual(["CREATE VIEW", "CREATE VIEW", "CREATE VIEW"]);
  expect(made).toContain("ERROR 54001");
  expect(await sql(client, "FROM v3 SELECT count(*)")).toEqual(["2", "SELECT 1"]);
  expect(await sql(client, "FROM v3, v3 b, v3 c SELECT count(*)")).toEqual(["ERROR 54001"]);
});

test("a list that is too long is refused before it is parsed", async () => {
  await using client = await gateway.connect();
  const items = (count: number): string => Array.from({ length: count }, () => "1").join(",");

  expect(await sql(client, `SELECT id FROM orders WHERE id IN (${items(50_000)})`)).toEqual([
    "1",
    "SELECT 1",
  ]);
  expect(await sql(client, `SELECT id FROM orders WHERE id IN (${items(300_000)})`)).toEqual([
    "ERROR 54001",
  ]);
});
