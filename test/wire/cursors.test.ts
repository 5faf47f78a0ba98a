import { expect, test } from "vitest";
import type { BackendMessage } from "../support/backend.ts";
import { bind, close, describe, execute, parse, query, sync } from "../support/frontend.ts";
import { startGateway } from "../support/gateway.ts";
import type { WireClient } from "../support/wire-client.ts";

const NUMBERS = `n\n${Array.from({ length: 10 }, (_, index) => index + 1).join("\n")}\n`;

/** Everything that comes back for a Query: values of rows, tags, and codes of errors. */
async function ask(client: WireClient, sql: string): Promise<readonly unknown[]> {
  client.send(query(sql));
  return answersIn(await client.untilReady());
}

function answersIn(messages: readonly BackendMessage[]): readonly unknown[] {
  return messages.flatMap((message): readonly unknown[] => {
    switch (message.type) {
      case "DataRow":
        return [(message["values"] as readonly unknown[])[0]];
      case "CommandComplete":
        return [message["tag"]];
      case "ErrorResponse":
        return [`${String(message["code"])} ${String(message["message"])}`];
      case "RowDescription":
      case "ReadyForQuery":
        return [];
      default:
        return [message.type];
    }
  });
}

test("a cursor needs a transaction block, and ends with it", async () => {
  await using gateway = await startGateway({ tables: { t: NUMBERS } });
  await using client = await gateway.connect();
  const declare = "DECLARE c CURSOR FOR SELECT n FROM t ORDER BY n";

  expect(await ask(client, declare)).toEqual([
    "25P01 DECLARE CURSOR can only be used in transaction blocks",
  ]);
  expect(await ask(client, `${declare}; FETCH 2 FROM c`)).toEqual([
    "DECLARE CURSOR",
    "1",
    "2",
    "FETCH 2",
  ]);
  await ask(client, "BEGIN");
  await ask(client, declare);
  expect(await ask(client, declare)).toEqual(['42P03 cursor "c" already exists']);
  await ask(client, "ROLLBACK");
  for (const end of ["COMMIT", "ROLLBACK", "COMMIT AND CHAIN"]) {
    expect(await ask(client, `BEGIN; ${declare}; ${end}; FETCH c`)).toContain(
      '34000 cursor "c" does not exist',
    );
    await ask(client, "ROLLBACK");
  }
});

test("a cursor and a portal are one thing for SQL and for the protocol", async () => {
  await using gateway = await startGateway({ tables: { t: NUMBERS } });
  await using client = await gateway.connect();
  await ask(client, "BEGIN; DECLARE c CURSOR FOR SELECT n FROM t ORDER BY n");

  client.send(describe("P", "c"), execute("c", 2), sync());
  const [description, ...rest] = await client.untilReady();
  expect(description).toMatchObject({ type: "RowDescription", fields: [{ name: "n" }] });
  expect(answersIn(rest)).toEqual(["1", "2", "PortalSuspended"]);
  expect(await ask(client, "FETCH 2 FROM c")).toEqual(["3", "4", "FETCH 2"]);
  client.send(execute("c"), execute("c"), close("P", "c"), sync());
  expect(answersIn(await client.untilReady())).toEqual([
    "5",
    "6",
    "7",
    "8",
    "9",
    "10",
    "SELECT 6",
    "SELECT 0",
    "CloseComplete",
  ]);

  client.send(parse("SELECT n FROM t ORDER BY n"), bind({ portal: "p" }), execute("p", 3), sync());
  expect(answersIn(await client.untilReady()).slice(2)).toEqual(["1", "2", "3", "PortalSuspended"]);
  expect(await ask(client, "FETCH p")).toEqual(["4", "FETCH 1"]);
  expect(await ask(client, "MOVE FORWARD ALL IN p")).toEqual(["MOVE 6"]);
  expect(await ask(client, "CLOSE p")).toEqual(["CLOSE CURSOR"]);
  client.send(execute("p"), sync());
  expect(answersIn(await client.untilReady())).toEqual(['34000 portal "p" does not exist']);
});

test("FETCH describes itself as its cursor, and has the formats of its own Bind", async () => {
  const rows = Array.from({ length: 3_000 }, (_, index) => index + 1);
  await using gateway = await startGateway({ tables: { t: `n\n${rows.join("\n")}\n` } });
  await using client = await gateway.connect();
  const fetched = (sql: string, format: number): readonly Buffer[] => [
    parse(sql),
    describe("S"),
    bind({ resultFormats: [format] }),
    describe("P"),
    execute(),
    sync(),
  ];
  for (const scroll of ["NO SCROLL", "SCROLL"]) {
    await ask(
      client,
      `BEGIN; DECLARE c ${scroll} CURSOR FOR SELECT n::int4 AS n FROM t ORDER BY n`,
    );
    await ask(client, "MOVE 2 IN c");

    client.send(...fetched("FETCH 1 FROM c", 1));
    const binary = await client.untilReady();
    client.send(...fetched("FETCH 2040 FROM c", 0));
    const text = await client.untilReady();
    client.send(...fetched("FETCH 10 FROM c", 1));
    const binaryAgain = await client.untilReady();

    const described = binary.filter(({ type }) => type === "RowDescription");
    expect(described.map(({ fields }) => (fields as { format: number }[])[0]?.format)).toEqual([
      0, 1,
    ]);
    expect(binary).toContainEqual({ type: "DataRow", values: ["\0\0\0\u0003"] });
    expect(answersIn(text).slice(3, -1)).toEqual(rows.slice(3, 2043).map(String));
    // 2,044 to 2,053: across DuckDB's chunks of 2,048 rows.
    expect(answersIn(binaryAgain).slice(3, -1)).toHaveLength(10);
    expect(await ask(client, "FETCH c")).toEqual(["2054", "FETCH 1"]);
    await ask(client, "ROLLBACK");
  }
});

test("a BINARY cursor answers in binary where nobody has asked otherwise", async () => {
  await using gateway = await startGateway({ tables: { t: NUMBERS } });
  await using client = await gateway.connect();

  client.send(
    query(
      "BEGIN; DECLARE b BINARY CURSOR FOR SELECT n::int2 AS n FROM t ORDER BY n; FETCH b; COMMIT",
    ),
  );
  const messages = await client.untilReady();

  expect(messages).toContainEqual({ type: "DataRow", values: ["\0\u0001"] });
  expect(messages).toContainEqual({
    type: "RowDescription",
    fields: [expect.objectContaining({ format: 1 })],
  });
});

test("an Execute with a limit takes a part of a FETCH", async () => {
  await using gateway = await startGateway({ tables: { t: NUMBERS } });
  await using client = await gateway.connect();
  await ask(client, "BEGIN; DECLARE c SCROLL CURSOR FOR SELECT n FROM t ORDER BY n; MOVE LAST c");

  client.send(
    parse("FETCH BACKWARD 3 FROM c"),
    bind({ portal: "f" }),
    execute("f", 2),
    execute("f", 2),
    sync(),
  );

  expect(answersIn(await client.untilReady()).slice(2)).toEqual([
    "9",
    "8",
    "PortalSuspended",
    "7",
    "FETCH 1",
  ]);
});

test("a DECLARE has the parameters of its query", async () => {
  await using gateway = await startGateway({ tables: { t: NUMBERS } });
  await using client = await gateway.connect();
  await ask(client, "BEGIN");
  for (const scroll of ["", "SCROLL"]) {
    client.send(
      parse(`DECLARE c ${scroll} CURSOR FOR SELECT n FROM t WHERE n > $1 ORDER BY n`),
      describe("S"),
      bind({ values: ["7"] }),
      execute(),
      sync(),
    );
    expect((await client.untilReady())[1]).toEqual({ type: "ParameterDescription", oids: [20] });

    expect(await ask(client, "FETCH ALL c; CLOSE c")).toEqual([
      "8",
      "9",
      "10",
      "FETCH 3",
      "CLOSE CURSOR",
    ]);
  }
  expect(await ask(client, "DECLARE c CURSOR FOR SELECT $1")).toEqual([
    "42P02 there is no parameter $1",
  ]);
});

test("cursors of system catalogs move in both directions and formats", async () => {
  await using gateway = await startGateway();
  await using client = await gateway.connect();
  await ask(
    client,
    "BEGIN; DECLARE c SCROLL CURSOR FOR SELECT typname, oid FROM pg_type WHERE oid IN (16, 17, 18) ORDER BY oid",
  );

  expect(await ask(client, "FETCH 2 c")).toEqual(["bool", "bytea", "FETCH 2"]);
  client.send(parse("FETCH PRIOR c"), bind({ resultFormats: [0, 1] }), execute(), sync());
  expect(await client.untilReady()).toContainEqual({
    type: "DataRow",
    values: ["bool", "\0\0\0\u0010"],
  });
  expect(await ask(client, "FETCH LAST c; FETCH BACKWARD ALL c; FETCH NEXT c")).toEqual([
    "char",
    "FETCH 1",
    "bytea",
    "bool",
    "FETCH 2",
    "bool",
    "FETCH 1",
  ]);
});
