import { expect, test } from "vitest";
import type { BackendMessage } from "../support/backend.ts";
import { copyData, copyDone, query } from "../support/frontend.ts";
import { startGateway } from "../support/gateway.ts";
import type { WireClient } from "../support/wire-client.ts";

/** What one session does to the engine's process must not cost another its temporary tables. */

const codes = (messages: readonly BackendMessage[]): string[] =>
  messages.filter(({ type }) => type === "ErrorResponse").map(({ code }) => String(code));

async function sql(client: WireClient, text: string): Promise<string[]> {
  client.send(query(text));
  return codes(await client.untilReady());
}

test("a cursor that outgrows its workspace fails alone", async () => {
  await using gateway = await startGateway({
    tables: { t: "a\n1\n" },
    workspace: { limits: { memory: "200MB", temp_disk: "50MB" } },
  });
  await using client = await gateway.connect();
  await using other = await gateway.connect();
  await sql(other, "CREATE TEMP TABLE kept AS SELECT 1 AS a");

  const rows = "SELECT repeat('x', 2000) || g, random() FROM generate_series(1, 2000000) AS s(g)";
  const seen = await sql(client, `BEGIN; DECLARE c SCROLL CURSOR FOR ${rows}; FETCH LAST FROM c`);

  expect(seen).toEqual([expect.stringMatching(/^53[12]00$/)]);
  expect(await sql(client, "ROLLBACK; SELECT 1")).toEqual([]);
  expect(await sql(other, "SELECT * FROM kept")).toEqual([]);
}, 60_000);

test("a cancel finds a COPY whose data have all come", async () => {
  await using gateway = await startGateway({ tables: { t: "a\n1\n" } });
  await using client = await gateway.connect();
  await using other = await gateway.connect();
  await sql(other, "CREATE TEMP TABLE kept AS SELECT 1 AS a");
  await sql(client, "CREATE TEMP TABLE t (a int, b text DEFAULT repeat(md5(random()::text), 50))");
  const lines = Buffer.from(Array.from({ length: 100_000 }, (_, index) => `${index}\n`).join(""));
  client.send(query("COPY t (a) FROM STDIN"));
  expect((await client.next())?.type).toBe("CopyInResponse");
  client.send(...Array.from({ length: 15 }, () => copyData(lines)), copyDone());

  const answered = new AbortController();
  const answer = client.untilReady().finally(() => answered.abort());
  // Until it hits: before the end of the data it ends them, behind it what is done with them.
  while (!answered.signal.aborted) await client.cancel();

  expect(codes(await answer)).toEqual(["57014"]);
  expect(await sql(client, "SELECT * FROM t")).toEqual([]);
  expect(await sql(other, "SELECT * FROM kept")).toEqual([]);
}, 60_000);
