import fc from "fast-check";
import { expect, test } from "vitest";
import { makeXlsx } from "../../../examples/data/make-xlsx.ts";
import { CellSkimmer, NOT_SKIMMED } from "../../../src/formats/xlsx-cell-skimmer.ts";
import { readTable } from "../../support/xlsx-rows.ts";

/** A cell's XML in the usual form, for column B of a row. */
const cell = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => ["", `<v>${n}</v>`]),
  fc.integer().map((n) => [' s="1"', `<v>${n}</v>`]),
  fc.double({ min: 0, max: 60_000, noNaN: true }).map((n) => [' s="2"', `<f>A1*2</f><v>${n}</v>`]),
  fc.boolean().map((b) => [' t="b"', `<v>${b ? 1 : 0}</v>`]),
  fc.constantFrom("s", "1", "x").map((v) => [' s="1" t="str"', `<f>"a"</f><v>${v}</v>`]),
  fc
    .string({ unit: fc.constantFrom("a", "é", "日", "😀", "&amp;", "&#65;", " ", "_x0041_") })
    .map((text) => [' t="inlineStr"', `<is><t xml:space="preserve">${text}</t></is>`]),
  fc.constantFrom("#N/A", "#REF!").map((v) => [' t="e"', `<v>${v}</v>`]),
  fc.constantFrom(
    ["", ""],
    [' s="1"', "<f>A1</f>"],
    [' t="str"', "<v></v>"],
    [' t="str"', "<f>A1</f>"],
    [' t="str"', "<f>A1</f><v></v>"],
    ["", "<v></v>"],
    ["", "<v>-</v>"],
    ["", "<v>.</v>"],
    [' t="inlineStr"', "<is><t></t></is>"],
    [' t="s"', "<v>0</v>"],
  ),
);

/** A sheet of these cells, where `gap` stands in every tag of a cell. */
function sheet(cells: readonly (readonly string[])[], gap: string): Buffer {
  const rows = cells.map(([attributes = "", content = ""], index) => {
    const row = index + 2;
    return `<row r="${row}"><c r="A${row}"${gap}><v>${row}</v></c><c r="B${row}"${attributes}${gap}>${content}</c></row>`;
  });
  const xml = `<worksheet><sheetData><row r="1"><c r="A1" t="str"><v>a</v></c><c r="B1" t="str"><v>b</v></c></row>${rows.join("")}</sheetData></worksheet>`;
  return makeXlsx({
    sheets: [
      { name: "S", xml },
      { name: "Styles", rows: [["shared", { value: 1, format: "0.0" }, { value: 1, format: 14 }]] },
    ],
  });
}

test("cells in their usual form are read as the tokenizer reads them", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(cell, { minLength: 1, maxLength: 12 }), async (cells) => {
      const [skimmed, tokenized] = await Promise.all([
        readTable(sheet(cells, "")),
        // A blank before the end of a tag is as good XML, but not the usual form.
        readTable(sheet(cells, " ")),
      ]);
      const comparable = (table: typeof skimmed): unknown => ({
        ...table,
        columns: table.columns.map(({ census: _counts, ...column }) => column),
      });
      expect(comparable(skimmed)).toEqual(comparable(tokenized));
    }),
    { numRuns: 60 },
  );
});

test.each([
  '<c r="B12" s="3" t="s"><v>7</v></c>',
  '<c r="B12"><f>A1+1</f><v>-1.5</v></c>',
  '<c r="B12" t="inlineStr"><is><t>é</t></is></c>',
  '<c r="B12" t="inlineStr"><is><t xml:space="preserve"> x </t></is></c>',
  '<c r="B12" t="b"><v>1</v></c>',
  '<c r="B12" s="3"/>',
  '<c r="B12" s="3"></c>',
])("%s is taken whole or not at all, whatever lies behind it", (xml) => {
  const bytes = Buffer.from(`..${xml}</row>`);
  const end = 2 + Buffer.byteLength(xml);
  const skimmer = new CellSkimmer();
  for (let length = 2; length <= bytes.length; length++) {
    const result = skimmer.read(bytes, 2, length);
    expect(result, `of ${length} bytes`).toBe(length < end ? NOT_SKIMMED : end);
  }
  expect([skimmer.column, skimmer.row]).toEqual([1, 12]);
});

test.each([
  '<col min="1" max="2"/>',
  "<c><v>1</v></c>",
  '<c s="1"><v>1</v></c>',
  '<c r="12"><v>1</v></c>',
  '<c r="B"><v>1</v></c>',
  '<c r="b12"><v>1</v></c>',
  "<c r='B12'><v>1</v></c>",
  '<c r="B12" cm="1"><v>1</v></c>',
  '<c r="B12" s=""><v>1</v></c>',
  '<c r="B12" t="x"><v>1</v></c>',
  '<c r="B12" t="d"><v>2024-01-31</v></c>',
  '<c r="B12"><v>1</v><extLst/></c>',
  '<c r="B12"><!-- one --><v>1</v></c>',
  '<c r="B12"><f t="shared" si="0"/><v>1</v></c>',
  '<c r="B12" t="inlineStr"><is><r><t>x</t></r></is></c>',
  '<c r="B12"><is><t>x</t></is></c>',
  '<c r="B12"><v>1</w></c>',
])("%s is left to the tokenizer", (xml) => {
  const bytes = Buffer.from(xml);
  expect(new CellSkimmer().read(bytes, 0, bytes.length)).toBe(NOT_SKIMMED);
});
