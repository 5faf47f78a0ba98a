import { expect, test } from "vitest";
import { loadCsv } from "./load-files.ts";

test("a value that does not fit its declared type is NULL, and listed with its line", async () => {
  const text = 'id,amount,note\n1,9.50,"two\nlines"\n2,n/a,x\n\nthree,1.239,y\n';
  const table = await loadCsv(text, {
    columns: { id: { type: "bigint" }, amount: { type: "numeric(10,2)" } },
  });
  expect(table.columns).toEqual(["id BIGINT", "amount DECIMAL(10,2)", "note VARCHAR"]);
  expect(table.rows).toEqual([
    ["1", "9.50", "two\nlines"],
    ["2", null, "x"],
    [null, null, "y"],
  ]);
  expect(table.rejects.toSorted()).toEqual([
    "file.csv:4 amount n/a: does not fit type numeric(10,2)",
    "file.csv:6 amount 1.239: does not fit type numeric(10,2)",
    "file.csv:6 id three: does not fit type bigint",
  ]);
  expect(table.rejectedCount).toBe(3);
});

test("on_bad_value: fail names the first such value's line, column and text", async () => {
  await expect(
    loadCsv("id,v\n1,7\n2,1.5\n3,x\n", { columns: { v: { type: "int" } }, onBadValue: "fail" }),
  ).rejects.toMatchObject({
    sqlstate: "22P02",
    message: 'invalid input syntax for type int: "1.5" (file "file.csv", line 3, column "v")',
  });
});

test("a row with too few fields is kept and listed, one with too many is listed", async () => {
  const table = await loadCsv("a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12,\n13,14,15\n");
  expect(table.rows).toEqual([
    ["1", "2", "3"],
    ["4", "5", null],
    ["10", "11", "12"],
    ["13", "14", "15"],
  ]);
  expect(table.rejects).toEqual([
    "file.csv:3 c 4,5: the row has 2 fields, the table 3 columns: the missing ones are NULL",
    "file.csv:4 null 6,7,8,9: the row has 4 fields, the table 3 columns: it is left out",
  ]);
});

test("a footer with too few fields does not change what types the columns have", async () => {
  const table = await loadCsv("id|name|day\n1|a|2024-01-31\n2|b|2024-02-29\n(2 rows)\n");
  expect(table.columns).toEqual(["id BIGINT", "name VARCHAR", "day DATE"]);
  expect(table.rows.at(-1)).toEqual([null, null, null]);
  expect(table.rejects.toSorted()).toEqual([
    "file.csv:4 id (2 rows): does not fit type bigint",
    "file.csv:4 name (2 rows): the row has 1 field, the table 3 columns: the missing ones are NULL",
  ]);
});

test.each([
  [
    "too few",
    "a,b,c\n1,2,3\n4,5\n",
    'missing data for column "c" in line 3 of file "file.csv": 4,5',
  ],
  [
    "too many",
    "a,b\n1,2\n3,4\n5,6,7\n",
    'extra data after last expected column in line 4 of file "file.csv": 5,6,7',
  ],
])("on_bad_value: fail refuses a row with %s fields", async (_name, text, message) => {
  await expect(loadCsv(text, { onBadValue: "fail" })).rejects.toMatchObject({
    sqlstate: "22P04",
    message,
  });
});

test("a damaged row far behind the sample is found, too", async () => {
  const rows = Array.from({ length: 50_000 }, (_, row) => `${row + 1},v\n`).join("");
  const table = await loadCsv(`a,b\n${rows}50001,v,extra\n50002,w\n`);
  expect(table.rowCount).toBe(50_001);
  expect(table.rejects).toEqual([
    "file.csv:50002 null 50001,v,extra: the row has 3 fields, the table 2 columns: it is left out",
  ]);
});

test("a quote that is never closed is an error with its line, whatever on_bad_value says", async () => {
  await expect(loadCsv('a,b\n1,x\n2,"oops\n3,y\n')).rejects.toMatchObject({
    sqlstate: "22P04",
    message: 'unterminated CSV quoted field in line 3 of file "file.csv": 2,"oops',
  });
});

test("line ends of all kinds may be mixed", async () => {
  const table = await loadCsv("a,b\n1,x\r\n2,y\r3,z\n");
  expect(table.rows).toEqual([
    ["1", "x"],
    ["2", "y"],
    ["3", "z"],
  ]);
  expect(table.rejects).toEqual([]);
});

test("comments are whole lines, and a footer is left out", async () => {
  const table = await loadCsv('# a\na,b\n1,x # y\n#2,z\n3,"#q"\nTotal,4\n', {
    csv: { comment: "#", skip_footer: 1 },
  });
  expect(table.columns).toEqual(["a BIGINT", "b VARCHAR"]);
  expect(table.rows).toEqual([
    ["1", "x # y"],
    ["3", "#q"],
  ]);
});

test("hidden columns are not stored, and others get the names of the catalog", async () => {
  const table = await loadCsv("Order ID,Kunde,note,,a\n1,2,3,4,5\n", {
    columns: { note: { hidden: true }, Kunde: { name: "customer_id" } },
  });
  expect(table.columns).toEqual([
    "order_id BIGINT",
    "customer_id BIGINT",
    "column_4 BIGINT",
    "a BIGINT",
  ]);
  expect(table.rows).toEqual([["1", "2", "4", "5"]]);
});

test("a column of the catalog that the file does not have is an error", async () => {
  await expect(
    loadCsv("id,v\n1,2\n", { columns: { amount: { type: "int" } } }),
  ).rejects.toMatchObject({
    sqlstate: "42703",
    message: 'the source has no column "amount"',
  });
});

test("without a header the columns are numbered and every line is a row", async () => {
  const table = await loadCsv("1,x\n2,y\n", { csv: { header: false } });
  expect(table.columns).toEqual(["column_1 BIGINT", "column_2 VARCHAR"]);
  expect(table.rowCount).toBe(2);
});

test("several files are one table by the names in their headers, and typed together", async () => {
  const table = await loadCsv(
    {
      "1.csv": "zip,n\n90210,1\n",
      "2.csv": "n;zip;extra\n2;01234;x\nbad;5;y\n",
      "3.csv": "",
    },
    { columns: { n: { type: "int" } } },
  );
  expect(table.columns).toEqual(["zip VARCHAR", "n INTEGER", "extra VARCHAR"]);
  expect(table.rows).toEqual([
    ["90210", "1", null],
    ["01234", "2", "x"],
    ["5", null, "y"],
  ]);
  expect(table.rejects).toEqual(["2.csv:3 n bad: does not fit type int"]);
  expect(table.warnings).toEqual([
    'file "3.csv" is empty',
    'file "2.csv" has columns that most files lack: "extra"',
    'column "zip" is text, because its files differ: bigint in "1.csv"; text in "2.csv"',
  ]);
});

test("declared types take what PostgreSQL takes, exactly", async () => {
  const values = {
    smallint: ["+007", "-32768"],
    numeric: ["1.5", "00.125"],
    "numeric(6,2)": ["1.500", "+2"],
    real: ["1.5", "1e3"],
    boolean: ["yes", "0"],
    "varchar(3)": ["abc", "a"],
    date: ["2024-01-31", " 2024-02-29"],
    time: ["08:30", "08:30:01"],
    timestamp: ["2024-01-31", "2024-01-31 08:30"],
    timestamptz: ["2024-01-31 12:00:00", "2024-01-31 12:00:00+02"],
    interval: ["1 day", "01:30:00"],
    uuid: ["A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12"],
    jsonb: ['{"a": 1}', "[1]"],
    bytea: ["\\x4142", "\\x"],
    text: ["007", " x "],
  };
  const types = Object.keys(values);
  const row = (index: 0 | 1): string =>
    Object.values(values)
      .map((pair) => `'${pair[index]}'`)
      .join(";");
  const header = types.map((_type, index) => `c${index}`).join(";");
  const table = await loadCsv(`${header}\n${row(0)}\n${row(1)}\n`, {
    csv: { quote: "'" },
    columns: Object.fromEntries(types.map((type, index) => [`c${index}`, { type }])),
  });
  expect(table.rejects).toEqual([]);
  const read = types.map((type, index) => [type, ...table.rows.map((it) => it[index])]);
  expect(Object.fromEntries(read.map(([type, ...pair]) => [type, pair]))).toEqual({
    smallint: ["7", "-32768"],
    numeric: ["1.500", "0.125"],
    "numeric(6,2)": ["1.50", "2.00"],
    real: ["1.5", "1000.0"],
    boolean: ["true", "false"],
    "varchar(3)": ["abc", "a"],
    date: ["2024-01-31", "2024-02-29"],
    time: ["08:30:00", "08:30:01"],
    timestamp: ["2024-01-31 00:00:00", "2024-01-31 08:30:00"],
    timestamptz: ["2024-01-31 12:00:00+00", "2024-01-31 10:00:00+00"],
    interval: ["1 day", "01:30:00"],
    uuid: ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12"],
    jsonb: ['{"a": 1}', "[1]"],
    bytea: ["AB", ""],
    text: ["007", " x "],
  });
});

test("declared types refuse what they would have to change", async () => {
  const values: Readonly<Record<string, string>> = {
    int: "1.0",
    integer: "3000000000",
    bigint: "0x1F",
    smallint: "1_000",
    "numeric(4,2)": "123.45",
    "double precision": "1e400",
    float8: "1e-400",
    boolean: "maybe",
    "varchar(3)": "abcd",
    date: "2024-02-01 12:34:56",
    timestamp: "2024-01-31 12:00:00+02",
    time: "25:00:00",
    uuid: "x",
    jsonb: "{",
    bytea: "AB",
  };
  const types = Object.keys(values);
  const header = types.map((_type, index) => `c${index}`).join(";");
  const table = await loadCsv(`${header}\n${Object.values(values).join(";")}\n`, {
    columns: Object.fromEntries(types.map((type, index) => [`c${index}`, { type }])),
  });
  expect(table.rows).toEqual([types.map(() => null)]);
  expect(table.rejectedCount).toBe(types.length);
});
