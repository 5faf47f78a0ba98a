import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeXlsx } from "../../../examples/data/make-xlsx.ts";
import { listSheets, type SheetInfo } from "../../../src/formats/xlsx.ts";
import { readTable } from "../../support/xlsx-rows.ts";

/** The second of three tabs is a chart. */
const withChart = makeXlsx({
  sheets: [
    { name: "Secret", state: "veryHidden", rows: [["s"], [1]] },
    { name: "Chart", xml: "<chartsheet/>" },
    { name: "Données 日本", rows: [["d"], [3]] },
  ],
  parts: new Map([
    [
      "xl/_rels/workbook.xml.rels",
      `<Relationships>${["worksheet", "chartsheet", "worksheet"]
        .map(
          (kind, index) =>
            `<Relationship Id="rId${index + 1}" Type="x/${kind}" Target="worksheets/sheet${index + 1}.xml"/>`,
        )
        .join(
          "",
        )}<Relationship Id="rId4" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
    ],
  ]),
});

async function list(workbook: Buffer): Promise<readonly SheetInfo[]> {
  const directory = mkdtempSync(join(tmpdir(), "bucketgres-sheets-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, "book.xlsx"), workbook);
  return await listSheets(join(directory, "book.xlsx"));
}

test("every tab is listed with what it is", async () => {
  expect(await list(withChart)).toEqual([
    { name: "Secret", number: 1, state: "veryHidden", isWorksheet: true },
    { name: "Chart", number: 2, state: "visible", isWorksheet: false },
    { name: "Données 日本", number: 3, state: "visible", isWorksheet: true },
  ]);
});

test("sheets are listed without a look at what is in them", async () => {
  const broken = makeXlsx({
    sheets: [{ name: "S", xml: "no XML" }],
    sharedStringsXml: "neither",
    parts: new Map([["xl/styles.xml", "nor this"]]),
  });
  expect(await list(broken)).toMatchObject([{ name: "S" }]);
});

test("a chart is no sheet to read, and keeps its number", async () => {
  const headerOf = async (sheet?: string | number): Promise<string | undefined> =>
    (await readTable(withChart, sheet === undefined ? {} : { sheet })).columns[0]?.header;
  expect(await headerOf()).toBe("d");
  expect(await headerOf(3)).toBe("d");
  expect(await headerOf("données 日本")).toBe("d");
  for (const sheet of [2, "Chart"]) {
    await expect(readTable(withChart, { sheet })).rejects.toMatchObject({
      message: 'sheet "Chart" of the workbook is a chart, which holds no cells',
      detail: 'Its sheets are 1 "Secret" (hidden), 2 "Chart" (a chart), 3 "Données 日本".',
      hint: "Name one of them, or give its number.",
    });
  }
});
