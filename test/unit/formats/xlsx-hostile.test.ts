import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { makeXlsx, makeZip } from "../../../examples/data/make-xlsx.ts";
import { PgError } from "../../../src/core/pg-error.ts";
import { readSheet } from "../../../src/formats/xlsx.ts";
import { readTable } from "../../support/xlsx-rows.ts";

const good = makeXlsx({
  sheets: [
    {
      name: "S",
      rows: [
        ["id", "v"],
        [1, "a"],
      ],
    },
  ],
});

/** [MS-CFB]: a header, then a folder in sector 0 that names these streams. */
function compoundFile(...streams: string[]): Buffer {
  const header = Buffer.alloc(512);
  Buffer.from("d0cf11e0a1b11ae1", "hex").copy(header);
  header.writeUInt16LE(9, 30);
  header.writeUInt32LE(0, 48);
  const folder = streams.map((name) =>
    Buffer.concat([Buffer.from(`${name}\0`, "utf16le"), Buffer.alloc(128)]).subarray(0, 128),
  );
  return Buffer.concat([header, ...folder]);
}

describe("files of another kind are refused by what they are", () => {
  test.each([
    ["nothing", Buffer.alloc(0), "the file is empty", "Upload it again."],
    ["a CSV", Buffer.from("a;b\n1;x\n"), "plain text, perhaps CSV", "format: csv"],
    [
      "a CSV of Windows",
      Buffer.from("name;city\nJos\xe9;K\xf6ln\n", "latin1"),
      "plain text",
      "format: csv",
    ],
    ["a web export", Buffer.from("\n<html><table><tr><td>1"), "an HTML page", ".xlsx"],
    [
      "a spreadsheet of 2003",
      Buffer.from('<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>'),
      "an XML spreadsheet of 2003",
      ".xlsx",
    ],
    ["a PDF", Buffer.from("%PDF-1.7\n\u0001"), "a PDF", ".xlsx"],
    ["gzip", Buffer.from([0x1f, 0x8b, 8, 0]), "compressed with gzip", "Decompress"],
    ["noise", Buffer.from([1, 0, 2, 0, 3]), "in an unknown format", ".xlsx"],
    ["an .xls", compoundFile("Root Entry", "Workbook"), "a legacy .xls workbook", ".xlsx"],
    [
      "an encrypted workbook",
      compoundFile("Root Entry", "EncryptionInfo", "EncryptedPackage"),
      "the workbook is encrypted",
      "remove the password",
    ],
    ["an .xlsb", makeZip([{ name: "xl/workbook.bin", content: "x" }]), "(.xlsb)", ".xlsx"],
    [
      "an .ods",
      makeZip([
        { name: "mimetype", content: "x" },
        { name: "content.xml", content: "x" },
      ]),
      "(.ods)",
      ".xlsx",
    ],
    ["a .docx", makeZip([{ name: "word/document.xml", content: "x" }]), "(.docx)", ".xlsx"],
    ["another archive", makeZip([{ name: "a.csv", content: "x" }]), "not an .xlsx", "Unpack"],
  ])("%s", async (_what, bytes, message, hint) => {
    const error = await readTable(bytes).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(PgError);
    expect(error).toMatchObject({
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    });
  });
});

describe("files that are made to exhaust us", () => {
  /** A sheet of 1.5 GB in 1.5 MB: one deflated block, written many times. */
  function bomb(part: string, declared: number | undefined): Buffer {
    const block = deflateRawSync(Buffer.alloc(1 << 20, "x"), { finishFlush: 3 });
    const packed = Buffer.concat([
      ...Array.from({ length: 1500 }, () => block),
      deflateRawSync(""),
    ]);
    const entry = {
      name: part,
      content: "",
      packed,
      unpackedBytes: declared ?? 1500 << 20,
      crc: 0,
    };
    const parts = makeXlsx({ sheets: [{ name: "S", rows: [["a"]] }] });
    // The reader takes the last entry of a name, so the bomb is appended to a good workbook.
    return appendEntry(parts, entry);
  }

  test.each([
    ["a sheet", "xl/worksheets/sheet1.xml", undefined, "more than 400 times"],
    ["shared strings", "xl/sharedStrings.xml", undefined, "more than 400 times"],
    [
      "a sheet that understates its size",
      "xl/worksheets/sheet1.xml",
      9_000,
      "not what the archive says",
    ],
  ])("%s is refused in time and memory", async (_what, part, declared, message) => {
    const book = bomb(part, declared);
    const before = process.memoryUsage().rss;
    const start = performance.now();
    await expect(readTable(book)).rejects.toThrow(message);
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  });

  test("entities are refused before any is expanded", async () => {
    const laughs = Array.from(
      { length: 9 },
      (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`,
    );
    const xml = `<!DOCTYPE w [<!ENTITY l0 "lol">${laughs.join("")}]><worksheet>&l9;</worksheet>`;
    const book = makeXlsx({ sheets: [{ name: "S", xml }] });
    await expect(readTable(book)).rejects.toThrow("document type declaration (DTD)");
  });

  test("a long shared string in very many cells is refused before it is multiplied", async () => {
    const sharedStringsXml = `<sst><si><t>${"x".repeat(14 << 20)}</t></si></sst>`;
    const rows = (count: number, cells: number): string =>
      Array.from(
        { length: count },
        () => `<row>${'<c t="s"><v>0</v></c>'.repeat(cells)}</row>`,
      ).join("");
    for (const [body, message] of [
      [rows(1, 5), "row 1 holds more than 64 MB of text"],
      [rows(300, 1), "its cells hold more than 4096 MB of text"],
    ] as const) {
      const xml = `<worksheet><sheetData>${body}</sheetData></worksheet>`;
      const book = makeXlsx({ sheets: [{ name: "S", xml }], sharedStringsXml });
      const start = performance.now();
      await expect(readTable(book)).rejects.toThrow(message);
      expect(performance.now() - start).toBeLessThan(2_000);
    }
  });

  test("long texts come in batches of a bounded size", async () => {
    const sharedStringsXml = `<sst><si><t>id</t></si><si><t>${"x".repeat(5 << 20)}</t></si></sst>`;
    const rows = Array.from({ length: 11 }, () => '<row><c t="s"><v>1</v></c></row>').join("");
    const xml = `<worksheet><sheetData><row><c t="s"><v>0</v></c></row>${rows}</sheetData></worksheet>`;
    const directory = mkdtempSync(join(tmpdir(), "bucketgres-long-"));
    try {
      const path = join(directory, "book.xlsx");
      writeFileSync(path, makeXlsx({ sheets: [{ name: "S", xml }], sharedStringsXml }));
      using reader = await readSheet(path, {}, { temporaryDirectory: directory });
      const counts: [number, number][] = [];
      for await (const { firstRow, rowCount } of reader.batches())
        counts.push([firstRow, rowCount]);
      expect(counts).toEqual([
        [2, 4],
        [6, 4],
        [10, 3],
      ]);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  test("elements that nest without end are refused", async () => {
    const xml = `<worksheet>${"<sheetData>".repeat(1_000_000)}`;
    const start = performance.now();
    const book = makeXlsx({ sheets: [{ name: "S", xml }] });
    await expect(readTable(book)).rejects.toThrow("nest too deeply");
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  test.each([
    ["a tag", `<worksheet><sheetData a="${"x".repeat(30 << 20)}"/>`, "one tag is too large"],
    ["a comment", `<worksheet><!--${"-".repeat(30 << 20)}`, "one tag is too large"],
    ["attributes", `<worksheet ${'a="" '.repeat(5_000_000)}`, "one tag is too large"],
  ])("%s of 30 MB is refused before it was looked at many times", async (_what, xml, message) => {
    const book = makeXlsx({ sheets: [{ name: "S", xml }] });
    const start = performance.now();
    await expect(readTable(book)).rejects.toThrow(message);
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  test("a number format of a megabyte of brackets is read in no time", async () => {
    const rows = [["a"], [{ value: 1, format: "[".repeat(500_000) }]];
    const start = performance.now();
    await readTable(makeXlsx({ sheets: [{ name: "S", rows }] }));
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

test("a sheet whose XML stops after a whole row is refused, not shortened", async () => {
  const xml = '<worksheet><sheetData><row r="1"><c r="A1" t="str"><v>id</v></c></row>';
  const book = makeXlsx({ sheets: [{ name: "S", xml }] });
  await expect(readTable(book)).rejects.toThrow("ends unexpectedly inside <sheetData>");
});

test("a workbook with any of its bytes changed gives its rows or an error of the file", async () => {
  const rows = (await readTable(good)).rows;
  for (let index = 0; index < good.length; index += 29) {
    const noisy = Buffer.from(good);
    noisy[index] = (noisy[index] ?? 0) ^ 0x55;
    const outcome = await readTable(noisy).catch((error: unknown) => error);
    const table = outcome instanceof PgError ? { rows } : outcome;
    expect(table, `byte ${index}`).toMatchObject({ rows });
  }
});

test("a missing part is named", async () => {
  const sheetGone = makeXlsx({
    sheets: [{ name: "S", rows: [["a"]] }],
    parts: new Map([
      [
        "xl/_rels/workbook.xml.rels",
        '<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/gone.xml"/></Relationships>',
      ],
    ]),
  });
  await expect(readTable(sheetGone)).rejects.toThrow('no part "xl/worksheets/gone.xml"');
});

test("an abort ends the reading with its reason", async () => {
  const directory = mkdtempSync(join(tmpdir(), "bucketgres-abort-"));
  try {
    writeFileSync(`${directory}/book.xlsx`, good);
    const reason = new PgError("query_canceled", "canceling statement due to user request");
    const reading = readSheet(
      `${directory}/book.xlsx`,
      {},
      { temporaryDirectory: directory, signal: AbortSignal.abort(reason) },
    );
    await expect(reading).rejects.toBe(reason);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

/** Adds an entry behind the others of an archive. */
function appendEntry(zip: Buffer, entry: Parameters<typeof makeZip>[0][number]): Buffer {
  const end = zip.length - 22;
  const directoryStart = zip.readUInt32LE(end + 16);
  const other = makeZip([entry]);
  const otherEnd = other.length - 22;
  const otherDirectory = other.readUInt32LE(otherEnd + 16);
  const header = Buffer.from(other.subarray(otherDirectory, otherEnd));
  header.writeUInt32LE(directoryStart, 42);
  const newEnd = Buffer.from(zip.subarray(end));
  const count = newEnd.readUInt16LE(8) + 1;
  newEnd.writeUInt16LE(count, 8);
  newEnd.writeUInt16LE(count, 10);
  newEnd.writeUInt32LE(end - directoryStart + header.length, 12);
  newEnd.writeUInt32LE(directoryStart + otherDirectory, 16);
  return Buffer.concat([
    zip.subarray(0, directoryStart),
    other.subarray(0, otherDirectory),
    zip.subarray(directoryStart, end),
    header,
    newEnd,
  ]);
}
