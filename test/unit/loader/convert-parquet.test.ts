import { expect, test } from "vitest";
import { loadParquet as load, parquet } from "./load-parquet.ts";

test("columns have the types that the file gives them", async () => {
  const table = await load(
    await parquet(`SELECT 1::INTEGER AS "Order ID", 12.50::DECIMAL(12,2) AS total, [1, 2] AS list,
      {'x': 1, 'y': 'z'} AS struct, MAP {'a': 1} AS map, 'p'::ENUM('p', 'q') AS kind,
      TIMESTAMPTZ '2024-02-29 12:00:00+02' AS at, TIMESTAMP '2024-02-29 12:00:00.5' AS local,
      DATE '2024-02-29' AS day, true AS ok, 1.5::DOUBLE AS share, 18446744073709551615::UBIGINT AS big,
      '\\xAB'::BLOB AS bytes, '{"a":1}'::JSON AS doc, '01' AS zip`),
  );
  expect(table.columns).toEqual([
    "order_id INTEGER",
    "total DECIMAL(12,2)",
    "list INTEGER[]",
    "struct STRUCT(x INTEGER, y VARCHAR)",
    "map MAP(VARCHAR, INTEGER)",
    "kind VARCHAR",
    "at TIMESTAMP WITH TIME ZONE",
    "local TIMESTAMP",
    "day DATE",
    "ok BOOLEAN",
    "share DOUBLE",
    "big UBIGINT",
    "bytes BLOB",
    "doc JSON",
    "zip VARCHAR",
  ]);
  expect(table.rows[0]?.slice(0, 7)).toEqual([
    "1",
    "12.50",
    "[1, 2]",
    "{'x': 1, 'y': z}",
    "{a=1}",
    "p",
    "2024-02-29 10:00:00+00",
  ]);
  expect(table.warnings).toEqual([]);
});

test("a timestamp in nanoseconds is one in microseconds, with a warning if that loses digits", async () => {
  const whole = await load(await parquet("SELECT TIMESTAMP_NS '2024-01-01 00:00:00.123456' AS t"));
  expect(whole.columns).toEqual(["t TIMESTAMP"]);
  expect(whole.warnings).toEqual([]);

  const finer = await load(
    await parquet("SELECT TIMESTAMP_NS '2024-01-01 00:00:00.123456789' AS t"),
  );
  expect(finer.rows).toEqual([["2024-01-01 00:00:00.123456"]]);
  expect(finer.warnings).toEqual(['column "t" has nanoseconds, which are cut to microseconds']);
});

test("declared columns are read by the rules of CSV, with rejects by row", async () => {
  const table = await load(
    await parquet(`SELECT * FROM (VALUES
      (1.0::DOUBLE, '7', 10::BIGINT, 1.239::DOUBLE, 'abc', [1]),
      (2.5, 'x', 20, 1.5, 'abcd', [2])) AS t(id, n, b, d, s, l)`),
    {
      columns: {
        id: { type: "bigint" },
        n: { type: "integer", name: "number" },
        b: { type: "bigint" },
        d: { type: "numeric(10,2)" },
        s: { type: "varchar(3)" },
        l: { type: "json" },
      },
    },
  );
  expect(table.columns).toEqual([
    "id BIGINT",
    "number INTEGER",
    "b BIGINT",
    "d DECIMAL(10,2)",
    "s VARCHAR",
    "l JSON",
  ]);
  expect(table.rows).toEqual([
    ["1", "7", "10", null, "abc", "[1]"],
    [null, null, "20", "1.50", null, "[2]"],
  ]);
  expect(table.rejects.toSorted()).toEqual([
    "a.parquet:1 d 1.239: does not fit type numeric(10,2)",
    "a.parquet:2 id 2.5: does not fit type bigint",
    "a.parquet:2 number x: does not fit type integer",
    "a.parquet:2 s abcd: does not fit type varchar(3)",
  ]);
});

test("on_bad_value: fail names the first bad row", async () => {
  const file = await parquet("SELECT * FROM (VALUES ('1'), ('x'), ('y')) AS t(n)");
  const settings = { columns: { n: { type: "int" } }, onBadValue: "fail" } as const;
  await expect(load(file, settings)).rejects.toMatchObject({
    sqlstate: "22P02",
    message: 'invalid input syntax for type int: "x" (file "a.parquet", row 2, column "n")',
  });
});

test("several files are one table by their column names, in types that hold all values", async () => {
  const table = await load({
    "year=2023/a.parquet": await parquet(
      "SELECT 1::INTEGER AS id, 1.5::DECIMAL(4,1) AS n, 'x' AS c, 1 AS v, DATE '2024-01-01' AS d",
    ),
    "year=2024/b.parquet": await parquet(
      "SELECT 'y' AS c, 3000000000 AS id, 2.25::DECIMAL(10,2) AS n, [1] AS v, TIMESTAMP '2024-01-02 03:04:05' AS d, true AS more",
    ),
  });
  expect(table.columns).toEqual([
    "id BIGINT",
    "n DECIMAL(10,2)",
    "c VARCHAR",
    "v JSON",
    "d TIMESTAMP",
    "more BOOLEAN",
  ]);
  expect(table.rows).toEqual([
    ["1", "1.50", "x", "1", "2024-01-01 00:00:00", null],
    ["3000000000", "2.25", "y", "[1]", "2024-01-02 03:04:05", "true"],
  ]);
  expect(table.warnings).toContain('column "id" is integer and bigint in its files: it is bigint');
});

test("bigint in one file and double in another is double, and what that would change is listed", async () => {
  const table = await load({
    "a.parquet": await parquet("SELECT unnest([1, 9007199254740993]) AS id"),
    "b.parquet": await parquet("SELECT unnest([1.0::DOUBLE, NULL]) AS id"),
  });
  expect(table.columns).toEqual(["id DOUBLE"]);
  expect(table.rows).toEqual([["1.0"], [null], ["1.0"], [null]]);
  expect(table.rejects).toEqual([
    "a.parquet:2 id 9007199254740993: is beyond 2^53, and other files hold the column as double precision",
  ]);
});

test("a text with a zero byte is NULL, and is listed", async () => {
  const table = await load(await parquet("SELECT 'a' || chr(0) || 'b' AS t UNION ALL SELECT 'c'"));
  expect(table.rows).toEqual([[null], ["c"]]);
  expect(table.rejects).toEqual(["a.parquet:1 t a\\0b: holds a zero byte, which no text can hold"]);
});

test("hidden columns are left out, and unknown ones are an error with the names", async () => {
  const file = await parquet("SELECT 1 AS a, 2 AS b");
  expect((await load(file, { columns: { b: { hidden: true } } })).columns).toEqual(["a INTEGER"]);
  await expect(load(file, { columns: { c: { type: "int" } } })).rejects.toMatchObject({
    message: 'the source has no column "c"',
    hint: expect.stringContaining('"a", "b"'),
  });
});

test("what is no Parquet file, cut off, encrypted or damaged is an error that names it", async () => {
  const good = await parquet("SELECT range AS id, 'text' || range AS t FROM range(10000)");
  await expect(load(Buffer.from("id,total\n1,2\n"))).rejects.toMatchObject({
    sqlstate: "22P04",
    message: 'file "a.parquet" is not a Parquet file',
  });
  await expect(load(Buffer.alloc(0))).rejects.toMatchObject({
    message: 'file "a.parquet" is not a Parquet file',
  });
  for (const bytes of [4, 10, 20_000, good.length - 1]) {
    await expect(load(good.subarray(0, bytes))).rejects.toMatchObject({
      message: 'file "a.parquet" is a Parquet file without its end',
    });
  }
  const locked = await parquet("SELECT 1 AS a", "0123456789012345");
  await expect(load(locked)).rejects.toMatchObject({
    sqlstate: "0A000",
    message: 'file "a.parquet" is an encrypted Parquet file',
  });
  const damaged = Buffer.from(good);
  damaged.fill(0xff, 4, 2_000);
  await expect(load(damaged)).rejects.toMatchObject({
    sqlstate: "22P04",
    message: 'file "a.parquet" cannot be read as Parquet',
  });
});
