import type { MessageWriter } from "./message-writer.ts";

/** Appends a DataRow of text values: for the few rows that the gateway itself answers with. */
export function writeDataRow(to: MessageWriter, values: readonly (string | undefined)[]): void {
  to.begin("D").uint16(values.length);
  for (const value of values) to.lengthPrefixed(value);
  to.end();
}

/**
 * Where the first `count` messages in `rows` end. `rows` holds whole DataRow messages only.
 * With fewer messages than `count` it is the end of the buffer.
 */
export function endOfRows(
  rows: Buffer,
  count: number,
): { readonly end: number; readonly rows: number } {
  let end = 0;
  let seen = 0;
  while (seen < count && end < rows.length) {
    end += 1 + rows.readUInt32BE(end + 1);
    seen += 1;
  }
  return { end, rows: seen };
}
