import { PgError } from "../core/pg-error.ts";
import type { XlsxOptions } from "./format.ts";
import { CellCursor, type CellSpill } from "./xlsx-cell-spill.ts";
import { CELL_UNCALCULATED, isRejected } from "./xlsx-cells.ts";
import { ColumnCensus } from "./xlsx-column-kind.ts";
import { emptySheet, findHeader, type Header } from "./xlsx-header.ts";
import { Pace } from "./xlsx-pace.ts";
import { cellName, columnLetters, SHEET_COLUMNS } from "./xlsx-reference.ts";
import type { SharedStrings } from "./xlsx-shared-strings.ts";
import type { SheetColumn, TableShape } from "./xlsx-table.ts";
import type { WorkbookLimits } from "./xlsx-workbook.ts";

/** A longer stretch of empty rows is likely a slip of the pen far below the table. */
const NOTABLE_GAP = 1_000;
/** A file's oddities are told column by column, but not without end. */
const MOST_WARNINGS = 50;

/** What all rows together say: where the table lies, and of which kind each column is. */
export async function analyseTable(
  sheetName: string,
  options: XlsxOptions,
  spill: CellSpill,
  strings: SharedStrings,
  limits: WorkbookLimits,
  signal: AbortSignal | undefined,
): Promise<TableShape> {
  const pace = new Pace(signal);
  const header = await findHeader(sheetName, options, spill, strings, pace);
  const lastDataRow = spill.lastRow - (options.skip_footer ?? 0);
  const census = await takeCensus(header, spill, strings, lastDataRow, pace);
  const used = [...header.names.keys(), ...census.columns.keys()];
  if (used.length === 0) throw emptySheet(sheetName, options);
  const firstColumn = used.reduce((least, column) => Math.min(least, column), SHEET_COLUMNS);
  const lastColumn = used.reduce((most, column) => Math.max(most, column), 0);
  const width = lastColumn - firstColumn + 1;
  const rowCount = census.firstRow === 0 ? 0 : census.lastRow - census.firstRow + 1;
  checkSize(sheetName, width, rowCount, census, header, lastColumn, limits);

  const columns: SheetColumn[] = [];
  const warnings = [...header.warnings, ...generalWarnings(census)];
  for (let column = firstColumn; column <= lastColumn; column++) {
    const counted = census.columns.get(column) ?? new ColumnCensus();
    const name = header.names.get(column) ?? "";
    columns.push({
      header: name,
      letters: columnLetters(column),
      kind: counted.kind,
      census: counted,
      notNull: counted.values === rowCount,
    });
    if (name === "" && header.row > 0 && counted.cells > 0) {
      const first = cellName(column, counted.firstRow);
      warnings.push(
        `${columnTitle(name, columnLetters(column))} has values, first in ${first}, but no name in row ${header.row}`,
      );
    }
  }
  return {
    columns,
    firstColumn,
    firstRow: census.firstRow,
    rowCount,
    rejectedCount: census.rejectedCount,
    warnings: warnings.slice(0, MOST_WARNINGS),
  };
}

/** How a warning calls a column. */
export function columnTitle(header: string, letters: string): string {
  return header === "" ? `column ${letters}` : `column "${header}"`;
}

interface Census {
  /** By the sheet's column. */
  readonly columns: ReadonlyMap<number, ColumnCensus>;
  /** The first and the last row of data that hold something; 0 where none does. */
  readonly firstRow: number;
  readonly lastRow: number;
  readonly rejectedCount: number;
  readonly uncalculated: { readonly count: number; readonly first: string };
  readonly longestGap: { readonly rows: number; readonly below: number };
}

async function takeCensus(
  header: Header,
  spill: CellSpill,
  strings: SharedStrings,
  lastDataRow: number,
  pace: Pace,
): Promise<Census> {
  const columns: (ColumnCensus | undefined)[] = [];
  let firstRow = 0;
  let lastRow = 0;
  let rejectedCount = 0;
  let uncalculated = { count: 0, first: "" };
  let longestGap = { rows: 0, below: 0 };
  const cell = new CellCursor();
  for (const page of spill.pages()) {
    await pace.breathe();
    cell.load(page);
    while (cell.next()) {
      const { row, column, tag } = cell;
      if (row <= header.row || row > lastDataRow) continue;
      if (row !== lastRow) {
        if (firstRow === 0) firstRow = row;
        else if (row - lastRow - 1 > longestGap.rows) {
          longestGap = { rows: row - lastRow - 1, below: lastRow };
        }
        lastRow = row;
      }
      (columns[column] ??= new ColumnCensus()).add(cell, strings);
      if (isRejected(tag)) rejectedCount++;
      if (tag === CELL_UNCALCULATED) {
        const first = uncalculated.count === 0 ? cellName(column, row) : uncalculated.first;
        uncalculated = { count: uncalculated.count + 1, first };
      }
    }
  }
  const found = new Map<number, ColumnCensus>();
  columns.forEach((census, column) => {
    if (census !== undefined) found.set(column, census);
  });
  return { columns: found, firstRow, lastRow, rejectedCount, uncalculated, longestGap };
}

function generalWarnings({ uncalculated, longestGap }: Census): string[] {
  const warnings: string[] = [];
  if (uncalculated.count > 0) {
    const formulas = uncalculated.count === 1 ? "1 formula" : `${uncalculated.count} formulas`;
    warnings.push(
      `${formulas} without a saved result, first in ${uncalculated.first}, are NULL: open the workbook in a spreadsheet program and save it`,
    );
  }
  if (longestGap.rows > NOTABLE_GAP) {
    warnings.push(`${longestGap.rows} empty rows below row ${longestGap.below} are rows of NULL`);
  }
  return warnings;
}

function checkSize(
  sheetName: string,
  width: number,
  rowCount: number,
  census: Census,
  header: Header,
  lastColumn: number,
  limits: WorkbookLimits,
): void {
  const { columns, gridCells } = limits;
  if (width > columns) {
    const row = header.names.has(lastColumn)
      ? header.row
      : census.columns.get(lastColumn)?.firstRow;
    throw new PgError(
      "too_many_columns",
      `the table in sheet "${sheetName}" has ${width} columns, and a table can have at most ${columns}`,
      {
        detail: `The last one is used in cell ${cellName(lastColumn, row ?? 0)}.`,
        hint: "Delete what stands astray, or name the table's cells with xlsx: { range: … }.",
      },
    );
  }
  if (width * rowCount > gridCells) {
    throw new PgError(
      "program_limit_exceeded",
      `the table in sheet "${sheetName}" spans ${rowCount} rows and ${width} columns, which exceeds the limit of ${gridCells} cells`,
      { hint: "Delete what stands astray, or name the table's cells with xlsx: { range: … }." },
    );
  }
}
