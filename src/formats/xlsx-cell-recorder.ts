import { unreachable } from "../core/assert.ts";
import { PgError } from "../core/pg-error.ts";
import type { CellSpill } from "./xlsx-cell-spill.ts";
import {
  CELL_BAD_DATE,
  CELL_BOOLEAN,
  CELL_DURATION,
  CELL_ERROR,
  CELL_INTEGER,
  CELL_INVALID,
  CELL_MOMENT,
  CELL_NUMBER,
  CELL_SHARED,
  CELL_TEXT,
  CELL_TIME,
  CELL_UNCALCULATED,
  type CellTag,
} from "./xlsx-cells.ts";
import { readIndex, readLongInteger, readNumber } from "./xlsx-number.ts";
import {
  FORMAT_DATE,
  FORMAT_DURATION,
  FORMAT_NUMBER,
  FORMAT_TIME,
  type FormatClass,
} from "./xlsx-number-format.ts";
import { cellName, SHEET_COLUMNS } from "./xlsx-reference.ts";
import { parseIsoCell, serialToDuration, serialToMoment, serialToTime } from "./xlsx-serial.ts";
import type { SharedStrings } from "./xlsx-shared-strings.ts";
import { XmlTextBuffer } from "./xml-text-buffer.ts";

export interface CellLimits {
  readonly cells: number;
  readonly textBytes: number;
  readonly rowTextBytes: number;
}

/** What a sheet's cells are read by: the workbook's strings and calendar, and how much may come. */
export interface CellContext {
  readonly strings: SharedStrings;
  readonly is1904: boolean;
  readonly limits: CellLimits;
}

/** ECMA-376 part 1, 18.18.11 "ST_CellType". */
export type CellType = "number" | "shared" | "string" | "inline" | "boolean" | "error" | "date";

/** Makes values of the texts of cells, and records them. */
export class CellRecorder {
  /** The text of the cell that is being read. */
  readonly text: XmlTextBuffer;
  readonly #context: CellContext;
  readonly #spill: CellSpill;
  readonly #fail: (reason: string) => PgError;
  #cells = 0;
  /** Of all cells, and of those of the last row that had texts. */
  #textBytes = 0;
  #rowTextBytes = 0;
  #textRow = 0;
  /** The last row in which each column had a cell, to notice two cells in one place. */
  readonly #rowOfColumn = new Int32Array(SHEET_COLUMNS);
  #row = 0;
  #column = 0;

  constructor(context: CellContext, spill: CellSpill, fail: (reason: string) => PgError) {
    this.text = new XmlTextBuffer(fail);
    this.#context = context;
    this.#spill = spill;
    this.#fail = fail;
  }

  /** Records the cell whose value is `text`. */
  record(row: number, column: number, type: CellType, format: FormatClass): void {
    this.#row = row;
    this.#column = column;
    switch (type) {
      case "number":
        return this.#recordNumber(format);
      case "shared":
        return this.#recordShared();
      case "string":
      case "inline":
        this.text.unescape();
        // An empty text is what a formula such as =IF(A1="","",B1) shows for nothing.
        if (this.text.length > 0) this.#addText(CELL_TEXT);
        return;
      case "boolean":
        return this.#recordBoolean();
      case "error":
        return this.#addText(CELL_ERROR);
      case "date":
        return this.#recordDate();
      default:
        return unreachable(type);
    }
  }

  /**
   * Records a cell whose text is a decimal number of few digits; not if it should be a date and is
   * none, for which its text is needed.
   */
  recordNumber(row: number, column: number, number: number, format: FormatClass): boolean {
    this.#row = row;
    this.#column = column;
    if (format === FORMAT_NUMBER) {
      this.#addNumber(CELL_NUMBER, number);
      return true;
    }
    return this.#recordMoment(number, format);
  }

  /** Records a formula whose result was not saved. */
  recordUncalculated(row: number, column: number): void {
    this.#row = row;
    this.#column = column;
    this.#count();
    this.#spill.addMark(row, column, CELL_UNCALCULATED);
  }

  #recordNumber(format: FormatClass): void {
    const { bytes, length } = this.text;
    const number = readNumber(bytes, length);
    if (Number.isNaN(number)) return this.#addText(CELL_INVALID);
    if (format !== FORMAT_NUMBER) {
      if (!this.#recordMoment(number, format)) this.#addText(CELL_BAD_DATE);
      return;
    }
    const integer = Number.isSafeInteger(number) ? undefined : readLongInteger(bytes, length);
    if (integer === undefined) this.#addNumber(CELL_NUMBER, number);
    else this.#addInteger(integer);
  }

  /** Whether the number is what its format says. */
  #recordMoment(number: number, format: Exclude<FormatClass, typeof FORMAT_NUMBER>): boolean {
    switch (format) {
      case FORMAT_DATE:
        return this.#addSpan(CELL_MOMENT, serialToMoment(number, this.#context.is1904));
      case FORMAT_TIME:
        return number >= 0 && number < 1
          ? this.#addSpan(CELL_TIME, serialToTime(number))
          : this.#addSpan(CELL_MOMENT, serialToMoment(number, this.#context.is1904));
      case FORMAT_DURATION:
        return this.#addSpan(CELL_DURATION, serialToDuration(number));
      default:
        return unreachable(format);
    }
  }

  #addSpan(tag: CellTag, ms: number | undefined): boolean {
    if (ms === undefined) return false;
    this.#addNumber(tag, ms);
    return true;
  }

  #recordShared(): void {
    const { strings } = this.#context;
    const { bytes, length } = this.text;
    const index = readIndex(bytes, 0, length);
    if (index < 0 || index >= strings.count) {
      throw this.#fail(
        `cell ${this.#name()} refers to shared string ${index}, but the workbook has ${strings.count}; its shared strings are missing or corrupt`,
      );
    }
    const textBytes = strings.byteLength(index);
    if (textBytes === 0) return;
    this.#countText(textBytes);
    this.#addNumber(CELL_SHARED, index);
  }

  #recordBoolean(): void {
    const text = this.text.toString();
    if (text === "1" || text === "true") this.#addNumber(CELL_BOOLEAN, 1);
    else if (text === "0" || text === "false") this.#addNumber(CELL_BOOLEAN, 0);
    else this.#addText(CELL_INVALID);
  }

  #recordDate(): void {
    const parsed = parseIsoCell(this.text.toString().trim());
    if (parsed === undefined) this.#addText(CELL_INVALID);
    else this.#addNumber(parsed.time ? CELL_TIME : CELL_MOMENT, parsed.ms);
  }

  #addNumber(tag: CellTag, value: number): void {
    this.#count();
    this.#spill.addNumber(this.#row, this.#column, tag, value);
  }

  #addText(tag: CellTag): void {
    this.#count();
    const { bytes, length } = this.text;
    this.#countText(length);
    this.#spill.addText(this.#row, this.#column, tag, bytes, length);
  }

  #addInteger(digits: string): void {
    this.#count();
    const bytes = Buffer.from(digits);
    this.#spill.addText(this.#row, this.#column, CELL_INTEGER, bytes, bytes.length);
  }

  #count(): void {
    if (this.#rowOfColumn[this.#column] === this.#row) {
      throw this.#fail(`cell ${this.#name()} occurs twice`);
    }
    this.#rowOfColumn[this.#column] = this.#row;
    const { cells } = this.#context.limits;
    if (++this.#cells > cells) throw tooLarge(`it has more than ${cells} cells`);
  }

  /** Shared strings count as often as cells use them: a long one may stand in every cell. */
  #countText(length: number): void {
    if (this.#textRow !== this.#row) {
      this.#textRow = this.#row;
      this.#rowTextBytes = 0;
    }
    this.#rowTextBytes += length;
    this.#textBytes += length;
    const { textBytes, rowTextBytes } = this.#context.limits;
    if (this.#rowTextBytes > rowTextBytes) {
      throw tooLarge(`row ${this.#row} holds more than ${megabytes(rowTextBytes)} of text`);
    }
    if (this.#textBytes > textBytes) {
      throw tooLarge(`its cells hold more than ${megabytes(textBytes)} of text`);
    }
  }

  #name(): string {
    return cellName(this.#column, this.#row);
  }
}

function tooLarge(reason: string): PgError {
  return new PgError("program_limit_exceeded", `the sheet is too large: ${reason}`, {
    hint: "Save it as CSV, or read a part of it with xlsx: { range: … }.",
  });
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / 1024 / 1024)} MB`;
}
