import { afterAll, expect, test } from "vitest";
import { type Database, openDatabase } from "../../../src/duckdb/database.ts";
import type { RowStream } from "../../../src/duckdb/row-stream.ts";
import { RowSpool, type SpoolRange } from "../../../src/engine-process/row-spool.ts";

const databases: Database[] = [];
afterAll(() => databases.forEach((database) => database.close()));

async function spoolOf(query: string): Promise<{ spool: RowSpool; database: Database }> {
  const database = await openDatabase({ path: ":memory:" });
  databases.push(database);
  const connection = await database.connect();
  const source = await (await connection.prepare(query)).stream();
  const spool = await RowSpool.create(() => database.connect(), source.columns);
  await spool.drain(source);
  return { spool, database };
}

async function firstColumn(spool: RowSpool, range: SpoolRange): Promise<number[]> {
  const stream: RowStream = await spool.read(range);
  const values: number[] = [];
  for (;;) {
    const chunk = await stream.next();
    if (chunk === undefined) return values;
    const data = chunk.vector(0).data(8);
    for (let row = 0; row < chunk.rowCount; row += 1)
      values.push(Number(data.getBigInt64(row * 8, true)));
  }
}

const upTo = (start: number, end: number): number[] =>
  Array.from({ length: end - start }, (_, index) => start + index);

test("a spool gives back the rows of a stream in their order, from anywhere and backwards", async () => {
  const { spool } = await spoolOf("SELECT range, 'row ' || range FROM range(300000)");

  expect(spool.rowCount).toBe(300_000);
  expect(await firstColumn(spool, { start: 0 })).toEqual(upTo(0, 300_000));
  expect(await firstColumn(spool, { start: 122_870, end: 122_890 })).toEqual(
    upTo(122_870, 122_890),
  );
  expect(await firstColumn(spool, { start: 4_000, end: 9_000, backward: true })).toEqual(
    upTo(4_000, 9_000).toReversed(),
  );
  await spool.close();
});

test("a reading that is left behind does not disturb the next one, nor the spool's end", async () => {
  const { spool, database } = await spoolOf("SELECT range FROM range(200000)");

  await (await spool.read({ start: 0 })).next();

  expect(await firstColumn(spool, { start: 5, end: 8 })).toEqual([5, 6, 7]);
  await spool.close();
  const connection = await database.connect();
  const catalogs = await connection.rows("SELECT database_name FROM duckdb_databases()");
  expect(catalogs.flat().filter((name) => String(name).startsWith("spool"))).toEqual([]);
});

test("values of every kind of type survive", async () => {
  const { spool } = await spoolOf(
    `SELECT 1::BIGINT, 1.50::DECIMAL(12,2), [1, NULL], {'a': 1, 'b': 'x'}, MAP {'k': 2}, NULL,
       'a'::ENUM('a', 'b'), '\\xAB'::BLOB, TIMESTAMPTZ '2024-01-01 00:00:00+00', INTERVAL 3 DAY, '101'::BIT,
       '{"a": 1}'::JSON, uuid() , 170141183460469231731687303715884105727::HUGEINT, DATE 'infinity'`,
  );

  expect(await firstColumn(spool, { start: 0 })).toEqual([1]);
  await spool.close();
});
