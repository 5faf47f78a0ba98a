import { expect, test } from "vitest";
import { query } from "../support/frontend.ts";
import { startGateway } from "../support/gateway.ts";
import type { WireClient } from "../support/wire-client.ts";

/** PostgreSQL documentation, COPY, "Binary Format": signature, no flags, no extension. */
const HEADER = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
const TRAILER = Buffer.from([0xff, 0xff]);

async function copied(client: WireClient, sql: string): Promise<unknown> {
  client.send(query(`COPY (${sql}) TO STDOUT (FORMAT binary)`));
  const messages = await client.untilReady();
  return messages.filter(({ type }) => type === "CopyData").map(({ data }) => data);
}

test("the header of a binary COPY comes in one message with the first row", async () => {
  await using gateway = await startGateway({
    tables: { t: { content: "i\n7\n8\n", columns: { i: { type: "integer" } } } },
  });
  await using client = await gateway.connect();

  const rows = [7, 8].map((value) => Buffer.from([0, 1, 0, 0, 0, 4, 0, 0, 0, value]));
  expect(await copied(client, "SELECT i FROM t ORDER BY i")).toEqual([
    Buffer.concat([HEADER, rows[0] ?? TRAILER]),
    rows[1],
    TRAILER,
  ]);
});

test("the header of a binary COPY without rows comes in one message with the trailer", async () => {
  await using gateway = await startGateway({ tables: { t: "i\n7\n" } });
  await using client = await gateway.connect();

  expect(await copied(client, "SELECT i FROM t WHERE i < 0")).toEqual([
    Buffer.concat([HEADER, TRAILER]),
  ]);
});

test("a first row as large as a page is whole behind the header", async () => {
  const text = "ä".repeat(100_000);
  await using gateway = await startGateway({ tables: { t: `s\n${text}\n` } });
  await using client = await gateway.connect();

  const bytes = Buffer.from(text);
  const start = Buffer.from([0, 1, 0, 0, 0, 0]);
  start.writeInt32BE(bytes.length, 2);
  expect(await copied(client, "SELECT s FROM t")).toEqual([
    Buffer.concat([HEADER, start, bytes]),
    TRAILER,
  ]);
});
