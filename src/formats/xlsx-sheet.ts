import { unreachable } from "../core/assert.ts";
import type { PgError } from "../core/pg-error.ts";
import { CellRecorder, type CellType } from "./xlsx-cell-recorder.ts";
import { CellSkimmer, NOT_SKIMMED } from "./xlsx-cell-skimmer.ts";
import type { CellSpill } from "./xlsx-cell-spill.ts";
import { readIndex } from "./xlsx-number.ts";
import { FORMAT_NUMBER, type FormatClass } from "./xlsx-number-format.ts";
import { type CellRange, SHEET_COLUMNS, SHEET_ROWS } from "./xlsx-reference.ts";
import type { SharedStrings } from "./xlsx-shared-strings.ts";
import type { SheetPart, Workbook } from "./xlsx-workbook.ts";
import type { XmlAttributes } from "./xml-attributes.ts";
import type { TextForm } from "./xml-text.ts";
import type { XmlHandler } from "./xml-tokenizer.ts";

/** Records every cell of `sheet` inside `range` that holds something. */
export async function readSheetCells(
  workbook: Workbook,
  sheet: SheetPart,
  range: CellRange,
  strings: SharedStrings,
  spill: CellSpill,
): Promise<void> {
  const formats = await workbook.readStyles();
  const context = { strings, is1904: workbook.is1904, limits: workbook.limits };
  await workbook.readPart(sheet.part, (fail) => {
    return new SheetHandler(range, formats, new CellRecorder(context, spill, fail), fail);
  });
}

/** Where in the sheet's XML the tokenizer is; other elements are passed over where they stand. */
type Place =
  | "outside"
  | "sheetData"
  | "row"
  | "cell"
  | "value"
  | "formula"
  | "inline string"
  | "inline text";

class SheetHandler implements XmlHandler {
  readonly #range: CellRange;
  /** By the number of a cell's style. */
  readonly #formats: readonly FormatClass[];
  readonly #recorder: CellRecorder;
  readonly #fail: (reason: string) => PgError;
  readonly #skimmer = new CellSkimmer();
  #place: Place = "outside";
  /** How many elements deep we are in something that is passed over. */
  #passedOver = 0;
  #row = 0;
  #rowIsKnown = false;
  #lastRow = 0;
  #column = -1;
  #type: CellType = "number";
  #format: FormatClass = FORMAT_NUMBER;
  #hasFormula = false;
  #hasValue = false;
  #isWanted = false;

  constructor(
    range: CellRange,
    formats: readonly FormatClass[],
    recorder: CellRecorder,
    fail: (reason: string) => PgError,
  ) {
    this.#range = range;
    this.#formats = formats;
    this.#recorder = recorder;
    this.#fail = fail;
  }

  skim(bytes: Buffer, start: number, length: number): number {
    if (this.#place !== "row" || this.#passedOver > 0 || !this.#rowIsKnown) return start;
    let position = start;
    for (;;) {
      const end = this.#skimmer.read(bytes, position, length);
      const { row, column } = this.#skimmer;
      if (end === NOT_SKIMMED || row !== this.#row || column >= SHEET_COLUMNS) return position;
      this.#column = column;
      if (this.#wants(column)) this.#recordSkimmed(bytes);
      position = end;
    }
  }

  #recordSkimmed(bytes: Buffer): void {
    const { column, type, style, number, valueStart, valueEnd, valueForm } = this.#skimmer;
    if (valueStart === valueEnd) {
      // The empty string is a saved result, if one that says nothing.
      const isSaved = type === "string" && valueEnd > 0;
      if (this.#skimmer.hasFormula && !isSaved) {
        this.#recorder.recordUncalculated(this.#row, column);
      }
      return;
    }
    const format = style < 0 ? FORMAT_NUMBER : (this.#formats[style] ?? FORMAT_NUMBER);
    const isNumber = type === "number" && !Number.isNaN(number);
    if (isNumber && this.#recorder.recordNumber(this.#row, column, number, format)) return;
    const { text } = this.#recorder;
    text.clear();
    text.append(bytes, valueStart, valueEnd, valueForm);
    this.#recorder.record(this.#row, column, type, format);
  }

  open(name: string, attributes: XmlAttributes): void {
    if (this.#passedOver > 0) {
      this.#passedOver++;
      return;
    }
    switch (this.#place) {
      case "row":
        if (name === "c") return this.#openCell(attributes);
        break;
      case "cell":
        if (name === "v") {
          this.#place = "value";
          this.#hasValue = true;
          return;
        }
        if (name === "f") {
          this.#place = "formula";
          this.#hasFormula = true;
          return;
        }
        if (name === "is") {
          this.#place = "inline string";
          this.#hasValue = true;
          return;
        }
        break;
      case "sheetData":
        if (name === "row") return this.#openRow(attributes);
        break;
      case "inline string":
        if (name === "t") {
          this.#place = "inline text";
          return;
        }
        // A run of rich text; only its text counts.
        if (name === "r") return;
        break;
      case "outside":
        if (name === "sheetData") this.#place = "sheetData";
        // The elements around the cells may nest as they like.
        return;
      case "value":
      case "formula":
      case "inline text":
        break;
      default:
        return unreachable(this.#place);
    }
    this.#passedOver = 1;
  }

  text(bytes: Buffer, start: number, end: number, form: TextForm): void {
    if (this.#passedOver > 0 || !this.#isWanted) return;
    if (this.#place === "value" || this.#place === "inline text") {
      this.#recorder.text.append(bytes, start, end, form);
    }
  }

  close(name: string): void {
    if (this.#passedOver > 0) {
      this.#passedOver--;
      return;
    }
    switch (this.#place) {
      case "value":
      case "formula":
        this.#place = "cell";
        return;
      case "cell":
        this.#place = "row";
        if (this.#isWanted) this.#closeCell();
        return;
      case "row":
        this.#place = "sheetData";
        this.#lastRow = this.#row;
        return;
      case "inline text":
        this.#place = "inline string";
        return;
      case "inline string":
        if (name === "is") this.#place = "cell";
        return;
      case "sheetData":
        this.#place = "outside";
        return;
      case "outside":
        return;
      default:
        return unreachable(this.#place);
    }
  }

  #openRow(attributes: XmlAttributes): void {
    this.#place = "row";
    this.#column = -1;
    const index = attributes.find("r");
    this.#rowIsKnown = index >= 0;
    this.#moveToRow(
      index < 0
        ? this.#lastRow + 1
        : readIndex(attributes.bytes, attributes.starts[index] ?? 0, attributes.ends[index] ?? 0),
    );
  }

  #moveToRow(row: number): void {
    if (row < 1 || row > SHEET_ROWS) {
      throw this.#fail(`a row number is out of range: rows go from 1 to ${SHEET_ROWS}`);
    }
    if (row <= this.#lastRow) throw this.#fail(`row ${row} stands behind row ${this.#lastRow}`);
    this.#row = row;
  }

  #openCell(attributes: XmlAttributes): void {
    this.#place = "cell";
    this.#type = "number";
    this.#format = FORMAT_NUMBER;
    this.#hasFormula = this.#hasValue = false;
    this.#recorder.text.clear();
    let column = this.#column + 1;
    const { bytes, count, names, starts, ends } = attributes;
    for (let index = 0; index < count; index++) {
      const name = names[index];
      const start = starts[index] ?? 0;
      const end = ends[index] ?? 0;
      if (name === "r") column = this.#readReference(bytes, start, end);
      else if (name === "s") this.#format = this.#readFormat(bytes, start, end);
      else if (name === "t") this.#type = this.#readType(bytes, start, end);
    }
    if (column >= SHEET_COLUMNS) {
      throw this.#fail(`row ${this.#row} has a cell reference beyond column XFD`);
    }
    this.#column = column;
    this.#isWanted = this.#wants(column);
  }

  #wants(column: number): boolean {
    const { firstColumn, lastColumn, firstRow, lastRow } = this.#range;
    return (
      column >= firstColumn && column <= lastColumn && this.#row >= firstRow && this.#row <= lastRow
    );
  }

  /** The column of a reference such as `B12`; its row counts where the row has no number. */
  #readReference(bytes: Buffer, start: number, end: number): number {
    let column = 0;
    let index = start;
    for (; index < end; index++) {
      // Small letters are seen with some writers.
      const letter = ((bytes[index] ?? 0) & 0xdf) - 0x40;
      if ((bytes[index] ?? 0) < 0x41 || letter < 1 || letter > 26) break;
      column = column * 26 + letter;
    }
    const row = readIndex(bytes, index, end);
    if (column < 1 || row < 1) {
      throw this.#fail(
        `"${bytes.toString("latin1", start, Math.min(end, start + 20))}" is no cell reference`,
      );
    }
    if (row !== this.#row) {
      if (this.#rowIsKnown) {
        throw this.#fail(`the reference of a cell in row ${this.#row} names row ${row}`);
      }
      this.#moveToRow(row);
    }
    this.#rowIsKnown = true;
    return column - 1;
  }

  #readFormat(bytes: Buffer, start: number, end: number): FormatClass {
    return this.#formats[readIndex(bytes, start, end)] ?? FORMAT_NUMBER;
  }

  #readType(bytes: Buffer, start: number, end: number): CellType {
    const isLong = end - start > 1;
    switch (bytes[start]) {
      case 0x73: // "s" and "str"
        return isLong ? "string" : "shared";
      case 0x69: // "inlineStr"
        return "inline";
      case 0x62: // "b"
        return "boolean";
      case 0x65: // "e"
        return "error";
      case 0x64: // "d"
        return "date";
      case 0x6e: // "n"
        return "number";
      default:
        throw this.#fail(`row ${this.#row} has a cell of an unknown type`);
    }
  }

  #closeCell(): void {
    const isEmpty = this.#recorder.text.length === 0;
    if (this.#hasValue && !(isEmpty && this.#type !== "string")) {
      this.#recorder.record(this.#row, this.#column, this.#type, this.#format);
    } else if (this.#hasFormula) {
      this.#recorder.recordUncalculated(this.#row, this.#column);
    }
    // Else it is a cell that only has a style, or an inline string without text.
  }
}
