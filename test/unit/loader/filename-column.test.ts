import { expect, test } from "vitest";
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
