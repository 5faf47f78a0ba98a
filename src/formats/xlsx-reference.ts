import { PgError } from "../core/pg-error.ts";

/** The size of every sheet since Excel 2007 (ECMA-376 part 1, annex of SpreadsheetML limits). */
export const SHEET_ROWS = 1_048_576;
export const SHEET_COLUMNS = 16_384;

/** Cells of a sheet, both ends included. Columns count from 0, rows from 1 as Excel shows them. */
export interface CellRange {
  readonly firstColumn: number;
  readonly lastColumn: number;
  readonly firstRow: number;
  readonly lastRow: number;
}

export const WHOLE_SHEET: CellRange = {
  firstColumn: 0,
  lastColumn: SHEET_COLUMNS - 1,
  firstRow: 1,
  lastRow: SHEET_ROWS,
};

/** The letters of a column: 0 is `A`, 26 is `AA`. */
export function columnLetters(column: number): string {
  let letters = "";
  for (let rest = column + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    letters = String.fromCharCode(0x41 + ((rest - 1) % 26)) + letters;
  }
  return letters;
}

export function cellName(column: number, row: number): string {
  return `${columnLetters(column)}${row}`;
}

/**
 * A range as people write it: `B3:H20`; `B3:H`, open below; `B3`, open to the right and below;
 * `B:H`, whole columns. The table may be smaller than its range.
 */
export function parseRange(text: string): CellRange {
  const match = /^([A-Za-z]{1,3})([0-9]*)(?::([A-Za-z]{1,3})([0-9]*))?$/.exec(text);
  if (match === null) throw badRange(text, "it is written like B3:H20, B3:H or B3");
  const [, left = "", top = "", right, bottom = ""] = match;
  const range: CellRange = {
    firstColumn: columnIndex(left),
    lastColumn: right === undefined ? WHOLE_SHEET.lastColumn : columnIndex(right),
    firstRow: top === "" ? 1 : Number(top),
    lastRow: bottom === "" ? SHEET_ROWS : Number(bottom),
  };
  if (range.lastColumn >= SHEET_COLUMNS || range.firstColumn >= SHEET_COLUMNS) {
    throw badRange(text, "a sheet ends at column XFD");
  }
  if (
    range.firstRow < 1 ||
    range.lastRow < 1 ||
    Math.max(range.firstRow, range.lastRow) > SHEET_ROWS
  ) {
    throw badRange(text, "a sheet has the rows 1 to 1048576");
  }
  if (range.firstColumn > range.lastColumn || range.firstRow > range.lastRow) {
    throw badRange(text, "its upper left cell comes first");
  }
  return range;
}

function columnIndex(letters: string): number {
  let index = 0;
  for (const letter of letters.toUpperCase()) index = index * 26 + (letter.charCodeAt(0) - 0x40);
  return index - 1;
}

function badRange(text: string, rule: string): PgError {
  return new PgError("invalid_parameter_value", `"${text}" is not a range of cells: ${rule}`);
}
