import fc from "fast-check";
import { expect, test } from "vitest";
import { type CsvDialect, RecordScanner } from "../../../src/formats/csv-records.ts";

const COMMAS: CsvDialect = { delimiter: ",", quote: '"', escape: '"' };

/** Every record of a whole file, or what broke it. */
function records(text: string, dialect: CsvDialect = COMMAS): (string[] | string)[] {
  const bytes = Buffer.from(text);
  const scanner = new RecordScanner(dialect);
  const all: (string[] | string)[] = [];
  for (let at = 0; at < bytes.length; at = scanner.next) {
    const outcome = scanner.scan(bytes, at, true);
    if (outcome !== "record") return [...all, outcome];
    all.push(scanner.fields(bytes, at));
  }
  return all;
}

test("every line end ends a record, and the last record needs none", () => {
  expect(records("a,b\n1,2\r\n3,4\r5,6")).toEqual([
    ["a", "b"],
    ["1", "2"],
    ["3", "4"],
    ["5", "6"],
  ]);
});

test("line ends, delimiters and doubled quotes in a quoted field are data", () => {
  expect(records('1,"a,b\r\nc ""d"""\n2,x\n')).toEqual([
    ["1", 'a,b\r\nc "d"'],
    ["2", "x"],
  ]);
});

test("a quote in the middle of an unquoted field is a character like any other", () => {
  expect(records('1,O"Brien\n2,"x"')).toEqual([
    ["1", 'O"Brien'],
    ["2", "x"],
  ]);
});

test("one space may stand before a quote, and any number behind it, as in DuckDB", () => {
  expect(records('1, "a,b"  \n2,  "c"\n')).toEqual([
    ["1", "a,b"],
    ["2", '  "c"'],
  ]);
});

test("an escape character of its own takes the next quote or escape as it is", () => {
  const dialect = { delimiter: ",", quote: '"', escape: "\\" };
  expect(records('1,"say \\"hi\\" \\\\ \\n"', dialect)).toEqual([["1", 'say "hi" \\ \\n']]);
});

test("without a quote character nothing is quoted", () => {
  expect(records('1,"a\n2,b"', { delimiter: ",", quote: "", escape: "" })).toEqual([
    ["1", '"a'],
    ["2", 'b"'],
  ]);
});

test("a delimiter may have several characters, of which one alone is data", () => {
  const dialect = { delimiter: "||", quote: '"', escape: '"' };
  expect(records('a|b||"c||d"\n', dialect)).toEqual([["a|b", "c||d"]]);
});

test("a quote that is not closed, and text behind one, break the file", () => {
  expect(records('a\n"b\nc')).toEqual([["a"], "unterminated quote"]);
  expect(records('a\n"b"c\n')).toEqual([["a"], "text after a closing quote"]);
});

test("a record is incomplete until its line end is there, wherever the piece ends", () => {
  const bytes = Buffer.from('1,"a""b\r\nc",é\r\n2\n');
  const scanner = new RecordScanner(COMMAS);
  const whole = Buffer.from('1,"a""b\r\nc",é\r\n').length;
  for (let end = 0; end < whole; end += 1) {
    expect(scanner.scan(bytes.subarray(0, end), 0, false)).toBe("incomplete");
  }
  expect(scanner.scan(bytes.subarray(0, whole), 0, false)).toBe("record");
  expect(scanner.next).toBe(whole);
  expect(scanner.lines).toBe(2);
});

test("whatever a writer quotes by the rules is read back", () => {
  const field = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", " ", "é", "\t") });
  const table = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { minLength: 1 });
  fc.assert(
    fc.property(table, fc.constantFrom("\n", "\r\n", "\r"), (rows, lineEnd) => {
      const written = rows
        .map((row) => row.map((text) => `"${text.replaceAll('"', '""')}"`).join(","))
        .join(lineEnd);
      expect(records(written)).toEqual(rows);
    }),
  );
});
