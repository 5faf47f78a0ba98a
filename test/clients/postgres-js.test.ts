import postgres from "postgres";
import { expect, test } from "vitest";
import { startGateway } from "../support/gateway.ts";

const ORDERS = "id,customer,total\n1,ann,9.50\n2,bob,10.25\n3,ann,0.75\n";

test("tagged queries, fragments and pipelining work", async () => {
  await using gateway = await startGateway({ tables: { orders: ORDERS } });
  const sql = postgres(gateway.url, { max: 2 });

  const [byName, counts, version] = await Promise.all([
    sql`SELECT id FROM orders WHERE customer = ${"ann"} ORDER BY id`,
    sql`SELECT customer, count(*)::int AS n FROM ${sql("orders")} GROUP BY 1 ORDER BY 1`,
    sql`SELECT version()`,
  ]);
  await sql.end();

  expect([...byName]).toEqual([{ id: "1" }, { id: "3" }]);
  expect([...counts]).toEqual([
    { customer: "ann", n: 2 },
    { customer: "bob", n: 1 },
  ]);
  expect(version[0]?.["version"]).toMatch(/^PostgreSQL 15\./);
});

test("a cursor goes through a portal with a row limit", async () => {
  await using gateway = await startGateway();
  const sql = postgres(gateway.url, { max: 1 });
  const sizes: number[] = [];

  await sql`SELECT i FROM range(250) AS r(i)`.cursor(100, (rows) => {
    sizes.push(rows.length);
  });
  await sql.end();

  expect(sizes).toEqual([100, 100, 50]);
});

test("a transaction that throws is rolled back and the connection goes on", async () => {
  await using gateway = await startGateway({ tables: { orders: ORDERS } });
  const sql = postgres(gateway.url, { max: 1 });

  await expect(
    sql.begin(async (transaction) => {
      await transaction`SELECT nothing FROM orders`;
    }),
  ).rejects.toMatchObject({ code: "42703" });
  const rows = await sql`SELECT count(*)::int AS n FROM orders`;
  await sql.end();

  expect(rows[0]?.["n"]).toBe(3);
});
