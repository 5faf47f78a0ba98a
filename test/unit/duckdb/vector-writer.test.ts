import { expect, test } from "vitest";
import { openDatabase } from "../../../src/duckdb/database.ts";
import type { ColumnValues } from "../../../src/duckdb/vector-writer.ts";

function texts(values: readonly (string | null)[]): ColumnValues {
  const bytes = values.map((value) => Buffer.from(value ?? ""));
  let end = 0;
  return {
    layout: "text",
    bytes: Buffer.concat(bytes),
    ends: Uint32Array.from(bytes, ({ length }) => (end += length)),
    valid: Uint8Array.from(values, (value) => (value === null ? 0 : 1)),
  };
}

test("copied columns are the values that they look like", async () => {
  const database = await openDatabase({ path: ":memory:" });
  const connection = await database.connect();
  await connection.run(
    "CREATE TABLE t (b BOOLEAN, i INTEGER, n BIGINT, d DOUBLE, a_day DATE, moment TIMESTAMP, clock TIME, v INTERVAL, s VARCHAR, x VARCHAR)",
  );
  const appender = await connection.appender("t");
  const valid = Uint8Array.of(1, 0, 1);
  const strings = ["twelve bytes", null, "thirteen byte"];
  const append = (): void =>
    appender.appendCopies(
      [
        { layout: "fixed", values: Uint8Array.of(1, 1, 0), valid },
        { layout: "fixed", values: Int32Array.of(-7, 1, 8), valid },
        { layout: "fixed", values: BigInt64Array.of(-(2n ** 63n), 1n, 2n), valid },
        { layout: "fixed", values: Float64Array.of(0.5, 1, -1e300), valid },
        { layout: "fixed", values: Int32Array.of(0, 1, 19_782), valid },
        { layout: "fixed", values: BigInt64Array.of(0n, 1n, 1_000_001n), valid },
        { layout: "fixed", values: BigInt64Array.of(0n, 1n, 86_399_000_000n), valid },
        { layout: "fixed", values: BigInt64Array.of(0n, 90n, 0n, 1n, 0n, 3_600_000_000n), valid },
        texts(strings),
        undefined,
      ],
      3,
    );
  append();
  // The chunk is used again, and nothing of its first use stays.
  strings.fill("é", 1);
  append();
  appender.close();
  const rows = await connection.rows("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM t");
  const first = ["true", "-7", "-9223372036854775808", "0.5", "1970-01-01", "1970-01-01 00:00:00"];
  const last = ["false", "8", "2", "-1e+300", "2024-02-29", "1970-01-01 00:00:01.000001"];
  const none = [null, null, null, null, null, null, null, null];
  expect(rows).toEqual([
    [...first, "00:00:00", "00:00:00.00009", "twelve bytes", null],
    [...none, null, null],
    [...last, "23:59:59", "01:00:00", "thirteen byte", null],
    [...first, "00:00:00", "00:00:00.00009", "twelve bytes", null],
    [...none, "é", null],
    [...last, "23:59:59", "01:00:00", "é", null],
  ]);
  connection.close();
  database.close();
});

test("memory that is too short, and types that lie otherwise, are refused", async () => {
  const database = await openDatabase({ path: ":memory:" });
  const connection = await database.connect();
  await connection.run("CREATE TABLE t (n BIGINT)");
  await connection.run("CREATE TABLE h (n HUGEINT)");
  const valid = Uint8Array.of(1, 1);
  const short: ColumnValues = { layout: "fixed", values: BigInt64Array.of(1n), valid };
  const toBigint = await connection.appender("t");
  expect(() => toBigint.appendCopies([short], 2)).toThrow("16 bytes of BIGINT are needed");
  expect(() => toBigint.appendCopies([texts(["1"])], 1)).toThrow("text cannot be copied");
  expect(() => toBigint.appendCopies([short, short], 1)).toThrow("1 columns, the batch 2");
  toBigint.close();
  const toHugeint = await connection.appender("h");
  expect(() => toHugeint.appendCopies([short], 1)).toThrow("values of type HUGEINT are not copied");
  toHugeint.close();
  connection.close();
  database.close();
});
