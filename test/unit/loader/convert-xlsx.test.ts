import { describe, expect, test } from "vitest";
import { type CellInput, makeXlsx } from "../../../examples/data/make-xlsx.ts";
import { loadFiles, xlsxTable } from "./load-files.ts";

function book(...rows: CellInput[][]): Buffer {
  return makeXlsx({ sheets: [{ name: "S", rows }] });
}

const NOON = new Date("2024-02-29T12:00:00.500Z");
const DAY = new Date("2024-02-29T00:00:00Z");

test("every kind of cell becomes the type that it is", async () => {
  const table = await loadFiles(
    {
      "book.xlsx": book(
        ["id", "share", "day", "at", "clock", "took", "ok", "note"],
        [
          1,
          0.25,
          { value: DAY, format: "yyyy-mm-dd" },
          { value: NOON, format: "yyyy-mm-dd hh:mm:ss" },
          { value: 0.75, format: "hh:mm" },
          { value: 1.25, format: "[h]:mm:ss" },
          true,
          "ü",
        ],
        [2],
      ),
    },
    xlsxTable(),
  );
  expect(table.columns).toEqual([
    "id BIGINT",
    "share DOUBLE",
    "day DATE",
    "at TIMESTAMP",
    "clock TIME",
    "took INTERVAL",
    "ok BOOLEAN",
    "note VARCHAR",
  ]);
  expect(table.rows).toEqual([
    ["1", "0.25", "2024-02-29", "2024-02-29 12:00:00.5", "18:00:00", "30:00:00", "true", "ü"],
    ["2", null, null, null, null, null, null, null],
  ]);
});

test("error cells and values that do not fit are NULL, and listed with the sheet's row", async () => {
  const table = await loadFiles(
    { "book.xlsx": book(["id", "v", "w"], [1, 1.5, { error: "#N/A" }], [2, 7, 3], ["x", 8, 4]) },
    xlsxTable({ columns: { v: { type: "int" }, id: { type: "numeric(5,1)", name: "key" } } }),
  );
  expect(table.columns).toEqual(["key DECIMAL(5,1)", "v INTEGER", "w BIGINT"]);
  expect(table.rows).toEqual([
    ["1.0", null, null],
    ["2.0", "7", "3"],
    [null, "8", "4"],
  ]);
  expect(table.rejects.map((reject) => reject.replace(/: .*/, "")).toSorted()).toEqual([
    "book.xlsx:2 v 1.5",
    "book.xlsx:2 w #N/A",
    "book.xlsx:4 key x",
  ]);
});

test("on_bad_value: fail names the row and the column", async () => {
  const files = { "book.xlsx": book(["id", "v"], [1, 7], [2, "x"]) };
  const settings = { columns: { v: { type: "int" } }, onBadValue: "fail" } as const;
  await expect(loadFiles(files, xlsxTable(settings))).rejects.toMatchObject({
    sqlstate: "22P02",
    message: 'invalid input syntax for type int: "x" (file "book.xlsx", row 3, column "v")',
  });
});

test("rejects name the sheet where the workbook has several, and rows as it shows them", async () => {
  const rows = [["id", "day"], [], [1, { value: -1, format: "yyyy-mm-dd" }], ["x", null]];
  const table = await loadFiles(
    {
      "book.xlsx": makeXlsx({
        sheets: [
          { name: "Notes", rows: [["n"]] },
          { name: "Orders", rows },
        ],
      }),
    },
    xlsxTable({ xlsx: { sheet: "Orders" }, columns: { id: { type: "bigint" } } }),
  );
  expect(table.rejects).toEqual([
    'book.xlsx:3 day -1: the number is no date: Excel\'s dates end with 9999-12-31 (sheet "Orders")',
    'book.xlsx:4 id x: does not fit type bigint (sheet "Orders")',
  ]);
  expect(table.rejectedCount).toBe(2);
});

test("a header alone is a table without rows", async () => {
  const table = await loadFiles(
    { "book.xlsx": book(["id", "v"]) },
    xlsxTable({ columns: { id: { type: "bigint" } } }),
  );
  expect(table.columns).toEqual(["id BIGINT", "v VARCHAR"]);
  expect(table.rows).toEqual([]);
});

test("a table of several slices keeps its rows in order and counts every reject", async () => {
  const rows = Array.from({ length: 130_000 }, (_, index) =>
    index === 125_000 ? ["x"] : [String(index)],
  );
  const table = await loadFiles(
    { "book.xlsx": makeXlsx({ sheets: [{ name: "S", rows: [["id"], ...rows] }] }) },
    xlsxTable({ columns: { id: { type: "int" } } }),
  );
  expect(table.rowCount).toBe(130_000);
  expect(table.rejects).toEqual(["book.xlsx:125002 id x: does not fit type int"]);
  const expected = rows.map((_row, index) => (index === 125_000 ? null : String(index)));
  expect(table.rows.map(([id]) => id)).toEqual(expected);
});

describe("several workbooks are one table", () => {
  test("by their headers, with kinds that hold the cells of all", async () => {
    const day = { value: DAY, format: "yyyy-mm-dd" };
    const noon = { value: NOON, format: "yyyy-mm-dd hh:mm:ss" };
    const table = await loadFiles(
      {
        "1.xlsx": book(["id", "v", "at", "note"], [1, 7, day, "x"]),
        "2.xlsx": book(["v", "id", "at"], [1.5, 2, noon], [null, 3, null]),
        "3.xlsx": book(["id", "more", "v"], [4, true, null]),
      },
      xlsxTable({ columns: { note: { hidden: true } } }),
    );
    expect(table.columns).toEqual(["id BIGINT", "v DOUBLE", "at TIMESTAMP", "more BOOLEAN"]);
    expect(table.rows).toEqual([
      ["1", "7.0", "2024-02-29 00:00:00", null],
      ["2", "1.5", "2024-02-29 12:00:00.5", null],
      ["3", null, null, null],
      ["4", null, null, "true"],
    ]);
    expect(table.warnings).toEqual([]);
  });

  test("where cells have nothing in common, the text of each, and the cell is named", async () => {
    const table = await loadFiles(
      {
        "1.xlsx": book(["id", "v"], [1, 7], [2, 0.25]),
        "2.xlsx": book(["v", "id"], [3, 3], ["n/a", 4]),
      },
      xlsxTable(),
    );
    expect(table.columns).toEqual(["id BIGINT", "v VARCHAR"]);
    expect(table.rows.map(([, v]) => v)).toEqual(["7", "0.25", "3", "n/a"]);
    expect(table.warnings).toEqual([
      'column "v" is read as text: it holds 3 numbers, 1 text (first in A3 of sheet "S" in "2.xlsx")',
    ]);
  });

  test("one that is broken fails the load by its name", async () => {
    const files = { "1.xlsx": book(["id"], [1]), "2.xlsx": Buffer.from("id\n2\n") };
    await expect(loadFiles(files, xlsxTable())).rejects.toMatchObject({
      message: 'file "2.xlsx": the file is not an .xlsx workbook but plain text, perhaps CSV',
      hint: expect.stringContaining("format: csv"),
    });
  });

  test("warnings say which workbook and sheet they are about", async () => {
    const { warnings } = await loadFiles(
      { "1.xlsx": book(["id", "v"], [1, 1]), "2.xlsx": book(["id", "v"], [2, 2, "x"]) },
      xlsxTable(),
    );
    expect(warnings).toEqual([
      '"2.xlsx", sheet "S": column C has values, first in C2, but no name in row 1',
    ]);
  });
});
