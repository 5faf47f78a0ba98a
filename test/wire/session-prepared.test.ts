import { afterAll, beforeAll, expect, test } from "vitest";
import { bind, describe, execute, parse, query, sync } from "../support/frontend.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import type { WireClient } from "../support/wire-client.ts";

const TABLES = { t: "a,b\n1,x\n2,y\n" };

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ tables: TABLES });
});
afterAll(() => gateway[Symbol.asyncDispose]());

async function run(client: WireClient, ...messages: readonly (Buffer | string)[]) {
  client.send(...messages.map((one) => (typeof one === "string" ? query(one) : one)));
  return await client.untilReady();
}

test("what PREPARE has named can be described and bound in the protocol", async () => {
  await using client = await gateway.connect();
  await run(client, "PREPARE p(bigint) AS SELECT b FROM t WHERE a = $1");

  const messages = await run(
    client,
    describe("S", "p"),
    bind({ statement: "p", values: ["2"] }),
    execute(),
    sync(),
  );

  expect(messages).toContainEqual({ type: "ParameterDescription", oids: [20] });
  expect(messages).toContainEqual({ type: "DataRow", values: ["y"] });
});

test("what Parse has named can be executed and deallocated in SQL", async () => {
  await using client = await gateway.connect();
  await run(client, parse("SELECT b FROM t WHERE a = $1", { name: "s" }), sync());

  expect(await run(client, "EXECUTE s(1)")).toContainEqual({ type: "DataRow", values: ["x"] });
  expect((await run(client, "PREPARE s AS SELECT 1"))[0]).toMatchObject({ code: "42P05" });
  await run(client, "DEALLOCATE s");
  expect((await run(client, bind({ statement: "s" }), sync()))[0]).toMatchObject({
    code: "26000",
  });
});

test("pg_prepared_statements lists both kinds, and DEALLOCATE ALL leaves none", async () => {
  await using client = await gateway.connect();
  await run(client, "PREPARE p(int, text) AS SELECT $1, $2");
  await run(client, parse("SELECT a FROM t", { name: "s" }), sync());
  const list =
    "SELECT name, statement, parameter_types, from_sql FROM pg_prepared_statements ORDER BY name";

  const rows = (await run(client, list)).filter(({ type }) => type === "DataRow");
  expect(rows.map(({ values }) => values)).toEqual([
    ["p", "PREPARE p(int, text) AS SELECT $1, $2", "{integer,text}", "t"],
    ["s", "SELECT a FROM t", "{}", "f"],
  ]);
  await run(client, "DEALLOCATE ALL");
  expect((await run(client, list)).filter(({ type }) => type === "DataRow")).toEqual([]);
});

test.each([
  ["p(1)", "42601", 'wrong number of parameters for prepared statement "p"'],
  ["p('x', 'y')", "22P02", 'invalid input syntax for type integer: "x"'],
  ["p((SELECT 1), 'y')", "0A000", "cannot use subquery in EXECUTE parameter"],
  ["p($1, 'y')", "42P02", "there is no parameter $1"],
  ["p(now(), 'y')", "42804", "cannot cast type timestamp with time zone to integer"],
  ["nope", "26000", 'prepared statement "nope" does not exist'],
])("EXECUTE %s is refused as PostgreSQL refuses it", async (call, code, message) => {
  await using client = await gateway.connect();
  await run(client, "PREPARE p(int, text) AS SELECT $1, $2");

  expect((await run(client, `EXECUTE ${call}`))[0]).toMatchObject({ code, message });
});

test("EXECUTE's arguments are expressions that are brought to their parameters' types", async () => {
  await using client = await gateway.connect();
  await run(client, "PREPARE p(int, text, int[]) AS SELECT $1, $2, $3");

  expect(await run(client, `EXECUTE p(1.6, upper('it''s "x"'), ARRAY[1, 1 + 1])`)).toContainEqual({
    type: "DataRow",
    values: ["2", `IT'S "X"`, "{1,2}"],
  });
});

test("a statement whose columns have changed since it was prepared is refused", async () => {
  await using gateway = await startGateway({
    tables: { t: "a\n1\n" },
    workspace: { refresh: "1h" },
  });
  await using client = await gateway.connect();
  await run(client, "PREPARE p AS SELECT * FROM t");
  await run(client, parse("SELECT * FROM t", { name: "s" }), sync());

  await gateway.write("t.csv", "a,b\nx,1\n");
  await run(client, "REFRESH MATERIALIZED VIEW t");

  const refused = { code: "0A000", message: "cached plan must not change result type" };
  expect((await run(client, "EXECUTE p"))[0]).toMatchObject(refused);
  const messages = await run(client, bind({ statement: "s" }), execute(), sync());
  expect(messages.find(({ type }) => type === "ErrorResponse")).toMatchObject(refused);
  expect(await run(client, "SELECT b FROM t")).toContainEqual({ type: "DataRow", values: ["1"] });
});

test("savepoints nest, hide others of their name, and bring back what SET has changed", async () => {
  await using client = await gateway.connect();
  const zone = async () =>
    (await run(client, "SHOW TimeZone")).find(({ type }) => type === "DataRow")?.["values"];
  await run(client, "BEGIN; SET TimeZone = 'Europe/Paris'; SAVEPOINT s");
  await run(client, "SET TimeZone = 'Asia/Tokyo'; SAVEPOINT s; SET TimeZone = 'Asia/Seoul'");

  expect(await run(client, "ROLLBACK TO s")).toContainEqual({
    type: "ParameterStatus",
    name: "TimeZone",
    value: "Asia/Tokyo",
  });
  await run(client, "SELECT 1/0");
  expect((await run(client, "SAVEPOINT x"))[0]).toMatchObject({ code: "25P02" });
  expect((await run(client, "RELEASE s"))[0]).toMatchObject({ code: "25P02" });
  await run(client, "ROLLBACK TO s; RELEASE s");
  expect(await zone()).toEqual(["Asia/Tokyo"]);
  await run(client, "ROLLBACK TO s");
  expect(await zone()).toEqual(["Europe/Paris"]);
  await run(client, "RELEASE s");
  expect((await run(client, "ROLLBACK TO s"))[0]).toMatchObject({ code: "3B001" });
  await run(client, "ROLLBACK");
  expect(await zone()).toEqual(["UTC"]);
});
