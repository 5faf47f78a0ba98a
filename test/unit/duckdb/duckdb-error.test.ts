import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PgError } from "../../../src/core/pg-error.ts";
import type { Connection } from "../../../src/duckdb/connection.ts";
import { type Database, openDatabase } from "../../../src/duckdb/database.ts";
import { toPgError } from "../../../src/duckdb/duckdb-error.ts";

let database: Database;
let connection: Connection;

// One instance for the whole file: every statement here fails and changes nothing.
beforeAll(async () => {
  database = await openDatabase({ path: ":memory:", config: { threads: "1" } });
  connection = await database.connect();
  for (const sql of [
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, amount DECIMAL(12,2), CHECK (id < 100))",
    "INSERT INTO orders VALUES (1, 'a', 2.5), (2, 'b', 3.5)",
    "CREATE TABLE items (order_id INTEGER REFERENCES orders(id))",
    "CREATE SCHEMA sales",
    "CREATE MACRO twice(a) AS a * 2",
    "CREATE TYPE mood AS ENUM ('fine')",
  ]) {
    await connection.run(sql);
  }
});

afterAll(() => {
  connection.close();
  database.close();
});

async function failure(sql: string): Promise<PgError> {
  try {
    await connection.rows(sql);
  } catch (error) {
    if (error instanceof PgError) return error;
    throw error;
  }
  throw new Error(`${sql} does not fail`);
}

const nested = (depth: number) => `SELECT ${"(".repeat(depth)}1${")".repeat(depth)}`;
const added = (terms: number) => `SELECT ${"(1+".repeat(terms)}1${")".repeat(terms)}`;

describe("an error of DuckDB's has PostgreSQL's code and words", () => {
  test.each<[sql: string, sqlstate: string, message: string]>([
    ["selec 1", "42601", 'syntax error at or near "selec"'],
    ["SELECT", "42601", "SELECT clause without selection list"],
    [nested(20_000), "54001", 'memory exhausted at or near "("'],
    [added(2_000), "54001", "the statement is nested too deeply"],
    ["SELECT * FROM nope", "42P01", 'relation "nope" does not exist'],
    ["SELECT * FROM nowhere.orders", "42P01", 'relation "nowhere.orders" does not exist'],
    ["SELECT o.id FROM orders", "42P01", 'missing FROM-clause entry for table "o"'],
    ["SELECT nope FROM orders", "42703", 'column "nope" does not exist'],
    ["SELECT orders.nope FROM orders", "42703", "column orders.nope does not exist"],
    ["UPDATE orders SET nope = 1", "42703", 'column "nope" does not exist'],
    [
      "INSERT INTO orders (nope) VALUES (1)",
      "42703",
      'column "nope" of relation "orders" does not exist',
    ],
    ["SELECT * EXCLUDE (nope) FROM orders", "42703", 'column "nope" does not exist'],
    ["SELECT nope(1)", "42883", "function nope does not exist"],
    ["SELECT * FROM nope(1)", "42883", "function nope does not exist"],
    ["SELECT abs(DATE '2020-01-01')", "42883", "function abs(date) does not exist"],
    ["SELECT abs('a', 1.5)", "42883", "function abs(unknown, numeric) does not exist"],
    ["SELECT sum(name) FROM orders", "42883", "function sum(text) does not exist"],
    ["SELECT 1 + 'é' || 'x'", "42725", "function +(integer, unknown) is not unique"],
    ["SELECT 'a'::nope", "42704", 'type "nope" does not exist'],
    ["SELECT current_setting('nope')", "42704", 'unrecognized configuration parameter "nope"'],
    ["DROP SCHEMA nowhere", "3F000", 'schema "nowhere" does not exist'],
    ["SELECT * FROM nowhere.main.orders", "3D000", 'database "nowhere" does not exist'],
    ["SELECT name FROM orders a, orders b", "42702", 'column reference "name" is ambiguous'],
    [
      "SELECT name, count(*) FROM orders",
      "42803",
      'column "name" must appear in the GROUP BY clause or be used in an aggregate function',
    ],
    ["SELECT 1 WHERE count(*) > 1", "42803", "aggregate functions are not allowed in WHERE"],
    ["SELECT max(sum(id)) FROM orders", "42803", "aggregate function calls cannot be nested"],
    ["SELECT 1 WHERE rank() OVER () = 1", "42P20", "window functions are not allowed in WHERE"],
    ["SELECT id FROM orders ORDER BY 5", "42P10", "ORDER BY position is not in select list"],
    ["SELECT id FROM orders GROUP BY 5", "42P10", "GROUP BY position is not in select list"],
    ["SELECT (SELECT 1, 2)", "42601", "subquery must return only one column"],
    [
      "SELECT 1 UNION SELECT 1, 2",
      "42601",
      "each query of a set operation must have the same number of columns",
    ],
    [
      "SELECT (SELECT id FROM orders)",
      "21000",
      "more than one row returned by a subquery used as an expression",
    ],
    ["CREATE TABLE orders (a INT)", "42P07", 'relation "orders" already exists'],
    ["CREATE SCHEMA sales", "42P06", 'schema "sales" already exists'],
    ["CREATE MACRO twice(a) AS a", "42723", "function twice already exists"],
    ["CREATE TYPE mood AS ENUM ('x')", "42710", 'type "mood" already exists'],
    ["CREATE TABLE t (a INT, a INT)", "42701", 'column "a" specified more than once'],
    [
      "DROP VIEW orders",
      "42809",
      "existing object orders is of type Table, trying to drop type View",
    ],
    ["SELECT $1", "08P01", "the number of bound values does not match the statement's parameters"],
    ["SELECT 'abc'::INTEGER", "22P02", 'invalid input syntax for type integer: "abc"'],
    ["SELECT 'x'::BOOLEAN", "22P02", 'invalid input syntax for type boolean: "x"'],
    ["SELECT 'x'::DOUBLE", "22P02", 'invalid input syntax for type double precision: "x"'],
    ["SELECT '1,5'::DECIMAL(5,2)", "22P02", 'invalid input syntax for type numeric: "1,5"'],
    ["SELECT 'abc'::UUID", "22P02", 'invalid input syntax for type uuid: "abc"'],
    ["SELECT 'x'::INTEGER[]", "22P02", 'malformed literal: "x"'],
    ["SELECT '\\xZZ'::BLOB", "22P02", "invalid input syntax for type bytea"],
    ["SELECT '{'::JSON", "22P02", "invalid input syntax for type json: unexpected end of data"],
    ["SELECT 'foo'::INTERVAL", "22007", 'invalid input syntax for type interval: "foo"'],
    ["SELECT 'x'::DATE", "22007", 'invalid input syntax for type date: "x"'],
    ["SELECT 'x'::TIME", "22007", 'invalid input syntax for type time: "x"'],
    ["SELECT 'x'::TIMESTAMPTZ", "22007", 'invalid input syntax for type timestamp: "x"'],
    ["SELECT '2020-13-01'::DATE", "22008", 'date/time field value out of range: "2020-13-01"'],
    ["SELECT '25:00:00'::TIME", "22008", 'date/time field value out of range: "25:00:00"'],
    ["SELECT DATE '2020-01-01' + INTERVAL '300000 years'", "22008", "timestamp out of range"],
    [
      "SELECT '99999999999'::INTEGER",
      "22003",
      'value "99999999999" is out of range for type integer',
    ],
    ["SELECT 99999999999::INTEGER", "22003", "integer out of range"],
    ["SELECT 2000000000::INTEGER * 2::INTEGER", "22003", "integer out of range"],
    ["SELECT 9223372036854775807::BIGINT + 1", "22003", "bigint out of range"],
    ["SELECT 12345::DECIMAL(3,2)", "22003", "numeric field overflow"],
    ["SELECT '12345.6'::DECIMAL(3,2)", "22003", "numeric field overflow"],
    ["SELECT DATE '2020-01-01'::INTEGER", "42846", "cannot cast type date to integer"],
    ["SELECT row(1, 2) = row(1)", "42804", expect.any(String)],
    ["SELECT error('division by zero')", "22012", "division by zero"],
    ["SELECT sqrt(-1)", "2201F", "cannot take square root of a negative number"],
    ["SELECT ln(0)", "2201E", "cannot take logarithm of zero"],
    ["SELECT regexp_matches('a', '(')", "2201B", "invalid regular expression: missing ): ("],
    [
      "SELECT regexp_matches('a', '\\y')",
      "2201B",
      "invalid regular expression: invalid escape sequence: \\y",
    ],
    ["SELECT 'a' LIKE 'b' ESCAPE 'xx'", "22025", "invalid escape string"],
    ["SELECT ntile(0) OVER ()", "22014", "argument of ntile must be greater than zero"],
    ["SELECT date_trunc('foo', now())", "22023", 'unit "foo" not recognized for type timestamp'],
    ["SELECT 1 LIMIT -1", "2201W", "LIMIT must not be negative"],
    ["SET timezone = 'Nowhere'", "22023", 'time zone "Nowhere" not recognized'],
    [
      "INSERT INTO orders VALUES (1, 'b', 1)",
      "23505",
      "duplicate key value violates unique constraint: (id)=(1) already exists",
    ],
    [
      "INSERT INTO orders VALUES (3, NULL, 1)",
      "23502",
      'null value in column "name" of relation "orders" violates not-null constraint',
    ],
    [
      "INSERT INTO orders VALUES (200, 'x', 1)",
      "23514",
      'new row for relation "orders" violates check constraint',
    ],
    ["INSERT INTO items VALUES (77)", "23503", expect.stringMatching(/^violates foreign key/)],
    ["COMMIT", "25P01", "cannot commit - no transaction is active"],
  ])("%s", async (sql, sqlstate, message) => {
    expect(await failure(sql)).toMatchObject({ sqlstate, message });
  });
});

describe("positions", () => {
  test("count characters from one", async () => {
    expect(await failure("SELECT nope FROM orders")).toMatchObject({ position: 8 });
  });
  test("count characters where DuckDB counts bytes", async () => {
    expect(await failure("SELECT '日本 😀', nope FROM orders")).toMatchObject({ position: 16 });
  });
  test("are absent for errors of the data", async () => {
    expect((await failure("SELECT sqrt(-1)")).position).toBeUndefined();
  });
});

describe("hints", () => {
  test("name the column that was perhaps meant", async () => {
    expect(await failure("SELECT amuont FROM orders")).toMatchObject({
      hint: 'Perhaps you meant to reference the column "amount".',
    });
  });
  test("name the table that was perhaps meant", async () => {
    expect(await failure("SELECT * FROM order")).toMatchObject({ sqlstate: "42601" });
    expect(await failure("SELECT * FROM orderz")).toMatchObject({
      hint: 'Perhaps you meant to reference the table "orders".',
    });
  });
  test("never name a table of DuckDB's own", async () => {
    expect((await failure("SELECT * FROM pg_enumm")).hint).toBeUndefined();
  });
  test("do not pass on DuckDB's advice to SET something", async () => {
    const { message, hint } = await failure("SELECT (SELECT id FROM orders)");
    expect(`${message} ${hint}`).not.toContain("SET");
  });
});

test("a path of this machine is not shown, one of the client's own is", async () => {
  const foreign = toPgError(
    new Error(
      '{"exception_type":"IO","exception_message":"Cannot open file \\"/srv/cache/x.duckdb\\": gone"}',
    ),
    "SELECT 1",
  );
  expect(foreign).toMatchObject({
    sqlstate: "58030",
    message: "cannot open file a local file: gone",
  });
  expect(await failure("SELECT * FROM read_csv('/none/here.csv')")).toMatchObject({
    message: 'no files found that match the pattern "/none/here.csv"',
  });
});

test("a workspace out of memory hears so, without DuckDB's advice", async () => {
  await using small = await smallDatabase();
  await expect(
    small.rows("SELECT count(*) FROM (SELECT DISTINCT hash(i), i FROM range(5000000) AS r(i))"),
  ).rejects.toMatchObject({
    sqlstate: "53200",
    message: "the query needs more memory than its workspace may use",
  });
});

async function smallDatabase() {
  const small = await openDatabase({
    path: ":memory:",
    config: { threads: "1", memory_limit: "20MB", temp_directory: "" },
  });
  const its = await small.connect();
  return {
    rows: (sql: string) => its.rows(sql),
    async [Symbol.asyncDispose]() {
      its.close();
      small.close();
    },
  };
}

test.each([
  ["std::bad_alloc", "53200"],
  ["Failed to query", "53200"],
  ["Out of Memory Error: failed to offload data block of size 256.0 KiB", "53100"],
  ["INTERRUPT Error: Interrupted!", "57014"],
  ['{"exception_type":"INTERRUPT","exception_message":"Interrupted!"}', "57014"],
  [
    '{"exception_type":"TransactionContext","exception_message":"Current transaction is aborted (please ROLLBACK)"}',
    "25P02",
  ],
  [
    '{"exception_type":"TransactionContext","exception_message":"Failed to commit: write-write conflict on key"}',
    "40001",
  ],
  ['{"exception_type":"Not implemented","exception_message":"Not yet"}', "0A000"],
  ['{"exception_type":"Permission","exception_message":"Cannot access file \\"/x/y\\""}', "42501"],
  [
    '{"exception_type":"INTERNAL","exception_message":"Attempted to access index 3 within vector of size 3"}',
    "XX000",
  ],
  ['{"exception_type":"Something New","exception_message":"Hello"}', "XX000"],
])("what DuckDB writes as %s is %s", (text, sqlstate) => {
  expect(toPgError(new Error(text))).toMatchObject({ sqlstate });
});

test("an error that is not DuckDB's stays what it is", () => {
  const ours = new TypeError("x is not a function");
  expect(toPgError(ours)).toBe(ours);
  const spoken = new PgError("undefined_table", "relation does not exist");
  expect(toPgError(spoken)).toBe(spoken);
});
