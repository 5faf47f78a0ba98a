import { expect, test } from "vitest";
import { bind, close, describe, execute, flush, parse, query, sync } from "../support/frontend.ts";
import { startGateway } from "../support/gateway.ts";

const READY = { type: "ReadyForQuery", transactionStatus: "I" };
const ORDERS = "id,customer,total\n1,ann,9.50\n2,bob,10.25\n3,ann,0.75\n";

test("a statement is described before it is bound, and bound before it is run", async () => {
  await using gateway = await startGateway({ tables: { orders: ORDERS } });
  await using client = await gateway.connect();

  client.send(
    parse("SELECT id FROM orders WHERE customer = $1 ORDER BY id", { name: "by_customer" }),
    describe("S", "by_customer"),
    bind({ statement: "by_customer", values: ["ann"] }),
    execute(),
    sync(),
  );

  expect(await client.untilReady()).toEqual([
    { type: "ParseComplete" },
    { type: "ParameterDescription", oids: [25] },
    {
      type: "RowDescription",
      fields: [expect.objectContaining({ name: "id", typeOid: 20, typeSize: 8 })],
    },
    { type: "BindComplete" },
    { type: "DataRow", values: ["1"] },
    { type: "DataRow", values: ["3"] },
    { type: "CommandComplete", tag: "SELECT 2" },
    READY,
  ]);
});

test("an untyped parameter takes the type of what it is compared with", async () => {
  await using gateway = await startGateway({ tables: { orders: ORDERS } });
  await using client = await gateway.connect();

  client.send(parse("SELECT total + $2 FROM orders WHERE id = $1"), describe("S"), sync());

  expect((await client.untilReady())[1]).toEqual({
    type: "ParameterDescription",
    oids: [20, 1700],
  });
});

test("a row limit suspends the portal, which goes on until its rows are used up", async () => {
  await using gateway = await startGateway({ tables: { orders: ORDERS } });
  await using client = await gateway.connect();

  client.send(
    query("BEGIN"),
    parse("SELECT id FROM orders ORDER BY id"),
    bind({ portal: "p" }),
    execute("p", 2),
    execute("p", 2),
    execute("p", 2),
    sync(),
  );

  await client.untilReady();
  expect(await client.untilReady()).toEqual([
    { type: "ParseComplete" },
    { type: "BindComplete" },
    { type: "DataRow", values: ["1"] },
    { type: "DataRow", values: ["2"] },
    { type: "PortalSuspended" },
    { type: "DataRow", values: ["3"] },
    { type: "CommandComplete", tag: "SELECT 1" },
    { type: "CommandComplete", tag: "SELECT 0" },
    { type: "ReadyForQuery", transactionStatus: "T" },
  ]);
});

test("a suspended portal survives other statements of its transaction", async () => {
  await using gateway = await startGateway({ tables: { orders: ORDERS } });
  await using client = await gateway.connect();

  client.send(query("BEGIN"));
  await client.untilReady();
  client.send(
    parse("SELECT id FROM orders ORDER BY id"),
    bind({ portal: "p" }),
    execute("p", 1),
    sync(),
  );
  await client.untilReady();
  client.send(query("SELECT count(*) FROM orders"));
  await client.untilReady();
  client.send(execute("p", 5), sync());

  expect(await client.untilReady()).toEqual([
    { type: "DataRow", values: ["2"] },
    { type: "DataRow", values: ["3"] },
    { type: "CommandComplete", tag: "SELECT 2" },
    { type: "ReadyForQuery", transactionStatus: "T" },
  ]);
});

test("a portal ends with its transaction", async () => {
  await using gateway = await startGateway({ tables: { orders: ORDERS } });
  await using client = await gateway.connect();

  client.send(parse("SELECT id FROM orders"), bind({ portal: "p" }), execute("p", 1), sync());
  await client.untilReady();
  client.send(execute("p", 1), sync());

  expect(await client.untilReady()).toEqual([
    expect.objectContaining({
      type: "ErrorResponse",
      code: "34000",
      message: 'portal "p" does not exist',
    }),
    READY,
  ]);
});

test("after an error in Parse the client hears nothing more until Sync", async () => {
  await using gateway = await startGateway({ tables: { orders: ORDERS } });
  await using client = await gateway.connect();

  client.send(parse("selec 1"), bind(), describe("P"), execute(), sync(), sync());

  expect(await client.untilReady()).toEqual([
    expect.objectContaining({ type: "ErrorResponse", code: "42601", position: 1 }),
    READY,
  ]);
  expect(await client.untilReady()).toEqual([READY]);
});

test("a pipeline goes on behind the Sync of the batch that failed", async () => {
  await using gateway = await startGateway({ tables: { orders: ORDERS } });
  await using client = await gateway.connect();

  client.send(
    parse("SELECT id FROM orders WHERE id = 1"),
    bind(),
    execute(),
    sync(),
    parse("SELECT wrong FROM orders"),
    bind(),
    execute(),
    sync(),
    parse("SELECT id FROM orders WHERE id = 3"),
    bind(),
    execute(),
    sync(),
  );

  expect((await client.untilReady())[2]).toEqual({ type: "DataRow", values: ["1"] });
  expect(await client.untilReady()).toMatchObject([
    { type: "ErrorResponse", code: "42703" },
    READY,
  ]);
  expect((await client.untilReady())[2]).toEqual({ type: "DataRow", values: ["3"] });
});

test("Flush sends what is there without ending the batch", async () => {
  await using gateway = await startGateway({ tables: { orders: ORDERS } });
  await using client = await gateway.connect();

  client.send(parse("SELECT id FROM orders WHERE id = 2"), describe("S"), flush());

  expect(await client.next()).toEqual({ type: "ParseComplete" });
  expect(await client.next()).toEqual({ type: "ParameterDescription", oids: [] });
  expect(await client.next()).toMatchObject({ type: "RowDescription" });
  client.send(bind(), execute(), sync());
  expect((await client.untilReady())[1]).toEqual({ type: "DataRow", values: ["2"] });
});

test("results come in binary where Bind asks for it", async () => {
  await using gateway = await startGateway({ tables: { t: { content: "i,n\n258,12.5\n" } } });
  await using client = await gateway.connect();

  client.send(
    parse("SELECT i, n FROM t"),
    bind({ resultFormats: [1, 0] }),
    describe("P"),
    execute(),
    sync(),
  );

  const messages = await client.untilReady();
  expect(messages[2]).toMatchObject({ fields: [{ format: 1 }, { format: 0 }] });
  expect(messages[3]).toEqual({ type: "DataRow", values: ["\0\0\0\0\0\0\x01\x02", "12.5"] });
});

test("parameters come in binary, too", async () => {
  await using gateway = await startGateway({ tables: { orders: ORDERS } });
  await using client = await gateway.connect();
  const three = Buffer.from([0, 0, 0, 3]);

  client.send(
    parse("SELECT customer FROM orders WHERE id = $1", { oids: [23] }),
    bind({ values: [three], parameterFormats: [1] }),
    execute(),
    sync(),
  );

  expect((await client.untilReady())[2]).toEqual({ type: "DataRow", values: ["ann"] });
});

test.each([
  ["bind message supplies 0 parameters", [bind({ statement: "s" })], "08P01"],
  ['prepared statement "nope" does not exist', [bind({ statement: "nope" })], "26000"],
  ['portal "nope" does not exist', [execute("nope")], "34000"],
  ['prepared statement "s" already exists', [parse("SELECT 1", { name: "s" })], "42P05"],
  [
    'invalid input syntax for type bigint: "abc"',
    [bind({ statement: "s", values: ["abc"] }), execute()],
    "22P02",
  ],
  ["cannot insert multiple commands", [parse("SELECT 1; SELECT 2")], "42601"],
])("%s is an error of its own", async (message, batch, code) => {
  await using gateway = await startGateway({ tables: { orders: ORDERS } });
  await using client = await gateway.connect();
  client.send(parse("SELECT id FROM orders WHERE id = $1", { name: "s" }), sync());
  await client.untilReady();

  client.send(...batch, sync());

  const messages = await client.untilReady();
  const error = messages.find(({ type }) => type === "ErrorResponse");
  expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  expect(messages.at(-1)).toEqual(READY);
});

test("closing what does not exist is no error", async () => {
  await using gateway = await startGateway();
  await using client = await gateway.connect();

  client.send(close("S", "nothing"), close("P", "nothing"), sync());

  expect(await client.untilReady()).toEqual([
    { type: "CloseComplete" },
    { type: "CloseComplete" },
    READY,
  ]);
});

test("commands that return no rows are described as such", async () => {
  await using gateway = await startGateway();
  await using client = await gateway.connect();

  client.send(parse("BEGIN"), describe("S"), bind(), describe("P"), execute(), sync());

  expect(await client.untilReady()).toEqual([
    { type: "ParseComplete" },
    { type: "ParameterDescription", oids: [] },
    { type: "NoData" },
    { type: "BindComplete" },
    { type: "NoData" },
    { type: "CommandComplete", tag: "BEGIN" },
    { type: "ReadyForQuery", transactionStatus: "T" },
  ]);
});

test("PREPARE and Parse share their names", async () => {
  await using gateway = await startGateway({ tables: { orders: ORDERS } });
  await using client = await gateway.connect();

  client.send(
    query("PREPARE p (int8) AS SELECT customer FROM orders WHERE id = $1; EXECUTE p(1 + 1)"),
  );
  expect((await client.untilReady())[2]).toEqual({ type: "DataRow", values: ["bob"] });
  client.send(bind({ statement: "p", values: ["3"] }), execute(), sync());

  expect((await client.untilReady())[1]).toEqual({ type: "DataRow", values: ["ann"] });
});

test("portals end with their transaction, also in front of Sync", async () => {
  await using gateway = await startGateway({ tables: { orders: ORDERS } });
  await using client = await gateway.connect();
  client.send(query("BEGIN"));
  await client.untilReady();

  client.send(
    parse("SELECT id FROM orders", { name: "s" }),
    bind({ portal: "p", statement: "s" }),
    parse("COMMIT"),
    bind(),
    execute(),
    execute("p"),
    sync(),
  );

  expect((await client.untilReady()).slice(-3)).toEqual([
    { type: "CommandComplete", tag: "COMMIT" },
    expect.objectContaining({ type: "ErrorResponse", code: "34000" }),
    READY,
  ]);
});

test("parameters that do not occur need a declared type, and are bound all the same", async () => {
  await using gateway = await startGateway({ tables: { orders: ORDERS } });
  await using client = await gateway.connect();

  client.send(
    parse("SELECT id FROM orders WHERE total = $4 AND id = $2", { oids: [23, 0, 25] }),
    describe("S"),
    bind({ values: ["7", "2", "unused", "10.25"] }),
    execute(),
    sync(),
  );
  expect((await client.untilReady()).slice(1)).toMatchObject([
    { type: "ParameterDescription", oids: [23, 20, 25, 1700] },
    { type: "RowDescription" },
    { type: "BindComplete" },
    { type: "DataRow", values: ["2"] },
    { type: "CommandComplete", tag: "SELECT 1" },
    READY,
  ]);

  client.send(parse("SELECT id FROM orders WHERE id = $2"), sync());
  expect(await client.untilReady()).toMatchObject([
    { type: "ErrorResponse", code: "42P18" },
    READY,
  ]);
});

test("a parameter of a type that cannot exist is refused as PostgreSQL refuses it, at no cost to others", async () => {
  await using gateway = await startGateway({ tables: { orders: ORDERS } });
  await using client = await gateway.connect();
  client.send(query("SELECT pg_backend_pid() IS NOT NULL, count(*) > 0 FROM pg_class"));
  await client.untilReady();

  client.send(parse("SELECT $1", { oids: [999_999] }), sync());

  expect(await client.untilReady()).toMatchObject([
    { type: "ErrorResponse", code: "XX000", message: "cache lookup failed for type 999999" },
    READY,
  ]);
});
