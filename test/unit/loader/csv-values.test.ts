/**
 * What DuckDB's own reader changes without a word, with types found out and with types declared: here
 * it either stays as it was written or is listed.
 */
import { expect, test } from "vitest";
import { type LoadedTable, loadCsv } from "./load-files.ts";

/** More rows than are looked at first. */
const MANY = 9_000;

function load(values: readonly string[], type?: string): Promise<LoadedTable> {
  const text = `id;v\n${values.map((value, row) => `${row};${value}\n`).join("")}`;
  return loadCsv(text, {
    csv: { delimiter: ";" },
    ...(type === undefined ? {} : { columns: { v: { type } } }),
  });
}

test.each([
  ["a fraction behind many integers", "7", "1.5", "1.5"],
  ["a leading zero behind many integers", "90210", "01234", "01234"],
  ["an integer of 20 digits", "7", "12345678901234567890", "12345678901234567890"],
  ["an integer of 30 digits", "7", "1".repeat(30), "1".repeat(30)],
  ["an integer of 40 digits", "7", "1".repeat(40), "1".repeat(40)],
  ["a negative integer of 20 digits", "7", "-12345678901234567890", "-12345678901234567890"],
  ["hexadecimal", "7", "0x1F", "0x1F"],
  ["an underscore", "7", "1_000", "1_000"],
  ["a plus sign", "7", "+1", "+1"],
  ["a minus zero", "7", "-0", "-0.0"],
  ["an exponent beyond double", "7", "1e400", "1e400"],
  ["a number too small for double", "1.5", "1e-400", "1e-400"],
  ["infinity", "1.5", "Infinity", "Infinity"],
  ["not a number", "1.5", "NaN", "NaN"],
  ["a word for NULL", "7", "N/A", "N/A"],
  ["another word for NULL", "7", "null", "null"],
  ["a small decimal", "1.5", "0.00000001", "0.00000001"],
  ["blanks around a number", "7", " 8 ", "8"],
  ["a boolean's other word", "true", "yes", "yes"],
  ["a boolean's letter", "false", "t", "t"],
  ["a date with a time of day", "2024-01-31", "2024-02-01 12:34:56", "2024-02-01 12:34:56"],
  ["an offset among local times", "2024-01-31 12:00:00", "2024-01-31 12:00:00+02", undefined],
  ["a date of another order", "31/01/2024", "01/31/2024", "01/31/2024"],
  ["a date that there is not", "2024-01-31", "2023-02-29", "2023-02-29"],
  ["single quotes", "x", "'quoted'", "'quoted'"],
])("a value at the end of a column is as it was written: %s", async (_name, usual, last, read) => {
  const table = await load([...Array.from({ length: MANY }, () => usual), last]);
  const value = table.rows.at(-1)?.[1];
  // A scale for the whole column adds zeros behind the last digit, and nothing else.
  const isDecimal = /DECIMAL/.test(table.columns[1] ?? "");
  const plain = isDecimal ? value?.replace(/\.?0*$/, "") : value;
  expect([value, plain]).toContain(read ?? last);
  expect(table.rejects).toEqual([]);
});

test.each([
  ["bigint", "1.5"],
  ["bigint", "-0.5"],
  ["bigint", "1e3"],
  ["bigint", "1_000"],
  ["bigint", "0x1F"],
  ["bigint", "9223372036854775808"],
  ["numeric(10,2)", "1.239"],
  ["numeric(10,2)", "1e-3"],
  ["numeric(10,2)", "1.234e1e1"],
  ["numeric(3,0)", "1e3"],
  ["numeric", "NaN"],
  ["double precision", "1e400"],
  ["double precision", "1_0.5"],
  ["date", "2024-02-01 12:34:56"],
  ["date", "24-01-31"],
  ["timestamp", "2024-01-31 12:00:00+02"],
  ["boolean", "ja"],
])("a value that %s would have to change is listed and NULL: %s", async (type, value) => {
  const table = await load([value], type);
  expect(table.rows).toEqual([["0", null]]);
  expect(table.rejects).toEqual([`file.csv:2 v ${value}: does not fit type ${type}`]);
});

test.each([
  ["numeric(10,2)", "1e3", "1000.00"],
  ["numeric(10,2)", "1.5E+1", "15.00"],
  ["numeric(10,2)", "1250e-2", "12.50"],
  ["numeric(10,2)", "100e-4", "0.01"],
  ["numeric(10,2)", "0.010e1", "0.10"],
  ["numeric", "1e3", "1000"],
  ["numeric", "1.5e-3", "0.0015"],
  ["numeric", " -2.50 ", "-2.50"],
  ["bigint", " +007 ", "7"],
])("a declared %s takes what PostgreSQL takes: %s", async (type, value, read) => {
  const table = await load([value], type);
  expect(table.rejects).toEqual([]);
  expect(table.rows).toEqual([["0", read]]);
});

test("words for NULL are NULL only where the table says so", async () => {
  const text = "a,b\nNA,1\nN/A,null\nx,2\n";
  expect((await loadCsv(text)).rows).toEqual([
    ["NA", "1"],
    ["N/A", "null"],
    ["x", "2"],
  ]);
  const table = await loadCsv(text, { csv: { null: ["NA", "N/A", "null"] } });
  expect(table.columns).toEqual(["a VARCHAR", "b BIGINT"]);
  expect(table.rows).toEqual([
    [null, "1"],
    [null, null],
    ["x", "2"],
  ]);
});

test("a file that came with other columns is read with these", async () => {
  const before = await loadCsv("id,v\n1,2\n");
  const after = await loadCsv("v,extra,id\nx,2024-01-31,3\n");
  expect(before.columns).toEqual(["id BIGINT", "v BIGINT"]);
  expect(after.columns).toEqual(["v VARCHAR", "extra DATE", "id BIGINT"]);
});
