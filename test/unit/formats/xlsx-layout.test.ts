import { describe, expect, test } from "vitest";
import { type CellInput, makeXlsx } from "../../../examples/data/make-xlsx.ts";
import { LIMITS } from "../../../src/core/limits.ts";
import { columnLetters, parseRange } from "../../../src/formats/xlsx-reference.ts";
import { readTable } from "../../support/xlsx-rows.ts";

const sheet = (...rows: CellInput[][]): Buffer => makeXlsx({ sheets: [{ name: "S", rows }] });
const sheetXml = (body: string, prefix = ""): Buffer => {
  const colon = prefix === "" ? "" : `${prefix}:`;
  const xmlns = `xmlns${prefix === "" ? "" : `:${prefix}`}="urn:any"`;
  const xml = `<${colon}worksheet ${xmlns}><${colon}sheetData>${body}</${colon}sheetData></${colon}worksheet>`;
  return makeXlsx({ sheets: [{ name: "S", xml }] });
};
const inline = (text: string): string => `<is><t>${text}</t></is>`;

async function headersAndRows(
  book: Buffer,
  options = {},
): Promise<[string[], readonly (readonly (string | null)[])[]]> {
  const { columns, rows } = await readTable(book, options);
  return [columns.map(({ header }) => header), rows];
}

describe("the table is the smallest rectangle that holds header and values", () => {
  test("it may begin anywhere, and styled empty cells around it are nothing", async () => {
    const border = { format: "0.00" };
    const book = sheet(
      [border, border],
      [],
      [border, null, "id", "v", border, border],
      [border, null, 1, "a", border],
      [border, border, border, border],
      [null, null, 2, "b"],
      [border, { value: "" }, { value: "", formula: '""' }, border],
      [],
      [border],
    );
    expect(await headersAndRows(book)).toEqual([
      ["id", "v"],
      [
        ["1", "a"],
        [null, null],
        ["2", "b"],
      ],
    ]);
  });

  test("an empty column between two others stays, and nothing shifts", async () => {
    const book = sheet(["id", null, "v"], [1, null, "a"]);
    expect(await headersAndRows(book)).toEqual([["id", "", "v"], [["1", null, "a"]]]);
  });

  test("an empty first column ends nothing, and what the dimension says is not believed", async () => {
    const xml = (ref: string): string =>
      `<worksheet><dimension ref="${ref}"/><sheetData><row r="1"><c r="B1" t="inlineStr">${inline("id")}</c><c r="C1" t="inlineStr">${inline("v")}</c></row><row r="2"><c r="A2" s="1"/><c r="C2"><v>7</v></c></row><row r="3"><c r="A3" s="1"/></row><row r="4"><c r="B4"><v>2</v></c></row></sheetData></worksheet>`;
    for (const ref of ["A1", "B1:B1", "A1:XFD1048576", "nonsense"]) {
      const book = makeXlsx({ sheets: [{ name: "S", xml: xml(ref) }] });
      // The empty cell above 2 is NULL, and not the value of its neighbour.
      const rows = [
        [null, "7"],
        [null, null],
        ["2", null],
      ];
      expect(await headersAndRows(book)).toEqual([["id", "v"], rows]);
    }
  });

  test("a header alone is a table without rows", async () => {
    const { columns, rows } = await readTable(sheet(["id", "v"]));
    expect(columns.map(({ header, kind }) => [header, kind])).toEqual([
      ["id", "text"],
      ["v", "text"],
    ]);
    expect(rows).toEqual([]);
  });

  test("values without a name keep their column, and a warning says where they are", async () => {
    const { columns, rows, warnings } = await readTable(sheet(["a", "b"], [1, 2], [3, 4, "note"]));
    expect(columns.map(({ header }) => header)).toEqual(["a", "b", ""]);
    expect(rows).toEqual([
      ["1", "2", null],
      ["3", "4", "note"],
    ]);
    expect(warnings).toEqual(["column C has values, first in C3, but no name in row 1"]);
  });

  test("only the first cell of merged ones has their value", async () => {
    const book = makeXlsx({
      sheets: [
        {
          name: "S",
          rows: [
            ["id", "Size"],
            [1, 10, 20],
          ],
          merged: ["B1:C1"],
        },
      ],
    });
    expect(await headersAndRows(book)).toEqual([["id", "Size", ""], [["1", "10", "20"]]]);
  });

  test("a long stretch of empty rows is kept and told", async () => {
    const book = sheetXml(
      `<row r="1"><c r="A1" t="inlineStr">${inline("id")}</c></row><row r="2"><c r="A2"><v>1</v></c></row><row r="5000"><c r="A5000"><v>2</v></c></row>`,
    );
    const { rows, warnings } = await readTable(book);
    expect(rows).toHaveLength(4_999);
    expect(rows[4_998]).toEqual(["2"]);
    expect(warnings).toEqual(["4997 empty rows below row 2 are rows of NULL"]);
  });
});

describe("the header", () => {
  test("cells of any type are names as they are written down", async () => {
    const book = sheet(["id", 2024, true, { value: 45_322, format: 14 }, " v "], [1, 2, 3, 4, 5]);
    const [headers] = await headersAndRows(book);
    expect(headers).toEqual(["id", "2024", "TRUE", "2024-01-31", "v"]);
  });

  test("header: false makes every row data", async () => {
    const book = sheet([1, "a"], [2, "b"]);
    expect(await headersAndRows(book, { header: false })).toEqual([
      ["", ""],
      [
        ["1", "a"],
        ["2", "b"],
      ],
    ]);
  });

  test("header_row names the row, and what is above it is no data", async () => {
    const book = sheet(["Report", "2024"], ["id", "v"], [1, "a"]);
    expect(await headersAndRows(book, { header_row: 2 })).toEqual([["id", "v"], [["1", "a"]]]);
    await expect(readTable(book, { header_row: 4 })).rejects.toThrow(
      'row 4 of sheet "S", which should be the header, is empty',
    );
    await expect(readTable(book, { header: false, header_row: 2 })).rejects.toThrow("contradicts");
  });

  test("a title that an empty row parts from the names is left out with a warning", async () => {
    const { columns, rows, warnings } = await readTable(
      sheet(["Sales 2024"], ["in euro"], [], ["id", "v"], [1, "a"]),
    );
    expect(columns.map(({ header }) => header)).toEqual(["id", "v"]);
    expect(rows).toEqual([["1", "a"]]);
    expect(warnings).toEqual([
      "row 4 is taken as the header; rows 1 to 2 above it are left out as a title",
    ]);
  });

  test("one cell above a wider table is an error with the cure", async () => {
    await expect(readTable(sheet(["Sales 2024"], ["id", "v"], [1, "a"]))).rejects.toMatchObject({
      message:
        'the header of sheet "S" is not clear: A1 is a single cell above a table of 2 columns',
      hint: "Set xlsx: { header_row: 2 }, if that row holds the column names, or xlsx: { range: … }.",
    });
  });

  test("a table of one column has a header of one cell", async () => {
    const book = sheet(["id"], ...Array.from({ length: 30 }, (_, index) => [index]));
    const [headers, rows] = await headersAndRows(book);
    expect(headers).toEqual(["id"]);
    expect(rows).toHaveLength(30);
  });
});

test.each<[object, string[], (string | null)[][]]>([
  [{ range: "B2:C3" }, ["b", "c"], [["1", "2"]]],
  [
    { range: "b2:c" },
    ["b", "c"],
    [
      ["1", "2"],
      ["4", "5"],
      ["t", "9"],
    ],
  ],
  [
    { range: "C2" },
    ["c", "d"],
    [
      ["2", "3"],
      ["5", "6"],
      ["9", null],
    ],
  ],
  [{ range: "C:C", header_row: 2 }, ["c"], [["2"], ["5"], ["9"]]],
  [
    { range: "B2:D", skip_footer: 1 },
    ["b", "c", "d"],
    [
      ["1", "2", "3"],
      ["4", "5", "6"],
    ],
  ],
  [{ range: "B2:D", skip_footer: 2 }, ["b", "c", "d"], [["1", "2", "3"]]],
  [{ range: "B2:D", skip_footer: 9 }, ["b", "c", "d"], []],
  [
    { range: "A2:Z100" },
    ["b", "c", "d"],
    [
      ["1", "2", "3"],
      ["4", "5", "6"],
      ["t", "9", null],
    ],
  ],
])("%j", async (options, headers, rows) => {
  const book = sheet(
    ["Report"],
    [null, "b", "c", "d"],
    [null, 1, 2, 3],
    [null, 4, 5, 6],
    [null, "t", 9],
  );
  expect(await headersAndRows(book, options)).toEqual([headers, rows]);
});

test("the footer is no part of what decides a column's kind", async () => {
  const book = sheet(["id", "v"], [1, 10], [2, 20], ["Total", 30]);
  const { columns, rows } = await readTable(book, { skip_footer: 1 });
  expect(columns.map(({ kind }) => kind)).toEqual(["bigint", "bigint"]);
  expect(rows).toHaveLength(2);
});

test("ranges are checked", () => {
  expect(parseRange("B3:H")).toEqual({
    firstColumn: 1,
    lastColumn: 7,
    firstRow: 3,
    lastRow: 1_048_576,
  });
  for (const range of ["H3:B", "B9:C3", "XFE1", "B0", "A1:B1048577", "3:4", "A1:B2:C3"]) {
    expect(() => parseRange(range)).toThrow(`"${range}" is not a range of cells`);
  }
  expect([0, 25, 26, 701, 702, 16_383].map(columnLetters)).toEqual([
    "A",
    "Z",
    "AA",
    "ZZ",
    "AAA",
    "XFD",
  ]);
});

describe("what writers do differently", () => {
  test("rows and cells without a reference follow each other", async () => {
    const book = sheetXml(
      `<row><c t="inlineStr">${inline("id")}</c><c t="inlineStr">${inline("v")}</c></row><row><c><v>1</v></c><c r="B2"><v>2</v></c></row>`,
    );
    expect(await headersAndRows(book)).toEqual([["id", "v"], [["1", "2"]]]);
  });

  test("elements may have a prefix", async () => {
    const book = sheetXml(
      '<x:row r="1"><x:c r="A1" t="str"><x:v>id</x:v></x:c></x:row><x:row r="2"><x:c r="A2"><x:v>7</x:v></x:c></x:row>',
      "x",
    );
    expect(await headersAndRows(book)).toEqual([["id"], [["7"]]]);
  });

  test("cells may stand in any order, and unknown elements anywhere", async () => {
    const book = sheetXml(
      `<row r="1"><c r="B1" t="inlineStr">${inline("v")}</c><c r="A1" t="inlineStr">${inline("id")}</c></row><new><c r="A9"><v>9</v></c></new><row r="2"><c r="b2"><ext><v>8</v></ext><v>2</v></c><c r="a2"><!-- one --><v>1</v></c></row>`,
    );
    expect(await headersAndRows(book)).toEqual([["id", "v"], [["1", "2"]]]);
  });

  test.each([
    ['<row r="0"/>', "a row number is out of range"],
    ['<row r="4294967295"/>', "a row number is out of range"],
    ['<row r="2"/><row r="1"/>', "row 1 stands behind row 2"],
    ['<row r="1"><c r="A2"><v>1</v></c></row>', "names row 2"],
    ['<row r="1"><c r="XFE1"><v>1</v></c></row>', "beyond column XFD"],
    ['<row r="1"><c r="1A"><v>1</v></c></row>', '"1A" is no cell reference'],
    ['<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>', "A1 occurs twice"],
    ['<row r="1"><c r="A1" t="x"><v>1</v></c></row>', "unknown type"],
    ['<row r="1"><c r="A1" t="s"><v>5</v></c></row>', "shared string 5"],
  ])("%s is refused", async (body, reason) => {
    await expect(readTable(sheetXml(body))).rejects.toThrow(reason);
  });
});

describe("sheets", () => {
  const book = makeXlsx({
    sheets: [
      { name: "Secret", state: "hidden", rows: [["s"], [1]] },
      { name: "Orders", rows: [["o"], [2]] },
      { name: "2024", rows: [["y"], [4]] },
      { name: "Données été 日本", rows: [["d"], [3]] },
    ],
  });

  test.each([
    [undefined, "o"],
    ["Secret", "s"],
    [1, "s"],
    [4, "d"],
    ["2", "o"],
    ["2024", "y"],
    [2024, "y"],
    ["orders", "o"],
    ["Données été 日本", "d"],
  ])("%j is found", async (wanted, header) => {
    const [headers] = await headersAndRows(book, wanted === undefined ? {} : { sheet: wanted });
    expect(headers).toEqual([header]);
  });

  test("one that is not there is refused with those that are", async () => {
    await expect(readTable(book, { sheet: "Order" })).rejects.toMatchObject({
      message: 'the workbook has no sheet "Order"',
      detail: 'Its sheets are 1 "Secret" (hidden), 2 "Orders", 3 "2024", 4 "Données été 日本".',
      hint: 'Perhaps you meant "Orders".',
    });
    await expect(readTable(book, { sheet: 5 })).rejects.toThrow("no sheet number 5");
  });

  test("an empty one is refused", async () => {
    await expect(readTable(sheet())).rejects.toThrow('sheet "S" is empty');
    await expect(readTable(sheet(["a"]), { range: "B2" })).rejects.toThrow("range B2 of sheet");
  });
});

test("a table that is too wide, too large or too sparse is refused with the cell to look at", async () => {
  const limits = { ...LIMITS.workbook, columns: 3, cells: 8, gridCells: 100 };
  const wide = sheet(["a", "b"], [1, 2], [3, 4, null, null, 5]);
  await expect(readTable(wide, {}, { limits })).rejects.toMatchObject({
    message: 'the table in sheet "S" has 5 columns, and a table can have at most 3',
    detail: "The last one is used in cell E3.",
  });
  const large = sheet(["a", "b", "c"], [1, 2, 3], [1, 2, 3]);
  await expect(readTable(large, {}, { limits })).rejects.toThrow("more than 8 cells");
  const sparse = sheetXml(
    '<row r="1"><c r="A1" t="str"><v>a</v></c></row><row r="2"><c r="A2"><v>1</v></c></row><row r="999"><c r="A999"><v>1</v></c></row>',
  );
  await expect(readTable(sparse, {}, { limits })).rejects.toThrow("spans 998 rows and 1 columns");
});

test("a sheet larger than memory keeps comes back whole and in order from its file", async () => {
  const text = "a text of some length ".repeat(40);
  const rows = Array.from({ length: 10_000 }, (_, index) => [
    index,
    index / 4,
    `text ${index % 97}`,
    { value: `${text}${index}`, inline: true },
    index % 3 === 0,
  ]);
  const table = await readTable(sheet(["i", "d", "s", "t", "b"], ...rows));
  expect(table.columns.map(({ kind }) => kind)).toEqual([
    "bigint",
    "double",
    "text",
    "text",
    "boolean",
  ]);
  const expected = rows.map((_row, index) => [
    String(index),
    String(index / 4),
    `text ${index % 97}`,
    `${text}${index}`,
    String(index % 3 === 0),
  ]);
  expect(table.rows).toEqual(expected);
});
