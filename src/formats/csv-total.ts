/** Finds the row of totals with which a report ends, and which is no record like the others. */
import { open } from "node:fs/promises";
import { RecordScanner } from "./csv-records.ts";
import type { CsvLayout } from "./csv-sniff.ts";
import type { PlainText } from "./text-decode.ts";
import { lineAt } from "./text-line.ts";

export interface TotalRow {
  readonly line: number;
  /** Its first field. */
  readonly text: string;
}

const TAIL_BYTES = 64 * 1024;
const TOTAL =
  /^(?:grand |sub)?(?:total|totals|totale|totaal|sum|summe|summa|suma|somme|soma|gesamt|gesamtsumme|insgesamt)\s*:?$/i;

/** Where the last record's first field is a word such as Total; undefined where it is not. */
export async function findTotalRow(
  text: PlainText,
  layout: CsvLayout,
): Promise<TotalRow | undefined> {
  await using file = await open(text.path);
  const start = Math.max(text.bomBytes, text.bytes - TAIL_BYTES);
  const tail = Buffer.alloc(text.bytes - start);
  await file.read(tail, 0, tail.length, start);
  const end = tail.findLastIndex((byte) => byte !== 0x0a && byte !== 0x0d) + 1;
  const before = Math.max(tail.lastIndexOf(0x0a, end - 1), tail.lastIndexOf(0x0d, end - 1));
  // A last line that is longer than the tail is no row of totals.
  if (end === 0 || (before < 0 && start > text.bomBytes)) return undefined;
  const record = tail.subarray(before + 1, end);
  const scanner = new RecordScanner(layout.dialect);
  if (scanner.scan(record, 0, true) !== "record") return undefined;
  const first = scanner.fields(record, 0)[0]?.trim() ?? "";
  if (scanner.fieldEnds.length < 2 || !TOTAL.test(first)) return undefined;
  const line = await lineAt(text.path, start + before + 1);
  const isHeader = line <= layout.skipLines + (layout.hasHeader ? 1 : 0);
  return isHeader ? undefined : { line, text: first };
}
