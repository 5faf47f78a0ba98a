import { expect, test } from "vitest";
import type { CsvOptions } from "../../../src/formats/format.ts";
import { csvTable, loadCsv, loadFiles } from "./load-files.ts";

type Rows = readonly (readonly (string | null)[])[];

/** What the option makes of the file; without it the result is another. */
const OPTIONS: readonly [name: string, csv: CsvOptions, text: string, rows: Rows][] = [
  ["delimiter", { delimiter: ";" }, "a,b;c\n1,x;3\n", [["1,x", "3"]]],
  ["delimiter of several characters", { delimiter: "||" }, "a||b\n1|2||3\n", [["1|2", "3"]]],
  ["quote", { quote: "'" }, "a,b\n'1,2',3\n", [["1,2", "3"]]],
  ["no quote", { quote: "" }, 'a,b\n"1,2"\n', [['"1', '2"']]],
  ["escape", { escape: "\\" }, 'a,b\n"1\\"2",3\n', [['1"2', "3"]]],
  [
    "header",
    { header: false },
    "a,b\nc,d\n",
    [
      ["a", "b"],
      ["c", "d"],
    ],
  ],
  ["skip", { skip: 2 }, "x,y\nz,w\na,b\n1,2\n", [["1", "2"]]],
  ["skip_footer", { skip_footer: 1 }, "a,b\n1,2\n3,4\n", [["1", "2"]]],
  ["comment", { comment: "#" }, "a,b\n#1,2\n3,4\n", [["3", "4"]]],
  [
    "null",
    { null: ["NA", "-"] },
    "a,b\nNA,x\n1,-\n2,\n",
    [
      [null, "x"],
      ["1", null],
      ["2", ""],
    ],
  ],
  ["decimal", { decimal: "," }, "a;b\n1,234;2\n", [["1.234", "2"]]],
  ["thousands", { thousands: "'" }, "a,b\n1'234,2\n", [["1234", "2"]]],
  ["date_format", { date_format: "%d.%m.%y" }, "a,b\n05.01.24,2\n", [["2024-01-05", "2"]]],
  [
    "timestamp_format",
    { timestamp_format: "%Y%m%dT%H%M" },
    "a,b\n20240105T0607,2\n",
    [["2024-01-05 06:07:00", "2"]],
  ],
  [
    "true and false",
    { true: ["ja"], false: ["nein"] },
    "a,b\nja,1\nnein,2\n",
    [
      ["true", "1"],
      ["false", "2"],
    ],
  ],
];

test.each(OPTIONS)("the option %s does what it says", async (_name, csv, text, rows) => {
  const table = await loadCsv(text, { csv });
  expect(table.rows).toEqual(rows);
  expect(table.rejects).toEqual([]);
});

test.each(OPTIONS)("without the option %s the same file is another table", async (...option) => {
  const [, , text, rows] = option;
  const outcome = await loadCsv(text).catch((error: unknown) => error);
  expect(outcome).not.toMatchObject({ rows });
});

test("the option encoding says what the bytes stand for", async () => {
  const bytes = Buffer.from([0x61, 0x2c, 0x62, 0x0a, 0xc3, 0xa9, 0x2c, 0x32, 0x0a]);
  const load = (csv: CsvOptions): ReturnType<typeof loadFiles> =>
    loadFiles({ "a.csv": bytes }, csvTable("a.csv", { csv }));
  expect((await load({})).rows).toEqual([["é", "2"]]);
  expect((await load({ encoding: "windows-1252" })).rows).toEqual([["Ã©", "2"]]);
});

test("the option max_line_size bounds a row, and the error names its line", async () => {
  const text = `a,b\n1,x\n2,${"y".repeat(3_000_000)}\n`;
  expect((await loadCsv(text)).rowCount).toBe(2);
  await expect(loadCsv(text, { csv: { max_line_size: "1MB" } })).rejects.toMatchObject({
    sqlstate: "54000",
    message: 'the row in line 3 of file "file.csv" is longer than 1048576 bytes',
  });
});

test("the option max_line_size also lets a row be longer than by default", async () => {
  const text = `a,b\n1,${"y".repeat(17 * 1024 * 1024)}\n`;
  await expect(loadCsv(text)).rejects.toMatchObject({ sqlstate: "54000" });
  expect((await loadCsv(text, { csv: { max_line_size: "20MB" } })).rowCount).toBe(1);
});

test.each<[string, CsvOptions, string, string]>([
  [
    "a quote that is never closed",
    { quote: "'" },
    "a,b\n1,it's\n2,'x\n",
    'unterminated CSV quoted field in line 3 of file "file.csv": 2,\'x',
  ],
  [
    "a compression that it has not",
    { compression: "zstd" },
    "a,b\n1,2\n",
    'file "file.csv" is not zstd data',
  ],
  [
    "an encoding that it is not in",
    { encoding: "utf-16le" },
    "a,b\n1,2\n3",
    'file "file.csv" is not valid text in encoding utf-16le',
  ],
  [
    "more lines to skip than there are",
    { skip: 9 },
    "a,b\n1,2\n",
    'file "file.csv" is empty: it has no header line',
  ],
])("an option that contradicts the file is an error: %s", async (_name, csv, text, message) => {
  await expect(loadCsv(text, { csv })).rejects.toMatchObject({ message });
});
