import pg from "pg";
// @ts-expect-error The package has no types of its own.
import Cursor from "pg-cursor";
import QueryStream from "pg-query-stream";
import { expect, test } from "vitest";
import { startGateway } from "../support/gateway.ts";

const ORDERS =
  "id,customer,total,placed\n1,ann,9.50,2024-01-31\n2,bob,10.25,2024-02-29\n3,ann,0.75,2024-03-01\n";

async function connected(url: string): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

test("a query with parameters answers typed rows", async () => {
  await using gateway = await startGateway({ tables: { orders: ORDERS } });
  await using client = await connected(gateway.url);

  const { rows, fields, rowCount } = await client.query(
    "SELECT id, total, placed::text FROM orders WHERE customer = $1 AND total > $2 ORDER BY id",
    ["ann", 0.5],
  );

  expect(rows).toEqual([
    { id: "1", total: "9.50", placed: "2024-01-31" },
    { id: "3", total: "0.75", placed: "2024-03-01" },
  ]);
  expect(fields.map(({ name, dataTypeID }) => [name, dataTypeID])).toEqual([
    ["id", 20],
    ["total", 1700],
    ["placed", 25],
  ]);
  expect(rowCount).toBe(2);
});

test("a named statement is prepared once and run with other values", async () => {
  await using gateway = await startGateway({ tables: { orders: ORDERS } });
  await using client = await connected(gateway.url);
  const named = { name: "by-id", text: "SELECT customer FROM orders WHERE id = $1" };

  const first = await client.query({ ...named, values: [1] });
  const second = await client.query({ ...named, values: [2] });

  expect([first.rows, second.rows]).toEqual([[{ customer: "ann" }], [{ customer: "bob" }]]);
});

test("results in binary are what the driver reads", async () => {
  await using gateway = await startGateway({ tables: { orders: ORDERS } });
  await using client = await connected(gateway.url);

  const { rows } = await client.query({
    text: "SELECT id, customer FROM orders ORDER BY id",
    values: [],
    binary: true,
  } as pg.QueryConfig);

  expect(rows).toEqual([
    { id: "1", customer: "ann" },
    { id: "2", customer: "bob" },
    { id: "3", customer: "ann" },
  ]);
});

test("a cursor reads page by page", async () => {
  await using gateway = await startGateway();
  await using client = await connected(gateway.url);
  const cursor = client.query(new Cursor("SELECT i FROM range(10) AS r(i)"));

  const pages = [
    await cursor.read(4),
    await cursor.read(4),
    await cursor.read(4),
    await cursor.read(4),
  ];
  await cursor.close();

  expect(pages.map((page) => page.length)).toEqual([4, 4, 2, 0]);
  expect((await client.query("SELECT count(*) AS n FROM range(3)")).rows).toEqual([{ n: "3" }]);
});

test("a stream reads a million rows without holding them", async () => {
  await using gateway = await startGateway();
  await using client = await connected(gateway.url);
  let sum = 0;

  for await (const row of client.query(
    new QueryStream("SELECT i::int AS i FROM range(1000000) AS r(i)", [], { batchSize: 5_000 }),
  )) {
    sum += row.i;
  }

  expect(sum).toBe((1_000_000 * 999_999) / 2);
});

test("an error has the code and the position, and the client goes on", async () => {
  await using gateway = await startGateway({ tables: { orders: ORDERS } });
  await using client = await connected(gateway.url);

  await expect(client.query("SELECT missing FROM orders WHERE id = $1", [1])).rejects.toMatchObject(
    {
      code: "42703",
      position: "8",
    },
  );
  expect((await client.query("SELECT count(*) FROM orders")).rows).toEqual([{ count: "3" }]);
});

test("a pool of ten connections answers a hundred queries at once", async () => {
  await using gateway = await startGateway({ tables: { orders: ORDERS } });
  const pool = new pg.Pool({ connectionString: gateway.url, max: 10 });
  // A connection may still be closing when the gateway shuts down.
  pool.on("error", () => undefined);

  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      pool.query("SELECT total FROM orders WHERE id = $1", [(index % 3) + 1]),
    ),
  );
  await pool.end();

  const expected = ["9.50", "10.25", "0.75"];
  expect(answers.map(({ rows }) => rows[0].total)).toEqual(
    answers.map((_, index) => expected[index % 3]),
  );
});

test("the tables are listed by information_schema", async () => {
  await using gateway = await startGateway({
    tables: { orders: ORDERS },
    views: { big: "SELECT * FROM orders WHERE total > 5" },
  });
  await using client = await connected(gateway.url);

  const { rows } = await client.query(
    "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1",
  );

  expect(rows).toEqual([
    { table_name: "big", table_type: "VIEW" },
    { table_name: "orders", table_type: "BASE TABLE" },
  ]);
});
