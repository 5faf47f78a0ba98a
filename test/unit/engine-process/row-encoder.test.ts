import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CodeCache, createRowEncoder } from "../../../src/engine-process/row-encoder.ts";
import { PageWriter } from "../../../src/engine-process/row-encoder-page.ts";
import {
  BINARY,
  dataRows,
  encodeQuery,
  openTestDatabase,
  TEXT,
  type TestDatabase,
} from "./encoding.ts";

const textRows = (bytes: Buffer) =>
  dataRows(bytes).map((cells) => cells.map((cell) => cell?.toString("utf8") ?? null));

/** The same rows as DuckDB itself casts them to text: another way to the same bytes. */
async function duckdbTextRows({ connection }: TestDatabase, sql: string) {
  return connection.rows(`SELECT COLUMNS(*)::VARCHAR FROM (${sql})`);
}

/** A table with NULLs, strings on both sides of the inline bound, and repeated values. */
const WIDE = `CREATE TABLE wide AS SELECT
    i::INTEGER AS id,
    CASE WHEN i % 7 <> 0 THEN repeat(chr((97 + i % 26)::INTEGER), (i % 40)::INTEGER) END AS letters,
    CASE WHEN i % 5 <> 0 THEN 'ünïcödé ' || i END AS words,
    CASE WHEN i % 3 = 0 THEN 'a constant that is not inline' END AS constant,
    CASE WHEN i % 11 <> 0 THEN repeat('long ', 1 + (i * 37 % 400)::INTEGER) END AS long,
    (i * 7919 % 1000)::INTEGER AS shuffled,
    ('x' || (i % 4))::VARCHAR AS kind
  FROM range(4500) AS r(i)`;

describe("strings come out whole", () => {
  test.each([
    ["from storage", "SELECT * FROM wide ORDER BY id"],
    ["sorted by another column", "SELECT * FROM wide ORDER BY shuffled, id"],
    ["sorted backwards by the strings", "SELECT long, words FROM wide ORDER BY long DESC, id"],
    [
      "joined",
      "SELECT a.words, b.long, a.constant FROM wide a JOIN wide b ON a.id = b.shuffled ORDER BY a.id, b.id",
    ],
    [
      "left joined",
      "SELECT a.id, b.words FROM wide a LEFT JOIN wide b ON a.id = b.id AND b.id % 2 = 0 ORDER BY a.id",
    ],
    [
      "grouped",
      "SELECT letters, max(long), min(words) FROM wide GROUP BY letters ORDER BY letters",
    ],
    [
      "as constants",
      "SELECT 'a constant, longer than twelve' AS c, 'short' AS s, NULL AS n FROM wide",
    ],
    ["filtered", "SELECT words, long FROM wide WHERE shuffled % 17 = 3 ORDER BY id"],
    ["computed", "SELECT upper(words), words || long FROM wide ORDER BY id"],
    ["united", "SELECT words FROM wide UNION ALL SELECT long FROM wide"],
    ["windowed", "SELECT lag(long) OVER (ORDER BY id) AS l, words FROM wide ORDER BY id"],
  ])("%s", async (_, sql) => {
    await using database = await openTestDatabase();
    await database.connection.run("SET preserve_insertion_order = true");
    await database.connection.run(WIDE);
    const expected = await duckdbTextRows(database, sql);
    const { bytes } = await encodeQuery(database, sql, TEXT);
    expect(textRows(bytes)).toEqual(expected);
    const oneByOne = await encodeQuery(database, sql, TEXT, { copyStringsOneByOne: true });
    expect(oneByOne.bytes.equals(bytes)).toBe(true);
  });

  test("from a file whose strings are compressed as a dictionary", async () => {
    const directory = mkdtempSync(join(tmpdir(), "row-encoder-"));
    try {
      await using database = await openTestDatabase({ path: join(directory, "d.duckdb") });
      const { connection } = database;
      await connection.run(
        "CREATE TABLE t AS SELECT 'dictionary value ' || (i % 9) AS d FROM range(30000) AS r(i)",
      );
      await connection.run("CHECKPOINT");
      const compressions = await connection.rows(
        "SELECT DISTINCT compression FROM pragma_storage_info('t') WHERE segment_type = 'VARCHAR'",
      );
      expect(String(compressions)).toMatch(/dict/i);
      const { bytes } = await encodeQuery(database, "SELECT d FROM t", TEXT);
      expect(textRows(bytes)).toEqual(await duckdbTextRows(database, "SELECT d FROM t"));
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

const cell = fc.option(
  fc.oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.string({ unit: "grapheme", maxLength: 12 }),
    fc.string({ minLength: 4000, maxLength: 5000, unit: "grapheme-ascii" }),
  ),
  { freq: 6 },
);

test("random rows survive encoding, in text and in binary", { timeout: 60_000 }, async () => {
  await using database = await openTestDatabase({ config: { threads: "1" } });
  const { connection } = database;
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          a: cell,
          n: fc.option(fc.maxSafeInteger()),
          d: fc.option(fc.double()),
          b: fc.option(fc.boolean()),
        }),
        { minLength: 1, maxLength: 100 },
      ),
      async (rows) => {
        // NUL cannot be in a text of PostgreSQL's; a lone surrogate is no text at all.
        const texts = rows.map(({ a }) =>
          a === null ? null : Buffer.from(a.replaceAll("\0", "")).toString(),
        );
        await connection.run(
          "CREATE OR REPLACE TABLE r (a VARCHAR, n BIGINT, d DOUBLE, b BOOLEAN)",
        );
        const appender = await connection.appender("r");
        appender.append(
          [
            texts,
            rows.map(({ n }) => (n === null ? null : BigInt(n))),
            rows.map(({ d }) => d),
            rows.map(({ b }) => b),
          ],
          rows.length,
        );
        appender.close();
        const text = await encodeQuery(database, "SELECT * FROM r", TEXT);
        const decoded = textRows(text.bytes).map(([a, n, d, b]) => [
          a,
          n === null ? null : Number(n),
          d === null ? null : Number(d),
          b === null ? null : b === "t",
        ]);
        const expected = rows.map(({ n, d, b }, index) => [
          texts[index],
          n === null ? null : n + 0,
          d,
          b,
        ]);
        expect(decoded).toEqual(expected);
        const binary = await encodeQuery(database, "SELECT * FROM r", BINARY);
        expect(
          dataRows(binary.bytes).map(([a, n, d, b]) => [
            a?.toString("utf8") ?? null,
            n ? Number(n.readBigInt64BE()) : null,
            d?.readDoubleBE() ?? null,
            b ? b[0] === 1 : null,
          ]),
        ).toEqual(expected);
      },
    ),
    { numRuns: 25 },
  );
});

describe("pages", () => {
  const SQL = "SELECT i, 'row number ' || i AS t FROM range(20000) AS r(i)";

  test("end behind the row that fills them", async () => {
    await using database = await openTestDatabase();
    const { pages, bytes } = await encodeQuery(database, SQL, TEXT);
    expect(pages.length).toBeGreaterThan(5);
    for (const page of pages.slice(0, -1)) {
      expect(page.length).toBeGreaterThanOrEqual(65_536);
      expect(page.length).toBeLessThan(65_536 + 100);
      // A page holds whole rows.
      dataRows(page);
    }
    expect(textRows(bytes)).toHaveLength(20_000);
  });

  test("do not depend on how many rows are asked for at a time", async () => {
    await using database = await openTestDatabase();
    const whole = await encodeQuery(database, SQL, TEXT);
    const stepped = await encodeQuery(database, SQL, TEXT, { step: 7 });
    expect(stepped.bytes.equals(whole.bytes)).toBe(true);
  });

  test("make room for a row larger than themselves, and shrink again", async () => {
    await using database = await openTestDatabase();
    const sql = "SELECT repeat('é', n) AS t FROM (VALUES (3000000), (1), (200000)) AS v(n)";
    const { bytes } = await encodeQuery(database, sql, TEXT);
    expect(dataRows(bytes).map(([cell]) => cell?.length)).toEqual([6_000_000, 2, 400_000]);
  });

  test("grow while COPY escapes what is in them", async () => {
    await using database = await openTestDatabase();
    const { bytes } = await encodeQuery(database, "SELECT repeat(chr(92), 100000) AS t", {
      kind: "copy-text",
      delimiter: "\t",
      nullText: "\\N",
    });
    expect(bytes.subarray(5).toString()).toBe(`${"\\".repeat(200_000)}\n`);
  });

  test("hold no half of a row when a value has no PostgreSQL form", async () => {
    await using database = await openTestDatabase();
    const prepared = await database.connection.prepare(
      "SELECT repeat('x', n) AS t, CASE WHEN n = 1 THEN DATE '2020-01-01' ELSE '5877642-06-25 (BC)'::DATE END AS d FROM (VALUES (1), (200000)) AS v(n)",
    );
    await using stream = await prepared.stream();
    const chunk = await stream.next();
    if (chunk === undefined) throw new Error("no rows");
    const encoder = createRowEncoder(stream.columns, BINARY(2), { timeZone: "UTC" });
    const page = new PageWriter();
    encoder.load(chunk);
    expect(() => encoder.encode(page, 0, chunk.rowCount)).toThrow("date out of range");
    expect(page.length).toBe(0);
  });
});

test("what the client was told decides the binary width", async () => {
  await using database = await openTestDatabase();
  const sql = `SELECT -2::INTEGER AS a, -3::BIGINT AS b, 7::SMALLINT AS c, '{"a":1}'::JSON AS d, 5::BIGINT AS e`;
  const { bytes } = await encodeQuery(database, sql, BINARY, {
    typeOids: [20, 23, 20, 3802, 1700],
  });
  expect(dataRows(bytes)[0]?.map((value) => value?.toString("hex"))).toEqual([
    "fffffffffffffffe",
    "fffffffd",
    "0000000000000007",
    `01${Buffer.from('{"a":1}').toString("hex")}`,
    "00010000000000000005",
  ]);
});

test("types of DuckDB's own become JSON", async () => {
  await using database = await openTestDatabase();
  const { bytes } = await encodeQuery(
    database,
    `SELECT {'a': 1, 'b': 'x"y', 'c': NULL, 'd': DATE '2024-01-05', 'e': [1.5, NULL], 'f': 'nan'::DOUBLE} AS s,
       MAP {'k': {'n': 1}, 'l': NULL} AS m, union_value(n := 5)::UNION(s VARCHAR, n INTEGER) AS u,
       row(1, 'two') AS r, [{'a': true}] AS l, 'b'::ENUM('a', 'b') AS e,
       {'t': TIMESTAMP '2024-01-05 10:00:00', 'z': TIMESTAMPTZ '2024-01-05 10:00:00+00', 'j': '[1]'::JSON} AS t`,
    TEXT,
    { timeZone: "Asia/Tokyo" },
  );
  expect(textRows(bytes)).toEqual([
    [
      '{"a":1,"b":"x\\"y","c":null,"d":"2024-01-05","e":[1.5,null],"f":"NaN"}',
      '{"k":{"n":1},"l":null}',
      '{"n":5}',
      '{"f1":1,"f2":"two"}',
      '{"{\\"a\\":true}"}',
      "b",
      '{"t":"2024-01-05T10:00:00","z":"2024-01-05T19:00:00+09:00","j":[1]}',
    ],
  ]);
});

test("lists of lists that are not rectangular have no binary form", async () => {
  await using database = await openTestDatabase();
  await expect(encodeQuery(database, "SELECT [[1], [2, 3]] AS l", BINARY)).rejects.toMatchObject({
    sqlstate: "2202E",
  });
});

test("a VARIANT is refused with the cure", async () => {
  await using database = await openTestDatabase();
  await expect(encodeQuery(database, "SELECT 1::VARIANT AS v", TEXT)).rejects.toMatchObject({
    sqlstate: "0A000",
    hint: "Cast the column to text or to json.",
  });
});

test("generated code has nothing of a query's in it, and equal shapes share it", async () => {
  await using database = await openTestDatabase();
  const codeCache = new CodeCache();
  const one = await encodeQuery(database, `SELECT 1 AS "x'; evil()", 'a' AS b`, TEXT, {
    codeCache,
  });
  const two = await encodeQuery(database, "SELECT 2 AS y, 'b' AS c", TEXT, { codeCache });
  expect(textRows(one.bytes)).toEqual([["1", "a"]]);
  expect(textRows(two.bytes)).toEqual([["2", "b"]]);
  expect(codeCache.size).toBe(1);
});
