import fc from "fast-check";
import { expect, test } from "vitest";
import { commonType } from "../../../src/loader/parquet-types.ts";
import { parseDuckdbType } from "../../../src/pgtypes/duckdb-type-text.ts";
import { loadParquet, parquet } from "./load-parquet.ts";

test.each(["'x'::VARCHAR", "7::INTEGER"])(
  "bytes beside %s are text, and what is none is listed",
  async (other) => {
    const table = await loadParquet({
      "a.parquet": await parquet(`SELECT ${other} AS v`),
      "b.parquet": await parquet(
        "SELECT unnest(['\\xFF\\xFE'::BLOB, '\\x00a'::BLOB, 'good'::BLOB, NULL]) AS v",
      ),
    });
    expect(table.columns).toEqual(["v VARCHAR"]);
    expect(table.rows.slice(1)).toEqual([[null], [null], ["good"], [null]]);
    expect(table.rejects).toEqual([
      "b.parquet:1 v \\xfffe: is no text in UTF-8, or holds a zero byte",
      "b.parquet:2 v \\x0061: is no text in UTF-8, or holds a zero byte",
    ]);
  },
);

test("a zero byte is in no text that is declared", async () => {
  const table = await loadParquet(
    await parquet("SELECT '\\x00a'::BLOB AS bytes, 'a' || chr(0) AS t"),
    { columns: { bytes: { type: "text" }, t: { type: "varchar(3)" } } },
  );
  expect(table.rows).toEqual([[null, null]]);
  expect(table.rejects.toSorted()).toEqual([
    "a.parquet:1 bytes \\x0061: does not fit type text",
    "a.parquet:1 t a\\0: does not fit type varchar(3)",
  ]);
});

test("a list, struct or map with a zero byte in a text is NULL, and is listed", async () => {
  const table = await loadParquet(
    await parquet(`SELECT ['a' || chr(0)] AS list, {'x': ['b' || chr(0)]} AS struct,
        MAP {'c' || chr(0): 1} AS map, ['d' || chr(0)] AS doc
      UNION ALL SELECT ['\\u0000'], {'x': ['\\\\u0000']}, MAP {'c': 1}, ['d']
      UNION ALL SELECT NULL, NULL, NULL, NULL`),
    { columns: { doc: { type: "json" } } },
  );
  expect(table.rows).toEqual([
    [null, null, null, null],
    ["[\\u0000]", "{'x': [\\\\u0000]}", "{c=1}", '["d"]'],
    [null, null, null, null],
  ]);
  const why = "holds a zero byte, which no text can hold";
  expect(table.rejects.toSorted()).toEqual([
    `a.parquet:1 doc ["d\\u0000"]: ${why}`,
    `a.parquet:1 list ["a\\u0000"]: ${why}`,
    `a.parquet:1 map {"c\\u0000":1}: ${why}`,
    `a.parquet:1 struct {"x":["b\\u0000"]}: ${why}`,
  ]);
});

test("a struct among texts and numbers makes the column json, however many files there are", async () => {
  const table = await loadParquet({
    "a.parquet": await parquet("SELECT {'x': 1} AS v"),
    "b.parquet": await parquet("SELECT 2 AS v"),
    "c.parquet": await parquet("SELECT 3 AS v"),
    "d.parquet": await parquet("SELECT unnest(['y', 'z' || chr(0)]) AS v"),
  });
  expect(table.columns).toEqual(["v JSON"]);
  expect(table.rows).toEqual([['{"x":1}'], ["2"], ["3"], ['"y"'], [null]]);
  expect(table.rejects).toEqual([
    'd.parquet:2 v "z\\u0000": holds a zero byte, which no text can hold',
  ]);
});

test("the type of several files depends neither on their order nor on their number", () => {
  const types = ["TINYINT", "UINTEGER", "BIGINT", "UBIGINT", "HUGEINT", "FLOAT", "DOUBLE"]
    .concat(["DECIMAL(12,2)", "DECIMAL(38,0)", "VARCHAR", "JSON", "BLOB", "DATE", "TIMESTAMP"])
    .concat(["INTEGER[]", "STRUCT(x INTEGER)"])
    .flatMap((text) => parseDuckdbType(text) ?? []);
  const some = fc.subarray(types, { minLength: 1 });
  const shuffled = some.chain((these) =>
    fc.tuple(
      fc.constant(these),
      fc.shuffledSubarray([...these, ...these], {
        minLength: these.length * 2,
        maxLength: these.length * 2,
      }),
    ),
  );
  fc.assert(
    fc.property(shuffled, ([these, again]) => {
      expect(commonType(again)).toEqual(commonType(these));
    }),
    { numRuns: 500 },
  );
});

test("a decimal keeps its scale as text, and whole ones fit integers", async () => {
  const table = await loadParquet(
    await parquet(
      `SELECT n AS t, n AS v, 12.00::DECIMAL(12,2) AS i, 12.00::DECIMAL(12,2) AS d, 1.0::DOUBLE AS f, 1.0::DOUBLE AS b
       FROM (SELECT unnest([12.00, 12.50])::DECIMAL(12,2) AS n)`,
    ),
    {
      columns: {
        t: { type: "text" },
        v: { type: "varchar(9)" },
        i: { type: "bigint" },
        d: { type: "numeric" },
        f: { type: "numeric" },
        b: { type: "boolean" },
      },
    },
  );
  expect(table.rows).toEqual([
    ["12.00", "12.00", "12", expect.stringMatching(/^12(\.00)?$/), "1", "true"],
    ["12.50", "12.50", "12", expect.stringMatching(/^12(\.00)?$/), "1", "true"],
  ]);
  expect(table.rejects).toEqual([]);
  const mixed = await loadParquet({
    "a.parquet": await parquet("SELECT unnest([12.00, 12.50])::DECIMAL(12,2) AS v"),
    "b.parquet": await parquet("SELECT 'x' AS v"),
  });
  expect(mixed.rows).toEqual([["12.00"], ["12.50"], ["x"]]);
});

test.each([
  ["TIME_NS '10:00:00.123456%s'"],
  ["[TIMESTAMP_NS '2024-01-01 00:00:00.123456%s']"],
  ["{'a': [TIME_NS '10:00:00.123456%s']}"],
  ["MAP {'k': TIMESTAMP_NS '2024-01-01 00:00:00.123456%s'}"],
])("nanoseconds in %j are warned of where they are cut", async (value) => {
  const query = (digits: string) => parquet(`SELECT ${value.replace("%s", digits)} AS v`);
  expect((await loadParquet(await query("000"))).warnings).toEqual([]);
  const cut = await loadParquet(await query("789"));
  expect(cut.warnings).toEqual(['column "v" has nanoseconds, which are cut to microseconds']);
  const kept = await loadParquet(await query("789"), { columns: { v: { type: "text" } } });
  expect(kept.rows[0]?.[0]).toContain("123456789");
  expect(kept.warnings).toEqual([]);
});
