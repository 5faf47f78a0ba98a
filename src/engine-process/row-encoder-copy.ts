/** What COPY TO STDOUT writes around and into cells: escapes, quotes, headers and trailers. */
import { copyCell, escapeTable } from "../protocol/copy-cell.ts";
import type { RowFormat } from "./row-encoder.ts";
import type { PageWriter } from "./row-encoder-page.ts";

type CopyFormat = Exclude<RowFormat, { readonly kind: "data-row" }>;
type CsvFormat = Extract<RowFormat, { readonly kind: "copy-csv" }>;
type TextFormat = Extract<RowFormat, { readonly kind: "copy-text" }>;

const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const COPY_DATA = 0x64;

/** Brings a cell that was written as plain text into the form of its COPY format, in place. */
export type CellFinisher = (page: PageWriter, start: number, end: number, column: number) => number;

/**
 * The finisher of a format. It is given the cell's place in the page's buffer, may make the buffer
 * grow, and answers the cell's new end. `slack` is what has to stay free behind it.
 */
export function cellFinisher(
  format: TextFormat | CsvFormat,
  columnCount: number,
  slack: number,
): CellFinisher {
  return format.kind === "copy-text"
    ? textFinisher(format, slack)
    : csvFinisher(format, columnCount, slack);
}

function textFinisher({ delimiter }: TextFormat, slack: number): CellFinisher {
  const table = escapeTable(delimiter);
  return (page, start, end) => {
    let escapes = 0;
    const { buffer } = page;
    for (let index = start; index < end; index += 1) {
      if (table[buffer[index] as number] !== 0) escapes += 1;
    }
    if (escapes === 0) return end;
    page.length = end;
    page.reserve(escapes + slack);
    const bytes = page.buffer;
    // From the end, so that nothing is overwritten before it has moved.
    let to = end + escapes;
    for (let index = end - 1; index >= start; index -= 1) {
      const byte = bytes[index] as number;
      const letter = table[byte] as number;
      to -= 1;
      bytes[to] = letter === 0 ? byte : letter;
      if (letter !== 0) {
        to -= 1;
        bytes[to] = BACKSLASH;
      }
    }
    return end + escapes;
  };
}

function csvFinisher(format: CsvFormat, columnCount: number, slack: number): CellFinisher {
  const delimiter = format.delimiter.charCodeAt(0);
  const quote = format.quote.charCodeAt(0);
  const escape = format.escape.charCodeAt(0);
  const nullBytes = Buffer.from(format.nullText);
  const endOfData = Buffer.from("\\.");
  return (page, start, end, column) => {
    const { buffer } = page;
    let escapes = 0;
    let quoted =
      format.forceQuote[column] === true ||
      isSame(buffer, start, end, nullBytes) ||
      // Alone on a line it would read as the end of the data.
      (columnCount === 1 && isSame(buffer, start, end, endOfData));
    for (let index = start; index < end; index += 1) {
      const byte = buffer[index];
      if (byte === quote || byte === escape) escapes += 1;
      if (byte === delimiter || byte === quote || byte === NEWLINE || byte === RETURN)
        quoted = true;
    }
    if (!quoted) return end;
    const added = escapes + 2;
    page.length = end;
    page.reserve(added + slack);
    const bytes = page.buffer;
    let to = end + added - 1;
    bytes[to] = quote;
    for (let index = end - 1; index >= start; index -= 1) {
      const byte = bytes[index] as number;
      to -= 1;
      bytes[to] = byte;
      if (byte === quote || byte === escape) {
        to -= 1;
        bytes[to] = escape;
      }
    }
    bytes[start] = quote;
    return end + added;
  };
}

function isSame(buffer: Buffer, start: number, end: number, bytes: Buffer): boolean {
  return end - start === bytes.length && buffer.compare(bytes, 0, bytes.length, start, end) === 0;
}

/** PostgreSQL documentation, COPY, "Binary Format": signature, no flags, no extension. */
const BINARY_HEADER = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
const BINARY_TRAILER = Buffer.from([0xff, 0xff]);

/** The CopyData message that comes before the rows; undefined where a format has none. */
export function copyHeader(
  format: CopyFormat,
  columnNames: readonly string[] | undefined,
): Buffer | undefined {
  if (format.kind === "copy-binary") return copyData(BINARY_HEADER);
  if (columnNames === undefined) return undefined;
  const cell = copyCell(format, columnNames.length);
  const names = columnNames.map((name) => cell(name));
  return copyData(Buffer.from(`${names.join(format.delimiter)}\n`));
}

/** The CopyData message that comes behind the rows. */
export function copyTrailer(format: CopyFormat): Buffer | undefined {
  return format.kind === "copy-binary" ? copyData(BINARY_TRAILER) : undefined;
}

function copyData(body: Buffer): Buffer {
  const message = Buffer.allocUnsafe(5 + body.length);
  message.writeUInt8(COPY_DATA, 0);
  message.writeInt32BE(4 + body.length, 1);
  body.copy(message, 5);
  return message;
}
