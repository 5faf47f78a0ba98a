import { expect, test } from "vitest";
import type { BackendMessage } from "../support/backend.ts";
import { query } from "../support/frontend.ts";
import { startGateway } from "../support/gateway.ts";
import type { WireClient } from "../support/wire-client.ts";

/** Rows, tags and SQLSTATEs of one Query. */
async function sql(client: WireClient, text: string): Promise<string[]> {
  client.send(query(text));
  return (await client.untilReady()).flatMap((message: BackendMessage) => {
    if (message.type === "DataRow") return [(message["values"] as string[]).join("|")];
    if (message.type === "CommandComplete") return [String(message["tag"])];
    return message.type === "ErrorResponse" ? [`ERROR ${String(message["code"])}`] : [];
  });
}

const NUMBERS = "CREATE TEMP TABLE t AS SELECT i FROM generate_series(1, 5000) AS s(i)";

test("a cursor shows a temporary table as it was when it was declared, whatever changes", async () => {
  await using gateway = await startGateway({ tables: { orders: "id\n1\n" } });
  await using client = await gateway.connect();

  await sql(client, `BEGIN; ${NUMBERS}`);
  await sql(client, "DECLARE plain CURSOR FOR SELECT i FROM t ORDER BY i");
  await sql(client, "DECLARE back SCROLL CURSOR FOR SELECT i FROM t ORDER BY i");
  expect(await sql(client, "FETCH 2 FROM plain")).toEqual(["1", "2", "FETCH 2"]);
  expect(await sql(client, "FETCH LAST FROM back")).toEqual(["5000", "FETCH 1"]);
  await sql(client, "DELETE FROM t WHERE i > 3");
  expect(await sql(client, "FETCH 2 FROM plain")).toEqual(["3", "4", "FETCH 2"]);
  expect(await sql(client, "FETCH BACKWARD 2 FROM back")).toEqual(["4999", "4998", "FETCH 2"]);
  await sql(client, "DROP TABLE t");
  expect(await sql(client, "FETCH 2 FROM plain")).toEqual(["5", "6", "FETCH 2"]);
  expect(await sql(client, "FETCH FIRST FROM back")).toEqual(["1", "FETCH 1"]);
  expect(await sql(client, "MOVE ALL FROM plain")).toEqual(["MOVE 4994"]);
  await sql(client, "ROLLBACK");
  expect(await sql(client, "FETCH FROM plain")).toEqual(["ERROR 34000"]);
});

test("a cursor WITH HOLD over a table of its own transaction outlives the commit", async () => {
  await using gateway = await startGateway({ tables: { orders: "id\n1\n" } });
  await using client = await gateway.connect();

  await sql(client, `BEGIN; ${NUMBERS}`);
  await sql(client, "DECLARE h CURSOR WITH HOLD FOR SELECT i FROM t ORDER BY i");
  await sql(client, "DECLARE s SCROLL CURSOR WITH HOLD FOR SELECT i FROM t ORDER BY i DESC");
  expect(await sql(client, "FETCH 1 FROM h")).toEqual(["1", "FETCH 1"]);
  expect(await sql(client, "COMMIT")).toEqual(["COMMIT"]);
  await sql(client, "TRUNCATE t");
  expect(await sql(client, "FETCH 2 FROM h")).toEqual(["2", "3", "FETCH 2"]);
  expect(await sql(client, "FETCH 2 FROM s")).toEqual(["5000", "4999", "FETCH 2"]);
  expect(await sql(client, "FETCH PRIOR FROM s")).toEqual(["5000", "FETCH 1"]);
  await sql(client, "DROP TABLE t");
  expect(await sql(client, "FETCH ABSOLUTE -1 FROM s; CLOSE h; CLOSE ALL")).toEqual([
    "1",
    "FETCH 1",
    "CLOSE CURSOR",
    "CLOSE CURSOR ALL",
  ]);
});
