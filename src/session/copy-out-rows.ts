import { type CopyCellFormat, copyCell } from "../protocol/copy-cell.ts";
import type { FieldDescription } from "../protocol/field-description.ts";
import type { CopyOptions } from "../sql/statement.ts";
import type { Completion, Execution, ResultSink } from "./plan.ts";

const COPY_DATA = 0x64;
const DATA_ROW = 0x44;
const HEADER_BYTES = 5;
/** PostgreSQL documentation, COPY, "Binary Format": signature, no flags, no extension. */
const BINARY_HEADER = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
const BINARY_TRAILER = Buffer.from([0xff, 0xff]);

/**
 * An answer that came as DataRow messages, as what COPY sends: for those of the catalogs' PostgreSQL,
 * which are small. They have to be in the format that is copied, text for csv.
 */
export class RowsAsCopyData implements Execution {
  readonly #rows: Execution;
  readonly #options: CopyOptions;

  constructor(rows: Execution, options: CopyOptions) {
    this.#rows = rows;
    this.#options = options;
  }

  async run(sink: ResultSink, maxRows: number): Promise<Completion> {
    const { format, header } = this.#options;
    let writer: ((row: Buffer) => Buffer) | undefined;
    const completion = await this.#rows.run(
      {
        ...forwarded(sink),
        fields: (fields) => {
          writer = rowWriter(this.#options, fields);
          sink.fields(fields);
          if (format === "binary") void sink.page([copyData(BINARY_HEADER)]);
          else if (header) void sink.page([headerLine(this.#options, fields)]);
        },
        page: (pieces) => {
          // Only notices come before the fields.
          if (writer === undefined) return sink.page(pieces);
          return sink.page([converted(Buffer.concat(pieces), writer)]);
        },
      },
      maxRows,
    );
    if (format === "binary") await sink.page([copyData(BINARY_TRAILER)]);
    return completion;
  }

  close(): void {
    this.#rows.close();
  }
}

function forwarded(sink: ResultSink): Pick<ResultSink, "copyOut" | "notice"> {
  return {
    copyOut: (format, columnCount) => sink.copyOut(format, columnCount),
    notice: (notice) => sink.notice(notice),
  };
}

function converted(messages: Buffer, write: (row: Buffer) => Buffer): Buffer {
  const out: Buffer[] = [];
  for (let at = 0; at < messages.length; ) {
    const end = at + 1 + messages.readUInt32BE(at + 1);
    const isRow = messages[at] === DATA_ROW;
    const message = messages.subarray(at, end);
    out.push(isRow ? copyData(write(message.subarray(HEADER_BYTES))) : message);
    at = end;
  }
  return Buffer.concat(out);
}

/** From the body of a DataRow to that of CopyData; in binary they are the same. */
function rowWriter(
  options: CopyOptions,
  fields: readonly FieldDescription[],
): (row: Buffer) => Buffer {
  if (options.format === "binary") return (row) => row;
  const { delimiter, nullText, forceQuote } = options;
  const cell = copyCell(cellFormat(options), fields.length);
  const isForced = fields.map(({ name }) => forceQuote === "all" || forceQuote.includes(name));
  return (row) => {
    const cells: string[] = [];
    let at = 2;
    for (const forced of isForced) {
      const length = row.readInt32BE(at);
      at += 4;
      if (length < 0) cells.push(nullText);
      else {
        cells.push(cell(row.toString("utf8", at, at + length), forced));
        at += length;
      }
    }
    return Buffer.from(`${cells.join(delimiter)}\n`);
  };
}

function headerLine(options: CopyOptions, fields: readonly FieldDescription[]): Buffer {
  const cell = copyCell(cellFormat(options), fields.length);
  return copyData(Buffer.from(`${fields.map(({ name }) => cell(name)).join(options.delimiter)}\n`));
}

function cellFormat(options: CopyOptions): CopyCellFormat {
  return { ...options, kind: options.format === "csv" ? "copy-csv" : "copy-text" };
}

function copyData(body: Buffer): Buffer {
  const message = Buffer.allocUnsafe(HEADER_BYTES + body.length);
  message.writeUInt8(COPY_DATA, 0);
  message.writeUInt32BE(4 + body.length, 1);
  body.copy(message, HEADER_BYTES);
  return message;
}
