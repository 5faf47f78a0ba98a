import { PgError } from "../core/pg-error.ts";
import type { DateTimeContext } from "../pgtypes/datetime-input.ts";
import type { CopyInOptions } from "../sql/statement.ts";
import { checkUtf8, type Decoder, decoderOf } from "./copy-encoding.ts";
import { CopyBatch, type CopyTarget } from "./copy-in-batch.ts";
import { CopyBinaryRows } from "./copy-in-binary.ts";
import { CopyFields, NULL_FIELD } from "./copy-in-fields.ts";
import { CopyLines } from "./copy-in-lines.ts";

/** Reads what COPY FROM STDIN receives, and gives its rows to a target. */
export interface CopyReader {
  /** Takes the next bytes, wherever they were cut. Throws at the first row that is wrong. */
  push(chunk: Buffer): void;
  /** Nothing more comes: hands over what is left, and answers how many rows there were. */
  complete(): number;
  /** An error from elsewhere, such as a cancel, with the place to which the data were read. */
  located(error: unknown): unknown;
}

export function createCopyReader(
  target: CopyTarget,
  options: CopyInOptions,
  context: DateTimeContext,
): CopyReader {
  const batch = new CopyBatch(target, context);
  return options.format === "binary"
    ? new CopyBinaryRows(batch)
    : new CopyTextRows(batch, target, options);
}

/** COPY's text and csv. */
class CopyTextRows implements CopyReader {
  readonly #batch: CopyBatch;
  readonly #options: CopyInOptions;
  readonly #lines: CopyLines;
  readonly #fields: CopyFields;
  readonly #decode: Decoder;
  readonly #columnCount: number;
  readonly #nullBytes: Buffer;
  /** By column: what an unquoted, or a quoted, NULL text is there. Only csv has them. */
  readonly #forceNotNull: readonly boolean[];
  readonly #forceNull: readonly boolean[];
  #isHeaderNext: boolean;
  /** What is being read, for the error's place. */
  #place: "row" | "line" | number = "row";

  constructor(batch: CopyBatch, target: CopyTarget, options: CopyInOptions) {
    // Binary data have a reader of their own.
    const format = options.format === "csv" ? "csv" : "text";
    const names = target.columns.map(({ name }) => name);
    this.#batch = batch;
    this.#options = options;
    this.#lines = new CopyLines({ ...options, format });
    this.#fields = new CopyFields({ ...options, format }, names.length);
    this.#decode = decoderOf(options.encoding);
    this.#columnCount = names.length;
    this.#nullBytes = Buffer.from(options.nullText);
    const has = (list: readonly string[] | "all") =>
      names.map((name) => list === "all" || list.includes(name));
    this.#forceNotNull = has(options.forceNotNull);
    this.#forceNull = has(options.forceNull);
    this.#isHeaderNext = options.header !== false;
  }

  push(chunk: Buffer): void {
    this.#guarded(() => {
      const { bytes, failure } = this.#decode(chunk);
      this.#lines.push(bytes);
      this.#readLines();
      if (failure !== undefined) throw failure;
    });
  }

  complete(): number {
    return this.#guarded(() => {
      this.#lines.complete();
      this.#readLines();
      this.#batch.flush();
      return this.#batch.rowCount;
    });
  }

  located(error: unknown): unknown {
    // Before the first line was looked for, it is the one to come.
    const lineNumber = Math.max(1, this.#lines.lineNumber);
    const batch = this.#batch;
    if (this.#place === "row") return batch.located(error, lineNumber, { at: "row" });
    if (this.#place === "line") {
      return batch.located(error, lineNumber, { at: "line", line: this.#lineText() });
    }
    return batch.located(error, lineNumber, {
      at: "column",
      column: batch.name(this.#place),
      value: this.#fieldText(this.#place),
    });
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.located(error);
    }
  }

  #readLines(): void {
    const lines = this.#lines;
    while (lines.next() === "line") {
      if (!lines.isAscii) checkUtf8(lines.bytes, lines.start, lines.end, lines.length);
      this.#place = "line";
      if (this.#isHeaderNext) this.#readHeader();
      else this.#readRow();
      this.#place = "row";
    }
  }

  #readHeader(): void {
    this.#isHeaderNext = false;
    if (this.#options.header !== "match") return;
    this.#split();
    const { count, ends } = this.#fields;
    if (count !== this.#columnCount) {
      throw badFormat(
        `wrong number of fields in header line: got ${count}, expected ${this.#columnCount}`,
      );
    }
    for (let column = 0; column < count; column += 1) {
      const expected = this.#batch.name(column);
      const isNull = ends[column] === NULL_FIELD;
      const text = this.#fieldText(column) ?? "";
      if (text === expected && !isNull) continue;
      const got = isNull ? `null value ("${this.#options.nullText}")` : `"${text}"`;
      throw badFormat(
        `column name mismatch in header line field ${column + 1}: got ${got}, expected "${expected}"`,
      );
    }
  }

  #readRow(): void {
    this.#split();
    const batch = this.#batch;
    const { bytes, starts, ends, count } = this.#fields;
    if (count > this.#columnCount && !this.#isEmptyRow()) {
      throw badFormat("extra data after last expected column");
    }
    for (let column = 0; column < this.#columnCount; column += 1) {
      if (column >= count) throw badFormat(`missing data for column "${batch.name(column)}"`);
      const start = starts[column] ?? 0;
      const end = ends[column] ?? 0;
      if (end === NULL_FIELD) {
        this.#readNull(column);
      } else if (this.#forceNull[column] === true && this.#isNullText(bytes, start, end)) {
        batch.setNull(column);
      } else {
        this.#place = column;
        batch.columns[column]?.readText(batch.row, bytes, start, end);
        this.#place = "line";
      }
    }
    batch.endRow(() => Array.from({ length: this.#columnCount }, (_, at) => this.#fieldText(at)));
  }

  #readNull(column: number): void {
    if (this.#forceNotNull[column] === true) {
      this.#place = column;
      const bytes = this.#nullBytes;
      this.#batch.columns[column]?.readText(this.#batch.row, bytes, 0, bytes.length);
      this.#place = "line";
    } else {
      this.#batch.setNull(column);
    }
  }

  #split(): void {
    this.#fields.split(this.#lines);
    const { bytes, starts, ends, count, hasMadeBytes } = this.#fields;
    if (!hasMadeBytes) return;
    for (let column = 0; column < Math.min(count, this.#columnCount); column += 1) {
      const end = ends[column] ?? NULL_FIELD;
      if (end !== NULL_FIELD) checkUtf8(bytes, starts[column] ?? 0, end);
    }
  }

  /** A table without columns has empty lines for rows. */
  #isEmptyRow(): boolean {
    return this.#columnCount === 0 && this.#lines.start === this.#lines.end;
  }

  #isNullText(bytes: Buffer, start: number, end: number): boolean {
    return this.#nullBytes.compare(bytes, start, end) === 0;
  }

  #lineText(): string {
    const { bytes, start, end } = this.#lines;
    return bytes.toString("utf8", start, end);
  }

  #fieldText(column: number): string | undefined {
    const end = this.#fields.ends[column] ?? NULL_FIELD;
    if (end === NULL_FIELD) return undefined;
    return this.#fields.bytes.toString("utf8", this.#fields.starts[column], end);
  }
}

function badFormat(message: string): PgError {
  return new PgError("bad_copy_file_format", message);
}
