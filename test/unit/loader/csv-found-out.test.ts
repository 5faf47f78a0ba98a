import { expect, test } from "vitest";
import { csvTable, loadCsv, loadFiles } from "./load-files.ts";

async function column(values: readonly string[], delimiter = ";"): Promise<unknown> {
  const lines = values.map((value, row) => `${row}${delimiter}"${value}"\n`).join("");
  const table = await loadCsv(`id${delimiter}v\n${lines}`);
  return [table.columns[1], ...table.rows.map((row) => row[1])];
}

test("numbers that prove what comma and point mean are numbers", async () => {
  expect(await column(["1.234,56", "12.345.678,90", "7"])).toEqual([
    "v DECIMAL(18,2)",
    "1234.56",
    "12345678.90",
    "7.00",
  ]);
  expect(await column(["1,234.56", "12,345,678"], ",")).toEqual([
    "v DECIMAL(18,2)",
    "1234.56",
    "12345678.00",
  ]);
  expect(await column(["0,5", "12,75"])).toEqual(["v DECIMAL(18,2)", "0.50", "12.75"]);
  expect(await column(["1.234,56", "1.234"])).toEqual(["v DECIMAL(18,2)", "1234.56", "1234.00"]);
});

test("the example of the documentation becomes the table that is shown there", async () => {
  const table = await loadCsv(
    "day;customer;amount\n31.01.2024;00123;1.234,56\n29.02.2024;00124;7,00\n",
  );
  expect(table.columns).toEqual(["day DATE", "customer VARCHAR", "amount DECIMAL(18,2)"]);
  expect(table.warnings).toEqual([]);
});

test("one value at the file's end can prove it, or disprove it", async () => {
  const many = Array.from({ length: 9_000 }, () => "1,234");
  expect((await loadCsv(`a;v\n${many.map((v) => `1;${v}\n`).join("")}1;1,5\n`)).columns).toEqual([
    "a BIGINT",
    "v DECIMAL(18,3)",
  ]);
  const proven = Array.from({ length: 9_000 }, () => "1.234,5");
  const late = await loadCsv(`a;v\n${proven.map((v) => `1;${v}\n`).join("")}1;1,234.5\n`);
  expect(late.columns).toEqual(["a BIGINT", "v VARCHAR"]);
  expect(late.rows.at(-1)).toEqual(["1", "1,234.5"]);
});

test("numbers that prove nothing stay as they are, with a warning", async () => {
  const table = await loadCsv("id;v\n1;1,234\n2;5,678\n");
  expect(table.rows).toEqual([
    ["1", "1,234"],
    ["2", "5,678"],
  ]);
  expect(table.warnings).toEqual([
    'column "v" is text: the comma in its numbers may be a decimal mark or stand between thousands; set csv: { decimal: "," } or csv: { thousands: "," }',
  ]);
  expect(await column(["1.234", "5.6789"])).toEqual(["v DECIMAL(18,4)", "1.2340", "5.6789"]);
  expect(await column(["1.234,5", "1,234.5"])).toEqual(["v VARCHAR", "1.234,5", "1,234.5"]);
  // Where commas divide the fields, two numbers with one between may be a list.
  expect(await column(["1,5", "2,75"], ",")).toEqual(["v VARCHAR", "1,5", "2,75"]);
});

test("a declared numeric is read by the marks that its column proves", async () => {
  const table = await loadCsv("id;v\n1;1.234,5\n2;7\n", { columns: { v: { type: "numeric" } } });
  expect(table.rows).toEqual([
    ["1", "1234.5"],
    ["2", "7.0"],
  ]);
});

test("a row of totals is kept, and the warning names its line and what it changes", async () => {
  const table = await loadCsv("day;n\n2024-01-31;1\n2024-02-29;2\nSumme;3\n\n");
  expect(table.columns).toEqual(["day VARCHAR", "n BIGINT"]);
  expect(table.rows.at(-1)).toEqual(["Summe", "3"]);
  expect(table.warnings).toEqual([
    'line 4 of file "file.csv" begins with "Summe" and is kept as a row, and makes column "day" text: if it is no row, set csv: { skip_footer: 1 }',
  ]);
  const without = await loadCsv("day;n\n2024-01-31;1\nSumme;3\n", { csv: { skip_footer: 1 } });
  expect(without).toMatchObject({ columns: ["day DATE", "n BIGINT"], warnings: [] });
});

test("a header whose cells all look like data is used, with a warning", async () => {
  expect((await loadCsv("1,2024-01-31,9.50\n2,2024-02-29,7\n")).warnings).toEqual([
    'the header of file "file.csv" in line 1 looks like a row of data: if it is, set csv: { header: false }',
  ]);
  expect((await loadCsv("country,2019\nDE,1\n")).warnings).toEqual([]);
  expect((await loadCsv("2019,2020\n1,2\n")).warnings).toEqual([]);
  expect((await loadCsv("1,2\n3,4\n", { csv: { header: true } })).warnings).toEqual([]);
});

test("what is no UTF-8 is read as windows-1252 where nothing speaks against it, with a warning", async () => {
  const western = Buffer.from("id,name\n1,Jos\xe9\n2,\x80 5\n", "latin1");
  const table = await loadFiles({ "a.csv": western }, csvTable("a.csv"));
  expect(table.rows).toEqual([
    ["1", "José"],
    ["2", "€ 5"],
  ]);
  expect(table.warnings).toEqual([
    'file "a.csv" is not valid UTF-8, and was read as windows-1252: set csv: { encoding } to say what it is',
  ]);
});

test.each([
  ["UTF-8 with one broken byte", Buffer.concat([Buffer.from("a\né\n"), Buffer.from([0xe9, 0x0a])])],
  [
    "UTF-8 behind a broken byte",
    Buffer.concat([Buffer.from([0x61, 0xe9, 0x0a]), Buffer.from("é\n")]),
  ],
  ["Cyrillic of one byte each", Buffer.from("a\n\xcf\xf0\xe8\xe2\xe5\xf2\n", "latin1")],
  ["a byte that windows-1252 has not", Buffer.from("a\nx\x81 \n", "latin1")],
])("what may be something else than windows-1252 is refused: %s", async (_name, bytes) => {
  await expect(loadFiles({ "a.csv": bytes }, csvTable("a.csv"))).rejects.toMatchObject({
    sqlstate: "22021",
  });
});

test("UTF-16 without a byte order mark is recognized, with a warning", async () => {
  const little = Buffer.from("id,name\n1,x\n", "utf16le");
  for (const [bytes, name] of [
    [little, "utf-16le"],
    [Buffer.from(little).swap16(), "utf-16be"],
  ] as const) {
    const table = await loadFiles({ "a.csv": bytes }, csvTable("a.csv"));
    expect(table.rows).toEqual([["1", "x"]]);
    expect(table.warnings[0]).toContain(`was read as ${name}`);
  }
});
