import { expect, test } from "vitest";
import { csvTable, loadFiles } from "./load-files.ts";

const load = (content: string, csv: Parameters<typeof csvTable>[1] = {}) =>
  loadFiles({ "a.csv": content }, csvTable("a.csv", csv));

test.each([
  ["a header with a break of its own, as Excel writes it", 'a,"b\nc"\r\n1,2\r\n3,4\r\n', 2],
  ["the same with a semicolon", '"Order\nnumber";Amount\r\n1;2\r\n', 1],
  ["the same the other way round", 'a,"b\r\nc"\n1,2\n3,4\n', 2],
  ["the same among carriage returns", 'a,"b\nc"\r1,2\r', 1],
  ["a delimiter line of another kind", "sep=;\na;b\r\n1;2\r\n", 1],
  ["the same the other way round", "sep=,\r\na,b\n1,2\n", 1],
  ["blank lines of several kinds", "\r\n\na,b\n1,2\n", 1],
  ["a header of another kind than the rows", "a,b\n1,2\r\n3,4\r\n", 2],
])("no row is lost behind %s", async (_name, content, rowCount) => {
  const table = await load(content);
  expect(table.rowCount).toBe(rowCount);
  expect(table.columns.map((column) => column.split(" ").at(-1))).toEqual(["BIGINT", "BIGINT"]);
  expect(table.rejects).toEqual([]);
});

test.each(["junk\na,b\r\n1,2\r\n", "junk\r\na,b\n1,2\n"])(
  "no row is lost behind lines that are skipped: %j",
  async (content) => {
    const table = await load(content, { csv: { skip: 1 } });
    expect(table.rows).toEqual([["1", "2"]]);
  },
);

test("with tens of thousands of rows, and declared types, nothing is lost either", async () => {
  const rows = Array.from({ length: 30_000 }, (_, row) => `${row},${row * 2}\r\n`).join("");
  const table = await load(`a,"b\nc"\r\n${rows}`, { columns: { a: { type: "integer" } } });
  expect(table.rowCount).toBe(30_000);
  expect(table.rows.at(-1)).toEqual(["29999", "59998"]);
});

test.each([
  [
    "a ragged row",
    'a,b\r\n1,"x\r\ny"\r\n2\r\n',
    {},
    [
      ["1", "x\r\ny"],
      ["2", null],
    ],
  ],
  ["a footer", 'a,b\r\n1,"x\r\ny"\r\nend,\r\n', { csv: { skip_footer: 1 } }, [["1", "x\r\ny"]]],
  ["comments", 'a,b\r\n1,"x\r\ny"\r\n#c\r\n', { csv: { comment: "#" } }, [["1", "x\r\ny"]]],
  [
    "mixed line ends",
    'a,b\r\n1,"x\r\ny"\r\n2,q\n',
    {},
    [
      ["1", "x\r\ny"],
      ["2", "q"],
    ],
  ],
  [
    "a bad value",
    'a,b\r\nq,"x\r\ny"\r\n2,3\r\n',
    { columns: { a: { type: "integer" } } },
    [
      [null, "x\r\ny"],
      ["2", "3"],
    ],
  ],
])(
  "a break inside a field stays where there is also %s",
  async (_name, content, settings, rows) => {
    expect((await load(content, settings)).rows).toEqual(rows);
  },
);

test("without a header the first row may hold a break of another kind", async () => {
  const table = await load('1,"b\r\nc"\n1,2\n', { csv: { header: false } });
  expect(table.rows).toEqual([
    ["1", "b\r\nc"],
    ["1", "2"],
  ]);
});

test("fields that are missing are NULL, whatever means NULL in the file", async () => {
  const none = await load("a,b,c\nx,y,z\nq\n", { csv: { null: [] } });
  expect(none.rows[1]).toEqual(["q", null, null]);
  const odd = await load("a,b,c\nx,y,z\nq\n", { csv: { null: ["a,b"] } });
  expect(odd.rows[1]).toEqual(["q", null, null]);
  const hive = await load("a\u0001b\n1\u0001x\n2\n", { csv: { delimiter: "\u0001" } });
  expect(hive.rows[1]).toEqual(["2", null]);
});

test("a file of nothing but blank lines counts for nothing among others", async () => {
  const table = await loadFiles({ "a.csv": "a\n1\n", "b.csv": "\r\n\n" }, csvTable("*.csv"));
  expect(table.rows).toEqual([["1"]]);
  expect(table.warnings).toEqual(['file "b.csv" is empty']);
  await expect(load("\n\n")).rejects.toMatchObject({ message: 'file "a.csv" is empty' });
});
