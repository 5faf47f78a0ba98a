import { expect, test } from "vitest";
import { type CellInput, makeXlsx } from "../../../examples/data/make-xlsx.ts";
import type { TableDefinition } from "../../../src/catalog/catalog.ts";
import { csvTable, type LoadSettings, loadFiles } from "./load-files.ts";

function xlsxTable(settings: LoadSettings = {}): TableDefinition {
  return { ...csvTable("*.xlsx", settings), options: { format: "xlsx", xlsx: {} } };
}

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

test("several workbooks are one table by their headers, whose kinds they agree on", async () => {
  const table = await loadFiles(
    {
      "1.xlsx": book(["id", "v", "note"], [1, 7, "x"]),
      "2.xlsx": book(["v", "id"], [1.5, 2], ["n/a", 3]),
      "3.xlsx": book(["id", "more"], [4, true]),
    },
    xlsxTable({ columns: { note: { hidden: true } } }),
  );
  expect(table.columns).toEqual(["id BIGINT", "v VARCHAR", "more BOOLEAN"]);
  expect(table.rows).toEqual([
    ["1", "7", null],
    ["2", "1.5", null],
    ["3", "n/a", null],
    ["4", null, "true"],
  ]);
});
