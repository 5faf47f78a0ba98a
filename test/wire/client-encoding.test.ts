import { afterAll, beforeAll, expect, test } from "vitest";
import { bind, execute, flush, message, parse, query, sync } from "../support/frontend.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import type { WireClient } from "../support/wire-client.ts";

/** The tests only read it. */
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ tables: { cities: "id,name\n1,Köln\n2,Málaga\n3,Łódź\n" } });
});
afterAll(() => gateway[Symbol.asyncDispose]());

/** A Query whose text is in LATIN1. */
function latin1Query(sql: string): Buffer {
  return message("Q", Buffer.from(`${sql}\0`, "latin1"));
}

/** Values of rows as the bytes that came, one character each. */
async function bytesOf(client: WireClient): Promise<readonly unknown[]> {
  const messages = await client.untilReady();
  return messages.map((one) => one["rawValues"] ?? one["code"]).filter((one) => one !== undefined);
}

async function inLatin1(): Promise<WireClient> {
  return gateway.connect({ client_encoding: "latin-1" });
}

test("a session in LATIN1 sends and gets its text in that encoding", async () => {
  await using client = await inLatin1();

  client.send(
    latin1Query("SELECT name, length(name), 'é' AS \"ü\" FROM cities WHERE name = 'Köln'"),
  );

  const messages = await client.untilReady();
  expect(messages[0]).toMatchObject({
    fields: [{}, {}, { name: Buffer.from("ü", "latin1").toString() }],
  });
  expect(messages[1]?.["rawValues"]).toEqual(["K\xf6ln", "4", "\xe9"]);
});

test("a character that LATIN1 lacks fails the statement behind the rows in front of it", async () => {
  await using client = await inLatin1();

  client.send(
    query("SELECT name FROM cities ORDER BY id"),
    query("SELECT 1 AS one FROM cities LIMIT 1"),
  );

  const messages = await client.untilReady();
  expect(messages.filter(({ type }) => type === "DataRow")).toHaveLength(2);
  expect(messages.at(-2)).toMatchObject({
    type: "ErrorResponse",
    severity: "ERROR",
    code: "22P05",
    message:
      'character with byte sequence 0xc5 0x81 in encoding "UTF8" has no equivalent in encoding "LATIN1"',
  });
  expect(await bytesOf(client)).toEqual([["1"]]);
});

test("parameters and binary values of text are converted, and other binary values are not", async () => {
  await using client = await inLatin1();
  const name = Buffer.from("Köln", "latin1");

  client.send(
    parse("SELECT name, octet_length(name), id + 233 FROM cities WHERE name = $1 OR name = $2", {
      oids: [25, 25],
    }),
    bind({ values: [name, name], parameterFormats: [0, 1], resultFormats: [1, 1, 1] }),
    execute(),
    sync(),
  );

  const row = (await client.untilReady()).find(({ type }) => type === "DataRow");
  const [text, length, sum] = (row?.["rawValues"] ?? []) as string[];
  expect(text).toBe("K\xf6ln");
  expect(Buffer.from(length ?? "", "latin1").at(-1)).toBe(5);
  expect(Buffer.from(sum ?? "", "latin1").at(-1)).toBe(234);
});

test("the encoding changes with SET, with the statement behind it, and back with a rollback", async () => {
  await using client = await gateway.connect();
  const first = "SELECT name FROM cities WHERE id = 1";

  client.send(query(`BEGIN; SET client_encoding TO 'LATIN1'; ${first}`));
  const messages = await client.untilReady();
  client.send(query("ROLLBACK"));
  const after = await client.untilReady();
  client.send(query(first));

  expect(messages).toContainEqual({
    type: "ParameterStatus",
    name: "client_encoding",
    value: "LATIN1",
  });
  expect(messages.find(({ type }) => type === "DataRow")?.["rawValues"]).toEqual(["K\xf6ln"]);
  expect(after).toContainEqual({ type: "ParameterStatus", name: "client_encoding", value: "UTF8" });
  expect(await bytesOf(client)).toEqual([[Buffer.from("Köln").toString("latin1")]]);
});

test("SQL_ASCII hands UTF-8 through, and refuses what is none", async () => {
  await using client = await gateway.connect({ client_encoding: "sql_ascii" });

  client.send(query("SELECT name FROM cities WHERE name = 'Köln'"));
  expect(await bytesOf(client)).toEqual([[Buffer.from("Köln").toString("latin1")]]);
  client.send(latin1Query("SELECT 'é'"));
  expect(await bytesOf(client)).toEqual(["22021"]);
});

test("an error that LATIN1 cannot say is told as PostgreSQL tells it", async () => {
  await using client = await inLatin1();

  client.send(query("SELECT U&'\\20AC'::int"));

  expect(await bytesOf(client)).toEqual(["22P05"]);
});

test("COPY in text is converted, and in binary format refused", async () => {
  await using client = await inLatin1();

  client.send(query("COPY (SELECT name FROM cities WHERE id = 1) TO STDOUT"));
  const copied = await client.untilReady();
  client.send(query("COPY (SELECT name FROM cities WHERE id = 1) TO STDOUT (FORMAT binary)"));

  expect(copied.find(({ type }) => type === "CopyData")?.["data"]).toEqual(
    Buffer.from("K\xf6ln\n", "latin1"),
  );
  expect(await bytesOf(client)).toEqual(["0A000"]);
});

test("other encodings are refused with those that there are", async () => {
  await using client = await gateway.connect();

  client.send(query("SET client_encoding TO 'LATIN9'"), flush());

  expect((await client.untilReady())[0]).toMatchObject({
    code: "0A000",
    message: 'client_encoding "LATIN9" is not supported',
    hint: "Text is sent and read in UTF8, LATIN1 or SQL_ASCII, which is UTF-8 without conversion.",
  });
});
