import { describe, expect, test } from "vitest";
import { type CellInput, makeXlsx } from "../../../examples/data/make-xlsx.ts";
import { type ReadTable, readTable } from "../../support/xlsx-rows.ts";

/** Reads a sheet of one column, whose cells these are. */
async function readColumn(...cells: CellInput[]): Promise<ReadTable> {
  // A second column keeps rows alive in which the cell is empty.
  const rows = [["v", "row"], ...cells.map((cell, index) => [cell, index])];
  return await readTable(makeXlsx({ sheets: [{ name: "S", rows }] }));
}

const date = (value: number): CellInput => ({ value, format: "yyyy-mm-dd" });
const timestamp = (value: number): CellInput => ({ value, format: "dd.mm.yyyy hh:mm:ss" });
const time = (value: number): CellInput => ({ value, format: "hh:mm" });
const duration = (value: number): CellInput => ({ value, format: "[h]:mm:ss" });
const raw = (xml: string, type?: string): CellInput => ({
  raw: type === undefined ? { xml } : { xml, type },
});

describe("a column's kind is that of all its cells", () => {
  test.each<[string, CellInput[], string, (string | null)[]]>([
    [
      "integers",
      [1, -2, null, 9_007_199_254_740_991],
      "bigint",
      ["1", "-2", null, "9007199254740991"],
    ],
    [
      "integers written as decimals",
      [raw("<v>1.0</v>"), raw("<v>2E3</v>")],
      "bigint",
      ["1", "2000"],
    ],
    ["one fraction among integers", [1, 2.5, 3], "double", ["1", "2.5", "3"]],
    ["numbers beyond 2^53", [1, 1e300], "double", ["1", "1e+300"]],
    ["shortest decimals", [0.1, 1e-7, -1234.5678], "double", ["0.1", "1e-7", "-1234.5678"]],
    ["17 digits", [raw("<v>0.30000000000000004</v>")], "double", ["0.30000000000000004"]],
    ["booleans", [true, false, null], "boolean", ["true", "false", null]],
    ["dates", [date(45_322), date(61)], "date", ["2024-01-31", "1900-03-01"]],
    [
      "dates and times of day",
      [date(45_322), timestamp(45_322.75)],
      "timestamp",
      ["2024-01-31 00:00:00", "2024-01-31 18:00:00"],
    ],
    [
      "times",
      [time(0), time(0.5), time(0.999_988_425_925_926)],
      "time",
      ["00:00:00", "12:00:00", "23:59:59"],
    ],
    ["durations", [duration(0.5), duration(0.25)], "interval", ["12:00:00", "06:00:00"]],
    ["text", ["a", "007", "1e5"], "text", ["a", "007", "1e5"]],
    ["nothing", [null, null], "text", [null, null]],
  ])("%s", async (_what, cells, kind, values) => {
    const { columns, rows, warnings } = await readColumn(...cells);
    expect(columns[0]).toMatchObject({ header: "v", letters: "A", kind });
    expect(rows.map(([value]) => value)).toEqual(values);
    expect(warnings).toEqual([]);
  });

  test("a column is not null only if every row has a value", async () => {
    expect((await readColumn(1, 2)).columns[0]?.notNull).toBe(true);
    expect((await readColumn(1, null)).columns[0]?.notNull).toBe(false);
    expect((await readColumn(1, { error: "#N/A" })).columns[0]?.notNull).toBe(false);
  });

  test("text far below decides, and the warning names its cell", async () => {
    const cells = Array.from({ length: 5_000 }, (_, index) => index);
    const { columns, rows, warnings } = await readColumn(...cells, "n/a");
    expect(columns[0]?.kind).toBe("text");
    expect(rows[4_999]?.[0]).toBe("4999");
    expect(rows[5_000]?.[0]).toBe("n/a");
    expect(warnings).toEqual([
      'column "v" is read as text: it holds 5000 numbers, 1 text (first in A5002)',
    ]);
  });

  test("in a mixed column every value is the text that Excel's reader would write down", async () => {
    const { rows, warnings } = await readColumn(
      "x",
      1,
      2.5,
      true,
      date(45_322),
      timestamp(45_322.5),
      time(0.25),
      duration(1.5),
      duration(-0.5),
    );
    expect(rows.map(([value]) => value)).toEqual([
      "x",
      "1",
      "2.5",
      "TRUE",
      "2024-01-31",
      "2024-01-31 12:00:00",
      "06:00:00",
      "36:00:00",
      "-12:00:00",
    ]);
    expect(warnings).toHaveLength(1);
  });

  test("the same text is given of a column that is asked for as text", async () => {
    const rows = [
      ["n", "d"],
      [1.5, date(45_322)],
      [2, date(45_323)],
    ];
    const book = makeXlsx({ sheets: [{ name: "S", rows }] });
    const table = await readTable(book, {}, { asText: new Set([0]) });
    expect(table.columns.map(({ kind }) => kind)).toEqual(["double", "date"]);
    expect(table.rows).toEqual([
      ["1.5", "2024-01-31"],
      ["2", "2024-02-01"],
    ]);
  });
});

describe("integers of more digits than a double holds", () => {
  test("are exact as long as bigint holds them", async () => {
    const { columns, rows } = await readColumn(
      1,
      raw("<v>9223372036854775807</v>"),
      raw("<v>-9223372036854775808</v>"),
      raw("<v>9007199254740993</v>"),
    );
    expect(columns[0]?.kind).toBe("bigint");
    expect(rows.map(([value]) => value)).toEqual([
      "1",
      "9223372036854775807",
      "-9223372036854775808",
      "9007199254740993",
    ]);
  });

  test("are text beyond that, or beside fractions, and never rounded", async () => {
    const huge = await readColumn(1, raw("<v>12345678901234567890</v>"));
    expect(huge.columns[0]?.kind).toBe("text");
    expect(huge.rows[1]?.[0]).toBe("12345678901234567890");
    expect(huge.warnings[0]).toContain("1 integer of more than 15 digits (first in A3)");
    const mixed = await readColumn(0.5, raw("<v>9007199254740993</v>"));
    expect(mixed.rows.map(([value]) => value)).toEqual(["0.5", "9007199254740993"]);
  });
});

describe("dates", () => {
  test("serial numbers are those days that Excel shows, in both systems", async () => {
    const days = [1, 59, 61, 25_569, 2_958_465];
    const { rows } = await readColumn(...days.map(date));
    expect(rows.map(([value]) => value)).toEqual([
      "1900-01-01",
      "1900-02-28",
      "1900-03-01",
      "1970-01-01",
      "9999-12-31",
    ]);
    const cells = [[date(0)], [date(43_860)], [timestamp(43_860.75)]];
    const book = makeXlsx({ is1904: true, sheets: [{ name: "S", rows: [["d"], ...cells] }] });
    expect((await readTable(book)).rows).toEqual([
      ["1904-01-01 00:00:00"],
      ["2024-01-31 00:00:00"],
      ["2024-01-31 18:00:00"],
    ]);
  });

  test("seconds and milliseconds are rounded, not cut", async () => {
    const { rows } = await readColumn(
      timestamp(45_351.999_988_426),
      timestamp(45_322.500_001_423_6),
      timestamp(45_322.999_999_999_9),
    );
    expect(rows.map(([value]) => value)).toEqual([
      "2024-02-29 23:59:59",
      "2024-01-31 12:00:00.123",
      "2024-02-01 00:00:00",
    ]);
  });

  test("numbers that are no date are rejected with their cell, not shifted to one", async () => {
    const { columns, rows, rejects } = await readColumn(
      date(45_322),
      date(60),
      date(0),
      date(-1),
      date(2_958_466),
    );
    expect(columns[0]?.kind).toBe("date");
    expect(rows.map(([value]) => value)).toEqual(["2024-01-31", null, null, null, null]);
    expect(rejects.map(({ row, column, value }) => [row, column, value])).toEqual([
      [3, 0, "60"],
      [4, 0, "0"],
      [5, 0, "-1"],
      [6, 0, "2958466"],
    ]);
  });

  test("a duration longer than an interval holds is a reject", async () => {
    const { columns, rows, rejects } = await readColumn(duration(0.5), duration(1e300));
    expect(columns[0]?.kind).toBe("interval");
    expect(rows.map(([value]) => value)).toEqual(["12:00:00", null]);
    expect(rejects).toMatchObject([{ row: 3, value: "1e+300" }]);
  });

  test("a time format on a number of a day or more is a moment, as Excel's formula bar says", async () => {
    const { columns, rows } = await readColumn(time(45_322.75));
    expect(columns[0]?.kind).toBe("timestamp");
    expect(rows[0]?.[0]).toBe("2024-01-31 18:00:00");
  });

  test("cells of type d are read from ISO 8601", async () => {
    const moments = await readColumn(
      raw("<v>2024-01-31</v>", "d"),
      raw("<v>2024-01-31T18:00:00.5Z</v>", "d"),
      raw("<v>2024-02-30</v>", "d"),
    );
    expect(moments.rows.map(([value]) => value)).toEqual([
      "2024-01-31 00:00:00",
      "2024-01-31 18:00:00.500",
      null,
    ]);
    expect(moments.rejects).toMatchObject([{ row: 4, value: "2024-02-30" }]);
    const times = await readColumn(raw("<v>18:30:00</v>", "d"));
    expect(times.columns[0]?.kind).toBe("time");
  });
});

describe("formulas and errors", () => {
  test("a formula is its saved result, of any type", async () => {
    const { columns, rows } = await readTable(
      makeXlsx({
        sheets: [
          {
            name: "S",
            rows: [
              ["n", "s", "b", "d"],
              [
                { formula: "1+2", value: 3 },
                { formula: '"ab"&"&c"', value: "ab&c" },
                { formula: "TRUE", value: true },
                { formula: "DATE(2024,1,31)", value: 45_322, format: 14 },
              ],
            ],
          },
        ],
      }),
    );
    expect(columns.map(({ kind }) => kind)).toEqual(["bigint", "text", "boolean", "date"]);
    expect(rows).toEqual([["3", "ab&c", "true", "2024-01-31"]]);
  });

  test("a formula without a saved result is NULL, counted and told with the cure", async () => {
    const { columns, rows, warnings } = await readColumn(
      1,
      { formula: "A2+1" },
      raw("<f>A2+2</f><v></v>"),
      raw("<f>A2&amp;1</f>", "str"),
    );
    expect(columns[0]?.kind).toBe("bigint");
    expect(rows.map(([value]) => value)).toEqual(["1", null, null, null]);
    expect(warnings).toEqual([
      "3 formulas without a saved result, first in A3, are NULL: open the workbook in a spreadsheet program and save it",
    ]);
  });

  test("an empty text is NULL and keeps no column from being numbers", async () => {
    const { columns, rows } = await readColumn(1, { formula: 'IF(A2,"","")', value: "" }, "", 2);
    expect(columns[0]?.kind).toBe("bigint");
    expect(rows.map(([value]) => value)).toEqual(["1", null, null, "2"]);
  });

  test("error values are NULL and rejects, and the column keeps its kind", async () => {
    const { columns, rows, rejects } = await readColumn(
      1.5,
      { error: "#N/A" },
      { error: "#DIV/0!", formula: "1/0" },
    );
    expect(columns[0]?.kind).toBe("double");
    expect(rows.map(([value]) => value)).toEqual(["1.5", null, null]);
    expect(rejects).toEqual([
      { row: 3, column: 0, value: "#N/A", reason: "the cell shows an error" },
      { row: 4, column: 0, value: "#DIV/0!", reason: "the cell shows an error" },
    ]);
  });

  test("text in a cell that claims to be a number is a reject", async () => {
    const { rows, rejects } = await readColumn(1, raw("<v>abc</v>"), raw("<v>7</v>", "b"));
    expect(rows.map(([value]) => value)).toEqual(["1", null, null]);
    expect(rejects.map(({ value }) => value)).toEqual(["abc", "7"]);
  });
});

describe("texts", () => {
  test("rich text is its runs, without the phonetic ones", async () => {
    const rich = "<r><rPr><b/></rPr><t>東</t></r><r><t>京</t></r>";
    const phonetic = '<rPh sb="0" eb="2"><t>トウキョウ</t></rPh><phoneticPr fontId="1"/>';
    const book = makeXlsx({
      sheets: [
        { name: "S", rows: [["v"], [raw(`<is>${rich}${phonetic}</is>`, "inlineStr")], ["y"]] },
      ],
      sharedStringsXml: `<sst xmlns="urn:x"><si><t>v</t></si><si>${rich}${phonetic}</si></sst>`,
    });
    expect((await readTable(book)).rows).toEqual([["東京"], ["東京"]]);
  });

  test.each([
    ["a_x000D_b", "a\rb"],
    ["_x005F_x0041_", "_x0041_"],
    ["a_x0000_b", "a_x0000_b"],
    ["_x00_ and _", "_x00_ and _"],
    ["  padded  ", "  padded  "],
    ["x\ny\tz", "x\ny\tz"],
    ["é".repeat(32_767), "é".repeat(32_767)],
    ["😀 <&> \"'", "😀 <&> \"'"],
  ])("%j is kept, shared or inside the cell", async (written, value) => {
    const { rows } = await readColumn(written, { value: written, inline: true });
    expect(rows.map(([text]) => text)).toEqual([value, value]);
  });

  test("texts longer than what is read at once survive", async () => {
    const long = "0123456789".repeat(300_000);
    const { rows } = await readColumn(long, { value: long, inline: true }, "end");
    expect(rows.map(([text]) => text?.length)).toEqual([3_000_000, 3_000_000, 3]);
  });
});
