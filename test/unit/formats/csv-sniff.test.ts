import { expect, test } from "vitest";
import { type CsvLayout, sniffCsv } from "../../../src/formats/csv-sniff.ts";
import type { CsvOptions } from "../../../src/formats/format.ts";

function sniff(text: string, options: CsvOptions = {}, format: "csv" | "tsv" = "csv"): CsvLayout {
  return sniffCsv({ options, format, file: "file.csv", head: Buffer.from(text), isWhole: true });
}

test.each([
  ["comma", "a,b;c\n1,2;3\n", ","],
  ["semicolon, with decimal commas", "a;b;c\n1,5;x;2,5\n3,5;y;4,5\n", ";"],
  ["tab, with commas in every field", "name\tplace\nDoe, J\tParis, FR\nRoe, R\tRome, IT\n", "\t"],
  ["pipe", "a|b\n1|x, y\n", "|"],
  ["comma where there is only one column", "a\n1\n2\n", ","],
])("the delimiter is found out: %s", (_name, text, delimiter) => {
  expect(sniff(text).dialect.delimiter).toBe(delimiter);
});

test("the option goes before what the file looks like, and so does the extension tsv", () => {
  expect(sniff("a,b\n1,2\n", { delimiter: ";" }).headers).toEqual(["a,b"]);
  expect(sniff("a,b\tc\n", {}, "tsv").headers).toEqual(["a,b", "c"]);
});

test("Excel's line sep=; names the delimiter and is no header", () => {
  expect(sniff("sep=;\r\na;b,c\r\n1;2\r\n")).toMatchObject({
    dialect: { delimiter: ";" },
    skipLines: 1,
    headers: ["a", "b,c"],
  });
});

test("the header is behind skipped lines, blank lines and comments", () => {
  expect(
    sniff('report "x\n\n# by a tool\n\n a , "b\nc" \n1,2\n', { skip: 1, comment: "#" }),
  ).toMatchObject({
    skipLines: 4,
    headers: ["a", "b\nc"],
  });
});

test("a title above the table is refused with the line where the header seems to be missing", () => {
  expect(() => sniff("Sales report\n\nid,name,amount\n1,a,10.5\n2,b,20.5\n")).toThrowError(
    /the header in line 1 of file "file\.csv" has fewer columns \(1\) than most rows have fields \(3\)/,
  );
});

test("a delimiter at the end of every row is no column of its own", () => {
  expect(sniff("a,b\n1,x,\n2,y,\n3,z,\n").headers).toEqual(["a", "b"]);
});

test("without a header there are as many columns as rows usually have fields", () => {
  expect(sniff("AD\t1\tx\nAE\t2\nAF\t3\ty\n", { header: false })).toMatchObject({
    hasHeader: false,
    skipLines: 0,
    headers: ["", "", ""],
  });
});

test.each([
  ["nothing", ""],
  ["blank lines", "\n\n  \n\n"],
])("a file of %s is refused as empty", (_name, text) => {
  expect(() => sniff(text)).toThrowError(/is empty/);
});

test("more columns than a table can have are refused", () => {
  expect(() =>
    sniff(Array.from({ length: 5001 }, (_, index) => `c${index}`).join(",")),
  ).toThrowError(expect.objectContaining({ sqlstate: "54011" }));
});
