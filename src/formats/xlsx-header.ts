import { PgError } from "../core/pg-error.ts";
import type { XlsxOptions } from "./format.ts";
import { CellCursor, type CellSpill } from "./xlsx-cell-spill.ts";
import { CELL_SHARED, CELL_TEXT, cellText } from "./xlsx-cells.ts";
import type { Pace } from "./xlsx-pace.ts";
import { cellName } from "./xlsx-reference.ts";
import type { SharedStrings } from "./xlsx-shared-strings.ts";

/** The row that names the columns: its texts by the sheet's column. */
export interface Header {
  /** 0 where no row holds names. */
  readonly row: number;
  readonly names: ReadonlyMap<number, string>;
  readonly warnings: readonly string[];
}

interface HeaderRow {
  readonly row: number;
  readonly names: ReadonlyMap<number, string>;
  readonly isAllText: boolean;
}

/** As many rows of one cell at the top are looked at as titles; a table of one column has more. */
const MOST_TITLE_ROWS = 20;

/**
 * The header is the row that `header_row` names, else the first row that is not empty. A report's
 * title above its table is told by its shape: rows of one cell, then an empty row, then names.
 */
export async function findHeader(
  sheetName: string,
  options: XlsxOptions,
  spill: CellSpill,
  strings: SharedStrings,
  pace: Pace,
): Promise<Header> {
  if (options.header === false) return { row: 0, names: new Map(), warnings: [] };
  const { header_row: wanted } = options;
  const titles: HeaderRow[] = [];
  for await (const row of headRows(spill, strings, wanted ?? 1, pace)) {
    if (wanted !== undefined) {
      if (row.row > wanted) break;
      return { row: row.row, names: row.names, warnings: [] };
    }
    if (row.names.size === 1 && titles.length < MOST_TITLE_ROWS) {
      titles.push(row);
      continue;
    }
    return titles.length === 0 || titles.length === MOST_TITLE_ROWS
      ? { row: (titles[0] ?? row).row, names: (titles[0] ?? row).names, warnings: [] }
      : headerBelow(sheetName, titles, row);
  }
  if (wanted !== undefined) {
    throw new PgError(
      "invalid_parameter_value",
      `row ${wanted} of sheet "${sheetName}", which should be the header, is empty`,
      { hint: "Set xlsx: { header_row: … } to the row that holds the column names." },
    );
  }
  const [first] = titles;
  if (first === undefined) throw emptySheet(sheetName, options);
  return { row: first.row, names: first.names, warnings: [] };
}

export function emptySheet(sheetName: string, options: XlsxOptions): PgError {
  const place = options.range === undefined ? "" : `range ${options.range} of `;
  return new PgError(
    "bad_copy_file_format",
    `${place}sheet "${sheetName}" is empty: it has no header`,
    {
      hint: "Choose another sheet with xlsx: { sheet: … }, or upload the file again.",
    },
  );
}

function headerBelow(sheetName: string, titles: readonly HeaderRow[], row: HeaderRow): Header {
  const [first] = titles;
  const last = titles.at(-1);
  if (first === undefined || last === undefined) return { ...row, warnings: [] };
  const isDistinct = new Set(row.names.values()).size === row.names.size;
  if (row.row > last.row + 1 && row.isAllText && isDistinct) {
    const rows = first.row === last.row ? `row ${first.row}` : `rows ${first.row} to ${last.row}`;
    return {
      row: row.row,
      names: row.names,
      warnings: [
        `row ${row.row} is taken as the header; ${rows} above it ${first.row === last.row ? "is" : "are"} left out as a title`,
      ],
    };
  }
  const [column = 0] = first.names.keys();
  throw new PgError(
    "bad_copy_file_format",
    `the header of sheet "${sheetName}" is not clear: ${cellName(column, first.row)} is a single cell above a table of ${row.names.size} columns`,
    {
      hint: `Set xlsx: { header_row: ${row.row} }, if that row holds the column names, or xlsx: { range: … }.`,
    },
  );
}

/** The rows that hold something, from `firstRow` on, as text. */
async function* headRows(
  spill: CellSpill,
  strings: SharedStrings,
  firstRow: number,
  pace: Pace,
): AsyncGenerator<HeaderRow> {
  const cell = new CellCursor();
  let row = 0;
  let names = new Map<number, string>();
  let isAllText = true;
  for (const page of spill.pages()) {
    await pace.breathe();
    cell.load(page);
    while (cell.next()) {
      if (cell.row < firstRow) continue;
      if (cell.row !== row) {
        if (row > 0) yield { row, names, isAllText };
        row = cell.row;
        names = new Map();
        isAllText = true;
      }
      names.set(cell.column, (cellText(cell, strings) ?? "").trim());
      if (cell.tag !== CELL_SHARED && cell.tag !== CELL_TEXT) isAllText = false;
    }
  }
  if (row > 0) yield { row, names, isAllText };
}
