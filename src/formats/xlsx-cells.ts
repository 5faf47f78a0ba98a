import { unreachable } from "../core/assert.ts";
import { numberText } from "./xlsx-number.ts";
import { DAY_MS, dateText, durationText, timestampText } from "./xlsx-serial.ts";
import type { SharedStrings } from "./xlsx-shared-strings.ts";

/** What a cell holds. Empty cells are not recorded. The first five come with a number. */
export const CELL_NUMBER = 0;
/** Milliseconds since 1970-01-01. */
export const CELL_MOMENT = 1;
/** Milliseconds since midnight. */
export const CELL_TIME = 2;
/** Milliseconds. */
export const CELL_DURATION = 3;
/** 0 or 1. */
export const CELL_BOOLEAN = 4;
/** An index into the shared strings. */
export const CELL_SHARED = 5;
/** A formula whose result was not saved. */
export const CELL_UNCALCULATED = 6;
/** From here on cells come with their text. */
export const CELL_TEXT = 7;
/** Digits of an integer that a double cannot hold exactly. */
export const CELL_INTEGER = 8;
/** An error value such as `#N/A`. */
export const CELL_ERROR = 9;
/** Text that is no value of the type that its cell claims. */
export const CELL_INVALID = 10;
/** A number with a date's format that is no date. */
export const CELL_BAD_DATE = 11;
export const CELL_TAGS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] as const;
export type CellTag = (typeof CELL_TAGS)[number];

/** A cell as it was recorded. */
export interface RecordedCell {
  /** As Excel numbers rows. */
  readonly row: number;
  /** Counted from 0. */
  readonly column: number;
  readonly tag: CellTag;
  /** Of cells that come with a number, and the index of a shared string. */
  readonly number: number;
  /** Of cells that come with text. */
  readonly text: string;
  readonly textBytes: number;
  /** Copies the text in UTF-8, and returns its length. */
  copyText(target: Buffer, offset: number): number;
}

export function hasNumber(tag: CellTag): boolean {
  return tag <= CELL_BOOLEAN;
}

export function hasText(tag: CellTag): boolean {
  return tag >= CELL_TEXT;
}

export function isRejected(tag: CellTag): boolean {
  return tag >= CELL_ERROR;
}

/**
 * The text that a reader of the sheet would write down, which SQL can cast back to the value.
 * Undefined where a cell has no value.
 */
export function cellText(cell: RecordedCell, strings: SharedStrings): string | undefined {
  switch (cell.tag) {
    case CELL_NUMBER:
      return numberText(cell.number);
    case CELL_MOMENT:
      return cell.number % DAY_MS === 0 ? dateText(cell.number) : timestampText(cell.number);
    case CELL_TIME:
    case CELL_DURATION:
      return durationText(cell.number);
    case CELL_BOOLEAN:
      return cell.number === 1 ? "TRUE" : "FALSE";
    case CELL_SHARED:
      return strings.get(cell.number);
    case CELL_TEXT:
    case CELL_INTEGER:
      return cell.text;
    case CELL_UNCALCULATED:
    case CELL_ERROR:
    case CELL_INVALID:
    case CELL_BAD_DATE:
      return undefined;
    default:
      return unreachable(cell.tag);
  }
}

/** Why a rejected cell has no value. */
export function rejectReason(tag: CellTag): string {
  if (tag === CELL_ERROR) return "the cell shows an error";
  if (tag === CELL_BAD_DATE) return "the number is no date: Excel's dates end with 9999-12-31";
  return "the cell's text is no value of the cell's type";
}
