import { describe, expect, test } from "vitest";
import { type CellInput, makeXlsx } from "../../../examples/data/make-xlsx.ts";
import { loadFiles, xlsxTable } from "./load-files.ts";

interface LoadedColumn {
  readonly type: string;
  readonly values: readonly (string | null)[];
  readonly rejects: readonly string[];
  readonly warnings: readonly string[];
}

/** Loads a sheet whose first column has these cells, declared as a type or not. */
async function loadColumn(cells: readonly CellInput[], type?: string): Promise<LoadedColumn> {
  const rows = [["v", "row"], ...cells.map((cell, index) => [cell, index])];
  const columns = type === undefined ? {} : { v: { type } };
  const table = await loadFiles(
    { "book.xlsx": makeXlsx({ sheets: [{ name: "S", rows }] }) },
    xlsxTable({ columns }),
  );
  return {
    type: table.columns[0]?.replace("v ", "") ?? "",
    values: table.rows.map(([value]) => value ?? null),
    rejects: table.rejects,
    warnings: table.warnings,
  };
}

const raw = (text: string): CellInput => ({ raw: { xml: `<v>${text}</v>` } });
const date = (value: number): CellInput => ({ value, format: "yyyy-mm-dd" });
const moment = (value: number): CellInput => ({ value, format: "yyyy-mm-dd hh:mm:ss" });
const time = (value: number): CellInput => ({ value, format: "hh:mm" });

describe("numbers stored as text", () => {
  test.each<[string, CellInput[], string, (string | null)[]]>([
    ["are numbers if all of them are", ["1", "20", null], "BIGINT", ["1", "20", null]],
    ["may stand among numbers", [1, "7", 300], "BIGINT", ["1", "7", "300"]],
    ["keep their digits", ["1.50", "2.25"], "DECIMAL(18,2)", ["1.50", "2.25"]],
    ["stay text with leading zeros", ["00123", "4"], "VARCHAR", ["00123", "4"]],
    ["stay text with a sign", ["+49", "30"], "VARCHAR", ["+49", "30"]],
    ["stay text beside text", ["1", "n/a"], "VARCHAR", ["1", "n/a"]],
    ["may be dates", ["2024-02-29", date(45_322)], "DATE", ["2024-02-29", "2024-01-31"]],
    ["may be booleans", ["TRUE", false], "BOOLEAN", ["true", "false"]],
    ["are no dates with day and month in doubt", ["01/02/2024"], "VARCHAR", ["01/02/2024"]],
  ])("%s", async (_what, cells, type, values) => {
    expect(await loadColumn(cells)).toEqual({ type, values, rejects: [], warnings: [] });
  });

  test("a number whose format shows leading zeros is the number that the cell holds", async () => {
    const { type, values } = await loadColumn([{ value: 42, format: "00000" }]);
    expect([type, values]).toEqual(["BIGINT", ["42"]]);
  });
});

describe("a declared type gets exactly its values", () => {
  test.each<[string, CellInput[], string, (string | null)[], string[]]>([
    [
      "numeric(12,2)",
      [1, 12.5, 0.1 + 0.2, "3.10", 1.234],
      "DECIMAL(12,2)",
      ["1.00", "12.50", "0.30", "3.10", null],
      ["1.234"],
    ],
    ["numeric", [1.25, 7], "DECIMAL(38,2)", ["1.25", "7.00"], []],
    ["bigint", [1, 9_007_199_254_740_991], "BIGINT", ["1", "9007199254740991"], []],
    ["bigint", [5, 2.5, 1e19], "BIGINT", ["5", null, null], ["2.5", "10000000000000000000"]],
    ["int", ["7", 8], "INTEGER", ["7", "8"], []],
    ["double precision", [1, 2.5], "DOUBLE", ["1.0", "2.5"], []],
    ["double precision", [1, "2.5"], "DOUBLE", ["1.0", "2.5"], []],
    [
      "date",
      [date(45_322), "2024-02-29", moment(45_322.5)],
      "DATE",
      ["2024-01-31", "2024-02-29", null],
      ["2024-01-31 12:00:00"],
    ],
    ["date", [date(45_322), null], "DATE", ["2024-01-31", null], []],
    [
      "timestamp",
      [date(45_322), date(45_323)],
      "TIMESTAMP",
      ["2024-01-31 00:00:00", "2024-02-01 00:00:00"],
      [],
    ],
    ["timestamp", [date(45_322), "x"], "TIMESTAMP", ["2024-01-31 00:00:00", null], ["x"]],
    ["time", [time(0.75), "06:30"], "TIME", ["18:00:00", "06:30:00"], []],
    [
      "boolean",
      [true, 0, "yes", "perhaps"],
      "BOOLEAN",
      ["true", "false", "true", null],
      ["perhaps"],
    ],
    ["boolean", [true, false], "BOOLEAN", ["true", "false"], []],
    ["interval", [{ value: 1.25, format: "[h]:mm" }], "INTERVAL", ["30:00:00"], []],
  ])("%s of %j", async (declared, cells, type, values, rejected) => {
    const column = await loadColumn(cells, declared);
    expect([column.type, column.values]).toEqual([type, values]);
    const expected = rejected.map((value) => ` v ${value}: does not fit type ${declared}`);
    expect(column.rejects.map((reject) => reject.replace(/^\S+/, ""))).toEqual(expected);
    expect(column.warnings).toEqual([]);
  });
});

test("as text a cell is what a person would write down", async () => {
  const cells = [
    4_917_612_345_678,
    1e21,
    1e-7,
    0.1 + 0.2,
    -1234.5678,
    raw("1.2345678901234567E+19"),
    raw("12345678901234567890"),
    raw("0.1234567890123456"),
    raw("1E+300"),
    true,
    date(45_322),
    moment(45_322.75),
    time(0.5),
    "00123",
  ];
  const { type, values, rejects } = await loadColumn(cells, "text");
  expect([type, rejects]).toEqual(["VARCHAR", []]);
  expect(values).toEqual([
    "4917612345678",
    "1000000000000000000000",
    "0.0000001",
    "0.3",
    "-1234.5678",
    "12345678901234567000",
    "12345678901234567890",
    "0.1234567890123456",
    "1e+300",
    "TRUE",
    "2024-01-31",
    "2024-01-31 18:00:00",
    "12:00:00",
    "00123",
  ]);
});
