import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { XlsxOptions } from "../../src/formats/format.ts";
import {
  type CellReject,
  type ColumnBatch,
  columnTitle,
  mixture,
  readSheet,
  type SheetColumn,
  type SheetReader,
  type WorkbookLimits,
} from "../../src/formats/xlsx.ts";

/** A sheet as a test compares it: values as text, NULL as null. */
export interface ReadTable {
  readonly columns: readonly SheetColumn[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly rejects: readonly CellReject[];
  readonly warnings: readonly string[];
}

/** Reads a workbook from its bytes, as a user's file would be. */
export async function readTable(
  workbook: Buffer,
  options: XlsxOptions = {},
  settings: { readonly limits?: WorkbookLimits; readonly asText?: ReadonlySet<number> } = {},
): Promise<ReadTable> {
  const directory = mkdtempSync(join(tmpdir(), "bucketgres-xlsx-"));
  try {
    const path = join(directory, "book.xlsx");
    writeFileSync(path, workbook);
    using reader = await readSheet(path, options, {
      temporaryDirectory: directory,
      limits: settings.limits,
    });
    const rejects: CellReject[] = [];
    const rows = await readAllRows(reader, settings.asText, rejects);
    return { columns: reader.columns, rows, rejects, warnings: allWarnings(reader) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** As of a table that this sheet alone makes. */
export function allWarnings(reader: SheetReader): string[] {
  const mixed = reader.columns.flatMap(({ header, letters, census }) => {
    const found = mixture([{ census, cellAt: (row) => `${letters}${row}` }]);
    return found === undefined ? [] : [`${columnTitle(header, letters)} ${found}`];
  });
  return [...reader.warnings, ...mixed];
}

export async function readAllRows(
  reader: SheetReader,
  asText?: ReadonlySet<number>,
  rejects: CellReject[] = [],
): Promise<(string | null)[][]> {
  const rows: (string | null)[][] = [];
  const kinds = reader.columns.map(({ kind }, index) => (asText?.has(index) ? "text" : kind));
  for await (const batch of reader.batches(kinds)) {
    for (let index = 0; index < batch.rowCount; index++) {
      rows.push(batch.columns.map((column) => valueText(column, index)));
    }
    rejects.push(...batch.rejects);
  }
  return rows;
}

function valueText(column: ColumnBatch | undefined, index: number): string | null {
  if (column?.valid[index] !== 1) return null;
  if (column.kind === "text") {
    return column.bytes.toString("utf8", column.ends[index - 1] ?? 0, column.ends[index]);
  }
  const value = column.values[index] ?? 0;
  switch (column.kind) {
    case "boolean":
      return value === 1 ? "true" : "false";
    case "date":
      return new Date(Number(value) * 86_400_000).toISOString().slice(0, 10);
    case "timestamp":
      return iso(value)
        .slice(0, 23)
        .replace("T", " ")
        .replace(/\.000$/, "");
    case "time":
    case "interval":
      return iso(value)
        .slice(11, 23)
        .replace(/\.000$/, "");
    default:
      return String(value);
  }
}

function iso(micros: number | bigint | string): string {
  return new Date(Number(micros) / 1000).toISOString();
}
