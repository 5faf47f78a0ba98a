import fc from "fast-check";
import { expect, test } from "vitest";
import { PgError } from "../../../src/core/pg-error.ts";
import { CopyFields, NULL_FIELD } from "../../../src/engine-process/copy-in-fields.ts";
import { CopyLines } from "../../../src/engine-process/copy-in-lines.ts";

const TEXT = { format: "text", delimiter: "\t", nullText: "\\N", quote: '"', escape: '"' } as const;
const CSV = { ...TEXT, format: "csv", delimiter: ",", nullText: "" } as const;
type Format = typeof TEXT | typeof CSV;

/** All rows, or what is wrong with them and the line where it is. */
function rowsOf(chunks: readonly Buffer[], format: Format): unknown {
  const lines = new CopyLines(format);
  const fields = new CopyFields(format, 8);
  const rows: (string | null)[][] = [];
  const read = (): void => {
    while (lines.next() === "line") {
      fields.split(lines);
      rows.push(
        Array.from({ length: Math.min(8, fields.count) }, (_, column) => {
          const [start, end] = [fields.starts[column] ?? 0, fields.ends[column] ?? 0];
          return end === NULL_FIELD ? null : fields.bytes.toString("utf8", start, end);
        }),
      );
    }
  };
  try {
    for (const chunk of chunks) {
      lines.push(chunk);
      read();
    }
    lines.complete();
    read();
    return rows;
  } catch (error) {
    if (error instanceof PgError) return [rows, error.message, lines.lineNumber];
    throw error;
  }
}

const signs = fc.constantFrom(
  "a",
  "\t",
  ",",
  "\n",
  "\r",
  "\r\n",
  "\\",
  ".",
  "\\.",
  '"',
  "N",
  "1",
  "ä",
);
const data = fc.array(signs, { maxLength: 40 }).map((parts) => Buffer.from(parts.join("")));

test.each([
  ["text", TEXT],
  ["csv", CSV],
] as const)("cutting %s anywhere changes nothing", (_name, format) => {
  fc.assert(
    fc.property(data, fc.array(fc.nat(40), { maxLength: 6 }), (bytes, places) => {
      const cuts = [0, ...places.filter((at) => at < bytes.length), bytes.length].toSorted(
        (a, b) => a - b,
      );
      const chunks = cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
      expect(rowsOf(chunks, format)).toEqual(rowsOf([bytes], format));
    }),
    { numRuns: 2000 },
  );
});

const cell = fc.option(fc.string({ unit: signs, maxLength: 6 }), { nil: null });
const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), {
  minLength: 1,
  maxLength: 5,
});

test("what is written as PostgreSQL writes it is read back", () => {
  const escaped = (text: string): string =>
    text
      .replaceAll("\\", "\\\\")
      .replaceAll("\t", "\\t")
      .replaceAll("\n", "\\n")
      .replaceAll("\r", "\\r");
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  fc.assert(
    fc.property(table, (rows) => {
      const text = rows.map((row) => row.map((value) => (value === null ? "\\N" : escaped(value))));
      const csv = rows.map((row) => row.map((value) => (value === null ? "" : quoted(value))));
      const joined = (cells: string[][], sign: string): Buffer =>
        Buffer.from(cells.map((row) => `${row.join(sign)}\n`).join(""));
      expect(rowsOf([joined(text, "\t")], TEXT)).toEqual(rows);
      expect(rowsOf([joined(csv, ",")], CSV)).toEqual(rows);
    }),
    { numRuns: 1000 },
  );
});

test("a line in many small chunks is not copied for each of them", () => {
  const chunk = Buffer.alloc(1024, "x");
  const lines = new CopyLines(TEXT);
  for (let count = 0; count < 20_000; count += 1) {
    lines.push(chunk);
    expect(lines.next()).toBe("more");
  }
  lines.complete();
  expect(lines.next()).toBe("line");
  expect(lines.end - lines.start).toBe(20_000 * 1024);
});
