import { expect, test } from "vitest";
import { makeXlsx } from "../../../examples/data/make-xlsx.ts";
import { csvTable, loadFiles } from "./load-files.ts";

test("a table may ask for each row's object key as its last column", async () => {
  const table = await loadFiles(
    { "2024/it's.csv": "id,v\n1,a\n", "2025/b.csv": "v,id,w\nb,2,x\n" },
    { ...csvTable("*/*.csv"), fileNameColumn: "source_file" },
  );
  expect(table.columns).toEqual(["id BIGINT", "v VARCHAR", "w VARCHAR", "source_file VARCHAR"]);
  expect(table.rows).toEqual([
    ["1", "a", null, "2024/it's.csv"],
    ["2", "b", "x", "2025/b.csv"],
  ]);
});

test("a single file has it, too, and values that are rejected do not move it", async () => {
  const table = await loadFiles(
    { "a.csv": "id,v\nx,1\n2\n" },
    { ...csvTable("a.csv", { columns: { id: { type: "int" } } }), fileNameColumn: "filename" },
  );
  expect(table.rows).toEqual([
    [null, "1", "a.csv"],
    ["2", null, "a.csv"],
  ]);
});

test("workbooks, Parquet and JSON files have it as well", async () => {
  const book = (value: number): Buffer =>
    makeXlsx({ sheets: [{ name: "S", rows: [["id"], [value]] }] });
  const workbooks = await loadFiles(
    { "a.xlsx": book(1), "b.xlsx": book(2) },
    { ...csvTable("*.xlsx"), options: { format: "xlsx", xlsx: {} }, fileNameColumn: "filename" },
  );
  expect(workbooks.columns).toEqual(["id BIGINT", "filename VARCHAR"]);
  expect(workbooks.rows).toEqual([
    ["1", "a.xlsx"],
    ["2", "b.xlsx"],
  ]);
  const records = await loadFiles(
    { "a.ndjson": '{"id":1}\n', "b.ndjson": '{"id":2,"v":"x"}\n' },
    {
      ...csvTable("*.ndjson"),
      options: { format: "ndjson", json: {} },
      fileNameColumn: "filename",
    },
  );
  expect(records.columns).toEqual(["id BIGINT", "v VARCHAR", "filename VARCHAR"]);
  expect(records.rows).toEqual([
    ["1", null, "a.ndjson"],
    ["2", "x", "b.ndjson"],
  ]);
});

test("a header of that name is an error with the cure", async () => {
  const loading = loadFiles(
    { "a.csv": "id,File Name\n1,x\n" },
    { ...csvTable("a.csv"), fileNameColumn: "file_name" },
  );
  await expect(loading).rejects.toMatchObject({
    sqlstate: "42701",
    message: 'column "file_name" of table "orders" is in the file already, as "File Name"',
    hint: "Give the column with the file's name another one, such as filename: source_file.",
  });
});
