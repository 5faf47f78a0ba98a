import { describe, expect, test, vi } from "vitest";
import { PgError } from "../../../src/core/pg-error.ts";
import type { Connection } from "../../../src/duckdb/connection.ts";
import { openDatabase } from "../../../src/duckdb/database.ts";
import { valueReader } from "../../../src/duckdb/raw-values.ts";
import type { RowStream } from "../../../src/duckdb/row-stream.ts";
import type { RawValue, TypedValue } from "../../../src/pgtypes/duckdb-type.ts";
import { parseDuckdbType } from "../../../src/pgtypes/duckdb-type-text.ts";
import { processorTicks } from "../../support/processes.ts";

/** A DuckDB of the test's own. */
async function openTestDatabase(config: Readonly<Record<string, string>> = {}) {
  const database = await openDatabase({ path: ":memory:", config: { threads: "2", ...config } });
  const connection = await database.connect();
  return {
    database,
    connection,
    async [Symbol.asyncDispose]() {
      connection.close();
      database.close();
    },
  };
}

async function countRows(stream: RowStream): Promise<number> {
  let rows = 0;
  for (let chunk = await stream.next(); chunk !== undefined; chunk = await stream.next()) {
    rows += chunk.rowCount;
  }
  return rows;
}

/** All values of a query, as raw values. */
async function rawRows(connection: Connection, sql: string, parameters: TypedValue[] = []) {
  const prepared = await connection.prepare(sql);
  prepared.bind(parameters);
  await using stream = await prepared.stream();
  const rows: RawValue[][] = [];
  for (let chunk = await stream.next(); chunk !== undefined; chunk = await stream.next()) {
    const current = chunk;
    const readers = stream.columns.map(({ type }, index) =>
      valueReader(type, current.vector(index)),
    );
    for (let row = 0; row < current.rowCount; row += 1) rows.push(readers.map((read) => read(row)));
  }
  prepared.close();
  return rows;
}

describe("a stream", () => {
  test("delivers every row of a large result once", async () => {
    await using database = await openTestDatabase();
    const prepared = await database.connection.prepare("SELECT i FROM range(300000) AS r(i)");
    await using stream = await prepared.stream();
    expect(stream.columns).toEqual([{ name: "i", type: { id: "BIGINT" } }]);
    expect(await countRows(stream)).toBe(300_000);
    expect(await stream.next()).toBeUndefined();
  });

  test("of no rows ends at once", async () => {
    await using database = await openTestDatabase();
    const prepared = await database.connection.prepare("SELECT 1 WHERE false");
    await using stream = await prepared.stream();
    expect(await stream.next()).toBeUndefined();
  });

  test("that fails in the middle throws DuckDB's own reason instead of ending", async () => {
    await using database = await openTestDatabase();
    const { connection } = database;
    await connection.run(
      "CREATE TABLE t AS SELECT i, CASE WHEN i = 900000 THEN 'oops' ELSE '1' END AS n FROM range(1000000) AS r(i)",
    );
    const prepared = await connection.prepare(
      "SELECT n::INTEGER AS n, i AS x, i AS x FROM t WHERE i >= $1",
    );
    prepared.bind([{ type: { id: "BIGINT" }, value: 5n }]);
    await using stream = await prepared.stream();
    expect((await stream.next())?.rowCount).toBeGreaterThan(0);
    await expect(countRows(stream)).rejects.toMatchObject({
      sqlstate: "22P02",
      message: 'invalid input syntax for type integer: "oops"',
      detail: 'The value is in column "n".',
    });
    // The connection is as good as before.
    expect(await connection.rows("SELECT 1")).toEqual([[1]]);
  });

  test("that fails, and does not fail when it is asked why, is an internal error", async () => {
    await using database = await openTestDatabase();
    const { connection } = database;
    await connection.run("CREATE SEQUENCE s");
    // Fails once the sequence has passed a point, and the second run begins beyond it.
    const prepared = await connection.prepare(
      "SELECT CASE WHEN nextval('s') = 900000 THEN error('only once') END FROM range(1000000)",
    );
    await using stream = await prepared.stream();
    await expect(countRows(stream)).rejects.toMatchObject({ sqlstate: "XX000" });
  });

  test("throws what is wrong before its first row when it is opened", async () => {
    await using database = await openTestDatabase();
    const prepared = await database.connection.prepare("SELECT error('no') ORDER BY 1");
    await expect(prepared.stream()).rejects.toMatchObject({ message: "no" });
  });

  test("that is interrupted throws the reason, and the connection lives on", async () => {
    await using database = await openTestDatabase();
    const { connection } = database;
    const prepared = await connection.prepare("SELECT * FROM range(100000000000)");
    await using stream = await prepared.stream();
    await stream.next();
    connection.interrupt(
      new PgError("query_canceled", "canceling statement due to statement timeout"),
    );
    await expect(stream.next()).rejects.toMatchObject({
      sqlstate: "57014",
      message: "canceling statement due to statement timeout",
    });
    expect(await connection.rows("SELECT 2")).toEqual([[2]]);
  });

  test("that is closed early frees the connection", async () => {
    await using database = await openTestDatabase();
    const { connection } = database;
    const prepared = await connection.prepare("SELECT * FROM range(100000000000)");
    const stream = await prepared.stream();
    await stream.next();
    await stream.close();
    expect(await stream.next()).toBeUndefined();
    expect(await connection.rows("SELECT 3")).toEqual([[3]]);
  });

  test("is not ended in silence by another statement: that is refused", async () => {
    await using database = await openTestDatabase();
    const { connection } = database;
    const prepared = await connection.prepare("SELECT * FROM range(100000)");
    await using stream = await prepared.stream();
    await stream.next();
    await expect(connection.rows("SELECT 1")).rejects.toThrow("this connection has an open stream");
    expect(await countRows(stream)).toBe(100_000 - 2048);
  });

  test("does not keep other connections from working", async () => {
    await using database = await openTestDatabase();
    const prepared = await database.connection.prepare("SELECT * FROM range(100000)");
    await using stream = await prepared.stream();
    await stream.next();
    const other = await database.database.connect();
    expect(await other.rows("SELECT 1")).toEqual([[1]]);
    other.close();
  });
});

describe("a connection", () => {
  test("that is interrupted while it works rejects with the reason", async () => {
    await using database = await openTestDatabase();
    const { connection } = database;
    const working = connection.rows(
      "SELECT count(*) FROM range(1000000000000) AS a(i), range(1000) AS b(j) WHERE i % 7 = j",
    );
    const failed = working.catch((error: unknown) => error);
    // The statement has not begun by now, and would not hear of it.
    connection.interrupt();
    expect(await failed).toMatchObject({ sqlstate: "57014" });
  });

  test("forgets an interrupt that met nothing", async () => {
    await using database = await openTestDatabase();
    database.connection.interrupt();
    expect(await database.connection.rows("SELECT 1")).toEqual([[1]]);
  });

  test("that is closed while it works ends the work first", async () => {
    await using database = await openTestDatabase();
    const busy = await database.database.connect();
    const ticks = processorTicks(process.pid);
    const working = busy.rows(
      "SELECT count(*) FROM range(1000000000000) AS a(i), range(1000) AS b(j) WHERE i % 7 = j",
    );
    const failed = working.catch((error: unknown) => error);
    await vi.waitFor(() => expect(processorTicks(process.pid)).toBeGreaterThan(ticks + 5), 20_000);
    busy.close();
    expect(await failed).toMatchObject({ sqlstate: "57014" });
    await expect(busy.rows("SELECT 1")).rejects.toThrow("closed");
  });

  test("gives small results and binds parameters to run", async () => {
    await using database = await openTestDatabase();
    const { connection } = database;
    await connection.run("CREATE TABLE t (a INTEGER, b VARCHAR)");
    await connection.run("INSERT INTO t VALUES ($1, $2), (2, NULL)", [1, "x"]);
    expect(await connection.rows("SELECT * FROM t WHERE a >= $1 ORDER BY a", [1])).toEqual([
      [1, "x"],
      [2, null],
    ]);
  });

  test("reports progress where it is enabled", async () => {
    await using database = await openTestDatabase();
    expect(database.connection.progress).toMatchObject({ percentage: -1 });
  });

  test("to a file that is not a database says so without the path", async () => {
    const error: unknown = await openDatabase({ path: "/etc/passwd", readOnly: true }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ sqlstate: "XX001" });
    expect(String(error)).not.toContain("/etc/passwd");
  });
});

describe("a prepared statement", () => {
  test("describes columns and inferred parameters without running", async () => {
    await using database = await openTestDatabase();
    const { connection } = database;
    await connection.run("CREATE TABLE t (id INTEGER, amount DECIMAL(12,2), doc JSON)");
    const prepared = await connection.prepare(
      "SELECT id, amount, doc, [1] AS list FROM t WHERE amount > $1 AND id = $2 LIMIT $3",
    );
    expect(prepared.kind).toBe("SELECT");
    expect(prepared.columns).toEqual([
      { name: "id", type: { id: "INTEGER" } },
      { name: "amount", type: { id: "DECIMAL", width: 12, scale: 2 } },
      { name: "doc", type: { id: "JSON" } },
      { name: "list", type: { id: "LIST", valueType: { id: "INTEGER" } } },
    ]);
    expect(prepared.parameters).toEqual([
      { id: "DECIMAL", width: 12, scale: 2 },
      { id: "INTEGER" },
      { id: "BIGINT" },
    ]);
    prepared.close();
  });

  test("says when the parameters decide the columns", async () => {
    await using database = await openTestDatabase();
    const prepared = await database.connection.prepare("SELECT $1");
    expect(prepared.columns).toBeUndefined();
    expect(prepared.parameters).toEqual([undefined]);
  });

  test("leaves a parameter open that stands in a row comparison", async () => {
    await using database = await openTestDatabase();
    const prepared = await database.connection.prepare("SELECT 1 WHERE (1, 'a') = ($1, $2)");
    expect(prepared.parameters).toHaveLength(2);
  });

  test("runs for its effect and counts the rows", async () => {
    await using database = await openTestDatabase();
    const { connection } = database;
    await connection.run("CREATE TABLE t AS SELECT * FROM range(10)");
    const prepared = await connection.prepare("DELETE FROM t WHERE range < $1");
    prepared.bind([{ type: { id: "BIGINT" }, value: 4n }]);
    expect(await prepared.run()).toBe(4);
  });

  test.each<[type: string, value: RawValue]>([
    ["BOOLEAN", true],
    ["SMALLINT", -7],
    ["INTEGER", 42],
    ["BIGINT", -9_223_372_036_854_775_808n],
    ["HUGEINT", 170_141_183_460_469_231_731_687_303_715_884_105_727n],
    ["FLOAT", 1.5],
    ["DOUBLE", Number.NEGATIVE_INFINITY],
    ["DECIMAL(3,2)", 150n],
    ["DECIMAL(38,10)", -99_999_999_999_999_999_999_999_999_999_999_999_999n],
    ["VARCHAR", "ünïcödé, and longer than twelve bytes"],
    ["JSON", '{"a": 1}'],
    ["BLOB", Buffer.from([0, 255, 39])],
    ["BIT", Buffer.of(3, 0b11110101)],
    ["UUID", 0x123456789abcdef0123456789abcdef0n],
    ["UUID", 0xf23456789abcdef0123456789abcdef0n],
    ["DATE", -719_162],
    ["TIME", 86_399_999_999n],
    ["TIME WITH TIME ZONE", (45_296_000_000n << 24n) | BigInt(57_599 - 7200)],
    ["TIMESTAMP", 1_700_000_000_123_456n],
    ["TIMESTAMP WITH TIME ZONE", -1n],
    ["TIMESTAMP_NS", 1_700_000_000_123_456_789n],
    ["INTERVAL", { months: -14, days: 3, micros: 4_000_001n }],
    ["INTEGER[]", [1, null, -3]],
    ["INTEGER[][]", [[1], [], [null, 2]]],
    ["VARCHAR[]", ["a", "b".repeat(20), null]],
    ["INTEGER[]", []],
  ])("binds a %s and gets it back: %o", async (text, value) => {
    await using database = await openTestDatabase();
    const type = parseDuckdbType(text);
    if (type === undefined) throw new Error(`${text} is no type`);
    const [row] = await rawRows(database.connection, `SELECT $1::${text}, typeof($1)`, [
      { type, value },
    ]);
    expect(row?.[0]).toEqual(value);
    // A JSON is bound as the text that it is.
    expect(row?.[1]).toBe(text === "JSON" ? "VARCHAR" : text);
  });

  test("binds NULL of any type", async () => {
    await using database = await openTestDatabase();
    for (const text of ["INTEGER", "DECIMAL(5,2)", "VARCHAR[]", "INTERVAL"]) {
      const type = parseDuckdbType(text);
      if (type === undefined) throw new Error(`${text} is no type`);
      expect(
        await rawRows(database.connection, `SELECT $1::${text}`, [{ type, value: null }]),
      ).toEqual([[null]]);
    }
  });
});

test("values of nested types are read to the last field", async () => {
  await using database = await openTestDatabase();
  const rows = await rawRows(
    database.connection,
    `SELECT row(1, 'a long string of text', NULL), MAP {'k': 1, 'l': NULL},
       union_value(n := 5)::UNION(s VARCHAR, n INTEGER), [[1], NULL, []]::INTEGER[][],
       [{'a': [1, 2]}], array_value(1, NULL, 3)::INTEGER[3], 'b'::ENUM('a', 'b'), NULL,
       123456789012345678901234567890::BIGNUM, -5::BIGNUM
     FROM range(2)`,
  );
  expect(rows).toHaveLength(2);
  expect(rows[1]).toEqual([
    [1, "a long string of text", null],
    [
      ["k", 1],
      ["l", null],
    ],
    ["n", 5],
    [[1], null, []],
    [[[1, 2]]],
    [1, null, 3],
    "b",
    null,
    123456789012345678901234567890n,
    -5n,
  ]);
});

describe("an appender", () => {
  test("appends columns of any length and type", async () => {
    await using database = await openTestDatabase();
    const { connection } = database;
    await connection.run("CREATE TABLE t (id BIGINT, name VARCHAR, ok BOOLEAN, ratio DOUBLE)");
    const appender = await connection.appender("t");
    expect(appender.types).toEqual([
      { id: "BIGINT" },
      { id: "VARCHAR" },
      { id: "BOOLEAN" },
      { id: "DOUBLE" },
    ]);
    const count = 5000;
    const ids = Array.from({ length: count }, (_, index) => BigInt(index));
    const names = ids.map((id) => (id % 3n === 0n ? null : `a name that is long enough ${id}`));
    const flags = ids.map((id) => id % 2n === 0n);
    appender.append([ids, names, flags, ids.map((id) => Number(id) / 2)], count);
    appender.close();
    expect(
      await connection.rows(
        "SELECT count(*), sum(id)::BIGINT, count(name), count(*) FILTER (WHERE ok), sum(ratio), max(name) FROM t",
      ),
    ).toEqual([[5000n, 12_497_500n, 3333n, 2500n, 6_248_750, "a name that is long enough 998"]]);
  });

  test("refuses a batch with the wrong number of columns", async () => {
    await using database = await openTestDatabase();
    await database.connection.run("CREATE TABLE t (a INTEGER)");
    const appender = await database.connection.appender("t");
    expect(() => appender.append([[1], [2]], 1)).toThrow("1 columns, the batch 2");
    appender.close();
  });

  test("to a table that does not exist says so", async () => {
    await using database = await openTestDatabase();
    await expect(database.connection.appender("nope")).rejects.toMatchObject({ sqlstate: "42P01" });
  });
});
