import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { csvTable, loadCsv, loadFiles } from "./load-files.ts";

test("files of other shapes are one table, and lose nothing", async () => {
  const table = await loadFiles(
    {
      "1-unix.csv": "id,name\n1,a\n2,b\n",
      "2-windows.csv": "name;id\r\nc;3\r\nd;4\r\n",
      "3-mac.csv": "id,name\r5,e\r6,f",
      "4-mixed.csv": "id,name\n7,g\r\n8,h\r9,i\n",
      "5-utf16.csv": Buffer.from("\ufeffname\tid\nj\t10\n", "utf16le"),
      "6-latin.csv": Buffer.from("id,name\n11,\xe9\n", "latin1"),
      "7-header.csv": "id,name\n",
      "8-packed.csv": gzipSync("id,name\n12,k\n"),
      "9-empty.csv": "",
    },
    csvTable("*.csv"),
  );
  expect(table.columns).toEqual(["id BIGINT", "name VARCHAR"]);
  expect(table.rows.map(([id]) => Number(id))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect(table.rows.map(([, name]) => name).join("")).toBe("abcdefghijék");
  expect(table.rejects).toEqual([]);
  expect(table.warnings).toEqual([
    'file "6-latin.csv" is not valid UTF-8, and was read as windows-1252: set csv: { encoding } to say what it is',
    'file "9-empty.csv" is empty',
  ]);
});

test("warnings say which files lack columns, and which have some of their own", async () => {
  const usual = "a,b,c,d,e\n1,2,3,4,5\n";
  const table = await loadCsv({
    "1.csv": usual,
    "2.csv": usual,
    "3.csv": "a,b,x\n1,2,3\n",
    "4.csv": usual,
    "5.csv": "a\n1\n",
    "6.csv": usual,
  });
  expect(table.warnings).toEqual([
    'file "3.csv" lacks columns that most files have, which are NULL there: "c", "d", "e"',
    'file "5.csv" lacks columns that most files have, which are NULL there: "b", "c", "d" and 1 more',
    'file "3.csv" has columns that most files lack: "x"',
  ]);
});

test("of many such files three are named, and the others counted", async () => {
  const usual = Array.from({ length: 7 }, (_, index) => [`b${index}.csv`, "a,b\n1,2\n"]);
  const short = Array.from({ length: 5 }, (_, index) => [`a${index}.csv`, "a\n1\n"]);
  const table = await loadCsv(Object.fromEntries([...usual, ...short]));
  expect(table.warnings.at(-1)).toBe("2 more such files");
  expect(table.warnings).toHaveLength(4);
});

test("a warning says which file made a column's type another", async () => {
  const table = await loadCsv({
    "1.csv": "zip,v\n90210,1\n",
    "2.csv": "zip,v\n01234,2.5\n",
    "3.csv": "zip,v\n10115,\n",
  });
  expect(table.columns).toEqual(["zip VARCHAR", "v DECIMAL(18,1)"]);
  expect(table.warnings).toEqual([
    'column "zip" is text, because its files differ: bigint in "1.csv", "3.csv"; text in "2.csv"',
    'column "v" is numeric(18,1), because its files differ: bigint in "1.csv"; numeric(18,1) in "2.csv"',
  ]);
});

test("rejects name the file and its own line, whatever the file is like", async () => {
  const table = await loadCsv(
    { "1.csv": "n,v\n1,a\n", "2.csv": "\r\nv;n\r\nb;x\r\n", "3.csv": "n,v\n3,c\n4,d,e\n" },
    { columns: { n: { type: "int" } } },
  );
  expect(table.rejects).toEqual([
    "2.csv:3 n x: does not fit type int",
    "3.csv:3 null 4,d,e: the row has 3 fields, the table 2 columns: it is left out",
  ]);
});
