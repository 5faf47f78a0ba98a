import { unreachable } from "../core/assert.ts";
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
  cellText,
  type RecordedCell,
} from "./xlsx-cells.ts";
import { DAY_MS } from "./xlsx-serial.ts";
import type { SharedStrings } from "./xlsx-shared-strings.ts";
import type { CellKind } from "./xlsx-table.ts";

/** The groups that a column's values are counted by; cells without a value are in none. */
const INTEGER = 0;
const FRACTION = 1;
/** An integer beyond 2^53 that PostgreSQL's bigint holds exactly. */
const INT64 = 2;
/** An integer that no number type of a column holds exactly. */
const HUGE = 3;
const DATE = 4;
const TIMESTAMP = 5;
const TIME = 6;
const DURATION = 7;
const BOOLEAN = 8;
const TEXT = 9;
const GROUPS = 10;

/** Columns whose values are all of these groups have this kind: the first row that fits decides. */
const KINDS: readonly { readonly kind: CellKind; readonly groups: readonly number[] }[] = [
  { kind: "bigint", groups: [INTEGER, INT64] },
  { kind: "double", groups: [INTEGER, FRACTION] },
  { kind: "date", groups: [DATE] },
  { kind: "timestamp", groups: [DATE, TIMESTAMP] },
  { kind: "time", groups: [TIME] },
  { kind: "interval", groups: [TIME, DURATION] },
  { kind: "boolean", groups: [BOOLEAN] },
];

/** The same groups in the words of a warning. */
const WORDS: readonly { readonly word: string; readonly groups: readonly number[] }[] = [
  { word: "number", groups: [INTEGER, FRACTION] },
  { word: "integer of more than 15 digits", groups: [INT64, HUGE] },
  { word: "date", groups: [DATE, TIMESTAMP] },
  { word: "time", groups: [TIME] },
  { word: "duration", groups: [DURATION] },
  { word: "boolean", groups: [BOOLEAN] },
  { word: "text", groups: [TEXT] },
];

/** What an unquoted number, date, time or truth value is made of; most texts are not. */
const VALUE_SHAPE = /^\s*(?:[-+.\d][-+.,:/\sTZeE\d]*|true|false)\s*$/i;

/** Values of one sort in a column, and where the first of them is. */
export interface Finding {
  /** In the words of a warning, in the singular. */
  readonly word: string;
  readonly count: number;
  readonly firstRow: number;
}

/** Counts what one column holds, until its kind is asked for. */
export class ColumnCensus {
  /** Cells of any sort, those without a value included. */
  cells = 0;
  firstRow = 0;
  /** Whether every text so far looks like a number, a date, a time or a truth value. */
  #textsLookTyped = true;
  readonly #counts = new Float64Array(GROUPS);
  readonly #firstRows = new Float64Array(GROUPS);

  /** Of the same column in several workbooks. */
  static merged(parts: readonly ColumnCensus[]): ColumnCensus {
    const [only] = parts;
    if (only !== undefined && parts.length === 1) return only;
    const merged = new ColumnCensus();
    for (const part of parts) {
      merged.cells += part.cells;
      if (!part.#textsLookTyped) merged.#textsLookTyped = false;
      part.#counts.forEach((count, group) => {
        merged.#counts[group] = (merged.#counts[group] ?? 0) + count;
      });
    }
    return merged;
  }

  add(cell: RecordedCell, strings: SharedStrings): void {
    if (this.cells++ === 0) this.firstRow = cell.row;
    const group = groupOf(cell);
    if (group === undefined) return;
    const count = this.#counts[group] ?? 0;
    if (count === 0) this.#firstRows[group] = cell.row;
    this.#counts[group] = count + 1;
    if (group === TEXT && this.#textsLookTyped) {
      this.#textsLookTyped = VALUE_SHAPE.test(cellText(cell, strings) ?? "");
    }
  }

  get values(): number {
    return this.#count(this.#counts.keys());
  }

  get kind(): CellKind {
    const values = this.values;
    if (values === 0) return "text";
    return KINDS.find(({ groups }) => this.#count(groups) === values)?.kind ?? "text";
  }

  /** Whether a column of text may hold nothing but values of one type, written as text. */
  get mayBeTyped(): boolean {
    return this.values > 0 && this.kind === "text" && this.#textsLookTyped;
  }

  /** Whether doubles hold all of the column's numbers, and the column holds nothing else. */
  get fitsDouble(): boolean {
    return this.values > 0 && this.#count([INTEGER, FRACTION]) === this.values;
  }

  /** Whether values of other sorts than text are read as text. */
  get isMixed(): boolean {
    return this.kind === "text" && this.#counts[TEXT] !== this.values;
  }

  get findings(): readonly Finding[] {
    return WORDS.map(({ word, groups }) => {
      const firstRow = this.#firstRowOf(groups);
      return { word, count: this.#count(groups), firstRow };
    }).filter(({ count }) => count > 0);
  }

  #count(groups: Iterable<number>): number {
    let count = 0;
    for (const group of groups) count += this.#counts[group] ?? 0;
    return count;
  }

  #firstRowOf(groups: readonly number[]): number {
    const rows = groups.filter((group) => (this.#counts[group] ?? 0) > 0);
    return Math.min(...rows.map((group) => this.#firstRows[group] ?? 0));
  }
}

function groupOf(cell: RecordedCell): number | undefined {
  switch (cell.tag) {
    case CELL_NUMBER:
      return Number.isSafeInteger(cell.number) ? INTEGER : FRACTION;
    case CELL_INTEGER: {
      const value = BigInt(cell.text);
      return BigInt.asIntN(64, value) === value ? INT64 : HUGE;
    }
    case CELL_MOMENT:
      return cell.number % DAY_MS === 0 ? DATE : TIMESTAMP;
    case CELL_TIME:
      return TIME;
    case CELL_DURATION:
      return DURATION;
    case CELL_BOOLEAN:
      return BOOLEAN;
    case CELL_SHARED:
    case CELL_TEXT:
      return TEXT;
    case CELL_UNCALCULATED:
    case CELL_ERROR:
    case CELL_INVALID:
    case CELL_BAD_DATE:
      return undefined;
    default:
      return unreachable(cell.tag);
  }
}
