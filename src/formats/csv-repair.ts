/**
 * Rewrites a CSV that DuckDB's strict reader refuses (rows of another width, mixed line ends) or
 * cannot be told about (comments, a footer), so that it takes it; and names the line of every
 * record. Slower than DuckDB's reader, and only used where that one cannot do it.
 */
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import { MISSING_FIELD } from "./csv.ts";
import { RecordScanner } from "./csv-records.ts";
import type { CsvLayout } from "./csv-sniff.ts";
import type { PlainText } from "./text-decode.ts";

/**
 * A record of another width than the header. With too few fields it is in the table all the same,
 * the missing ones being NULL; with too many it is not.
 */
export interface RaggedRecord {
  readonly line: number;
  readonly fields: number;
  /** As it stands in the file. */
  readonly text: string;
}

export interface RepairRequest {
  readonly text: PlainText;
  /** The file to write. */
  readonly target: string;
  readonly layout: CsvLayout;
  /** What messages call the file. */
  readonly file: string;
  readonly signal: AbortSignal;
  /** Told in batches; the next piece of the file waits for it. */
  readonly onRagged: (records: readonly RaggedRecord[]) => Promise<void>;
}

const CHUNK_BYTES = 1024 * 1024;

/** The length of the longest record. */
export async function repairCsv(request: RepairRequest): Promise<number> {
  await using target = await open(request.target, "wx");
  const repair = new Repair(request);
  const chunks = createReadStream(request.text.path, {
    start: request.text.bomBytes,
    highWaterMark: CHUNK_BYTES,
    signal: request.signal,
  });
  // A read stream without an encoding reads out Buffers.
  for await (const chunk of chunks as AsyncIterable<Buffer>) {
    repair.push(chunk, false);
    await settle(repair, target, request);
  }
  repair.push(Buffer.alloc(0), true);
  await settle(repair, target, request);
  return repair.longestBytes;
}

async function settle(repair: Repair, target: FileHandle, request: RepairRequest): Promise<void> {
  const { output, ragged } = repair.take();
  if (output.length > 0) await target.writeFile(output);
  if (ragged.length > 0) await request.onRagged(ragged);
}

interface Row {
  readonly bytes: Buffer;
  readonly ragged: RaggedRecord | undefined;
}

class Repair {
  longestBytes = 0;
  readonly #layout: CsvLayout;
  readonly #file: string;
  readonly #scanner: RecordScanner;
  readonly #comment: Buffer;
  /** What ends a field that the record lacks. */
  readonly #missing: string;
  #rest: Buffer = Buffer.alloc(0);
  #line = 1;
  #headerIsDue: boolean;
  /** The last rows so far, which a footer would be. */
  #held: Row[] = [];
  #output: Buffer[] = [];
  #ragged: RaggedRecord[] = [];

  constructor({ layout, file }: RepairRequest) {
    this.#layout = layout;
    this.#file = file;
    this.#scanner = new RecordScanner(layout.dialect);
    this.#comment = Buffer.from(layout.comment);
    this.#missing = layout.dialect.delimiter + MISSING_FIELD;
    this.#headerIsDue = layout.hasHeader;
  }

  push(chunk: Buffer, isEndOfFile: boolean): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (at < bytes.length) {
      const isSkipped = this.#line <= this.#layout.skipLines;
      const next = isSkipped
        ? this.#skipLine(bytes, at, isEndOfFile)
        : this.#takeRecord(bytes, at, isEndOfFile);
      if (next === undefined) break;
      at = next;
    }
    this.#rest = bytes.subarray(at);
  }

  take(): { readonly output: Buffer; readonly ragged: readonly RaggedRecord[] } {
    const taken = { output: Buffer.concat(this.#output), ragged: this.#ragged };
    this.#output = [];
    this.#ragged = [];
    return taken;
  }

  /** Quotes mean nothing in the lines above the table. */
  #skipLine(bytes: Buffer, at: number, isEndOfFile: boolean): number | undefined {
    let end = at;
    while (end < bytes.length && bytes[end] !== 0x0a && bytes[end] !== 0x0d) end += 1;
    if (end + 1 >= bytes.length && !isEndOfFile) return undefined;
    this.#line += 1;
    return end + (bytes[end] === 0x0d && bytes[end + 1] === 0x0a ? 2 : 1);
  }

  /** Where the next record begins; undefined where the rest of this one is still to come. */
  #takeRecord(bytes: Buffer, at: number, isEndOfFile: boolean): number | undefined {
    if (this.#comment.length > 0) {
      if (bytes.length - at < this.#comment.length && !isEndOfFile) return undefined;
      if (bytes.subarray(at, at + this.#comment.length).equals(this.#comment)) {
        return this.#skipLine(bytes, at, isEndOfFile);
      }
    }
    const outcome = this.#scanner.scan(bytes, at, isEndOfFile);
    const size = (outcome === "record" ? this.#scanner.end : bytes.length) - at;
    if (size > this.#layout.recordBytes) throw this.#tooLong();
    if (outcome === "incomplete") return undefined;
    if (outcome !== "record") throw this.#broken(outcome, bytes.subarray(at));
    this.longestBytes = Math.max(this.longestBytes, size);
    const isBlank = size === 0 && this.#layout.headers.length > 1;
    if (this.#headerIsDue && !isBlank) this.#headerIsDue = false;
    else if (!isBlank) this.#hold(this.#row(bytes.subarray(at, this.#scanner.end)));
    this.#line += this.#scanner.lines;
    return this.#scanner.next;
  }

  #row(record: Buffer): Row {
    const columns = this.#layout.headers.length;
    const fields = this.#scanner.fieldEnds.length;
    if (fields === columns) return { bytes: this.#withLine(record), ragged: undefined };
    if (fields > columns) return this.#longRow(record);
    const bytes = this.#withLine(record, this.#missing.repeat(columns - fields));
    return { bytes, ragged: this.#describe(record) };
  }

  /** Empty fields behind the last column, as a delimiter at a row's end makes them, hold nothing. */
  #longRow(record: Buffer): Row {
    const delimiterBytes = Buffer.byteLength(this.#layout.dialect.delimiter);
    const columns = this.#layout.headers.length;
    const ends = this.#scanner.fieldEnds;
    const isEmpty = ends.every(
      (end, field) => field < columns || end === (ends[field - 1] ?? 0) + delimiterBytes,
    );
    if (!isEmpty) return { bytes: Buffer.alloc(0), ragged: this.#describe(record) };
    const extra = (ends.length - columns) * delimiterBytes;
    return { bytes: this.#withLine(record.subarray(0, record.length - extra)), ragged: undefined };
  }

  /** `padding` stands for fields that the record lacks. */
  #withLine(record: Buffer, padding = ""): Buffer {
    const { delimiter } = this.#layout.dialect;
    const isShort = padding !== "";
    const tail = `${padding}${delimiter}${this.#line}${delimiter}${isShort}\n`;
    return Buffer.concat([record, Buffer.from(tail)]);
  }

  #describe(record: Buffer): RaggedRecord {
    const text = record.toString("utf8", 0, LIMITS.csv.rejectedValueCharacters * 4);
    const shown = text.slice(0, LIMITS.csv.rejectedValueCharacters);
    return { line: this.#line, fields: this.#scanner.fieldEnds.length, text: shown };
  }

  #hold(row: Row): void {
    this.#held.push(row);
    if (this.#held.length <= this.#layout.skipFooter) return;
    const passed = this.#held.shift();
    if (passed === undefined) return;
    this.#output.push(passed.bytes);
    if (passed.ragged !== undefined) this.#ragged.push(passed.ragged);
  }

  #broken(what: "unterminated quote" | "text after a closing quote", rest: Buffer): PgError {
    const start = rest.toString("utf8", 0, LIMITS.csv.messageValueCharacters).split(/[\r\n]/, 1)[0];
    const message =
      what === "unterminated quote"
        ? `unterminated CSV quoted field in line ${this.#line} of file "${this.#file}": ${start}`
        : `text after a closing quote in line ${this.#line} of file "${this.#file}": ${start}`;
    return new PgError("bad_copy_file_format", message, {
      hint: 'Mend the line, or set csv: { quote, escape } to what the file uses ("" for no quotes).',
    });
  }

  #tooLong(): PgError {
    const limit = this.#layout.recordBytes;
    return new PgError(
      "program_limit_exceeded",
      `the row in line ${this.#line} of file "${this.#file}" is longer than ${limit} bytes`,
      { hint: "If a quote is not closed there, mend it; else raise csv: { max_line_size }." },
    );
  }
}
