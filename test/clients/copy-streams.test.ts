import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Client } from "pg";
import { from, to } from "pg-copy-streams";
import { expect, test } from "vitest";
import { startGateway } from "../support/gateway.ts";

test("pg-copy-streams copies into a temporary table and out of it", async () => {
  await using gateway = await startGateway();
  const client = new Client({ connectionString: gateway.url });
  await client.connect();
  await client.query("CREATE TEMPORARY TABLE t (id bigint, name text, total numeric(10,2))");
  const lines = Array.from({ length: 5000 }, (_, id) => `${id},"name, ${id}",${id}.5\n`);

  const sink = client.query(from("COPY t FROM STDIN (FORMAT csv)"));
  await pipeline(Readable.from(lines), sink);
  const chunks: Buffer[] = [];
  const source = client.query(to("COPY (SELECT * FROM t ORDER BY id) TO STDOUT (FORMAT csv)"));
  for await (const chunk of source) chunks.push(chunk);

  expect(sink.rowCount).toBe(5000);
  expect(Buffer.concat(chunks).toString()).toBe(
    lines.map((line) => line.replace(/\.5\n/, ".50\n")).join(""),
  );
  await client.end();
});

test("pg-copy-streams hears of a wrong value, and a stream that breaks off leaves nothing", async () => {
  await using gateway = await startGateway();
  const client = new Client({ connectionString: gateway.url });
  await client.connect();
  await client.query("CREATE TEMPORARY TABLE t (id bigint)");

  const wrong = pipeline(Readable.from(["1\n", "x\n"]), client.query(from("COPY t FROM STDIN")));
  await expect(wrong).rejects.toMatchObject({
    code: "22P02",
    where: 'COPY t, line 2, column id: "x"',
  });
  const broken = client.query(from("COPY t FROM STDIN"));
  broken.write("1\n");
  const left = new Promise((resolve) => broken.once("close", resolve));
  broken.destroy(new Error("no more"));
  broken.on("error", () => undefined);
  await left;

  const { rows } = await client.query("SELECT count(*)::int AS count FROM t");
  expect(rows).toEqual([{ count: 0 }]);
  await client.end();
});
