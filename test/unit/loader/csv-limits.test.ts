import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { csvTable, loadCsv, loadFiles } from "./load-files.ts";

test("a field of ten megabytes is a value like any other, on one line or on many", async () => {
  for (const field of ["y".repeat(10_000_000), "line\n".repeat(2_000_000)]) {
    const table = await loadCsv(`a,b\n1,x\n2,"${field}"\n3,z\n`);
    expect(table.rows.map((row) => row[1]?.length)).toEqual([1, 10_000_000, 1]);
    expect(table.rejects).toEqual([]);
  }
});

test("more columns than PostgreSQL's tables have are read, with a warning", async () => {
  const columns = Array.from({ length: 1_700 }, (_, index) => index);
  const line = (value: (column: number) => string): string => `${columns.map(value).join(",")}\n`;
  const table = await loadCsv(
    line((column) => `c${column}`) + line(String) + line((column) => (column === 7 ? "x" : "0.5")),
  );
  expect(table.columns).toHaveLength(1_700);
  expect(table.columns.slice(6, 8)).toEqual(["c6 DECIMAL(18,1)", "c7 VARCHAR"]);
  expect(table.rows[1]?.slice(6, 8)).toEqual(["0.5", "x"]);
  expect(table.warnings).toEqual([
    "the table has 1700 columns: PostgreSQL's clients see the first 1600, and take at most 1664 in one result",
  ]);
});

test("a file that unpacks to five hundred times its size is refused once it is large", async () => {
  const bomb = gzipSync(Buffer.alloc(400 * 1024 * 1024, "a,b\n"));
  await expect(loadFiles({ "a.csv.gz": bomb }, csvTable("a.csv.gz"))).rejects.toMatchObject({
    sqlstate: "54000",
    message:
      'file "a.csv.gz" unpacks to more than 500 times its size, and to more than 268435456 bytes',
  });
});

test("so is a Zstandard file, whose blocks can be one repeated byte", async () => {
  const block = Buffer.alloc(4, "a");
  block.writeUIntLE((128 * 1024 * 8) | 2, 0, 3);
  const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]);
  const bomb = Buffer.concat([frame, ...Array.from({ length: 4_000 }, () => block)]);
  await expect(loadFiles({ "a.csv.zst": bomb }, csvTable("a.csv.zst"))).rejects.toMatchObject({
    sqlstate: "54000",
  });
});

test("what is listed of a value ends after ten thousand characters", async () => {
  const table = await loadCsv(`a,b\n${"y".repeat(20_000)},1\n`, {
    columns: { a: { type: "int" } },
  });
  const [reject = ""] = table.rejects;
  expect(reject).toContain(` ${"y".repeat(10_000)}: does not fit type int`);
  expect(reject).not.toContain("y".repeat(10_001));
});
