import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { XlsxOptions } from "./format.ts";
import { analyseTable } from "./xlsx-analysis.ts";
import { readBatches } from "./xlsx-batches.ts";
import { CellSpill } from "./xlsx-cell-spill.ts";
import { parseRange, WHOLE_SHEET } from "./xlsx-reference.ts";
import { SharedStrings } from "./xlsx-shared-strings.ts";
import { readSheetCells } from "./xlsx-sheet.ts";
import type { CellKind, SheetBatch, SheetColumn, TableShape } from "./xlsx-table.ts";
import { type SheetInfo, Workbook, type WorkbookLimits } from "./xlsx-workbook.ts";

export { columnTitle } from "./xlsx-analysis.ts";
export { ColumnCensus } from "./xlsx-column-kind.ts";
export { type CountedColumn, mixture } from "./xlsx-mixture.ts";
export { cellName } from "./xlsx-reference.ts";
export type { CellKind, CellReject, ColumnBatch, SheetBatch, SheetColumn } from "./xlsx-table.ts";
export type { SheetInfo, WorkbookLimits } from "./xlsx-workbook.ts";

export interface ReadSheetSettings {
  readonly signal?: AbortSignal | undefined;
  /** Where the cells of a large sheet wait for the second pass. */
  readonly temporaryDirectory: string;
  readonly limits?: WorkbookLimits | undefined;
}

/** The tabs of the workbook at `path`, in their order. No sheet is read for that. */
export async function listSheets(
  path: string,
  limits: WorkbookLimits = LIMITS.workbook,
): Promise<readonly SheetInfo[]> {
  await using workbook = await Workbook.open(path, limits);
  return workbook.sheets.map(({ name, number, state, isWorksheet }) => ({
    name,
    number,
    state,
    isWorksheet,
  }));
}

/**
 * Reads one sheet of the workbook at `path`. The file is parsed once, and may go away afterwards;
 * the cells wait in a compact form, at first in memory and then in a file, until the whole of each
 * column has decided on its kind.
 */
export async function readSheet(
  path: string,
  options: XlsxOptions,
  settings: ReadSheetSettings,
): Promise<SheetReader> {
  const { signal, temporaryDirectory, limits = LIMITS.workbook } = settings;
  if (options.header === false && options.header_row !== undefined) {
    throw new PgError("invalid_parameter_value", "header_row contradicts header: false");
  }
  const range = options.range === undefined ? WHOLE_SHEET : parseRange(options.range);
  await using workbook = await Workbook.open(path, limits, signal);
  const sheet = workbook.chooseSheet(options.sheet);
  const strings = new SharedStrings(temporaryDirectory);
  const spill = new CellSpill(temporaryDirectory);
  try {
    await workbook.readSharedStrings(strings);
    await readSheetCells(workbook, sheet, range, strings, spill);
    const shape = await analyseTable(sheet.name, options, spill, strings, limits, signal);
    return new SheetReader(sheet, workbook.sheets.length, shape, spill, strings);
  } catch (error) {
    spill.close();
    strings.close();
    throw error;
  }
}

/** One sheet's table, typed by the whole of each column. */
export class SheetReader implements Disposable {
  readonly sheet: SheetInfo;
  /** How many sheets the workbook has, this one included. */
  readonly sheetCount: number;
  readonly columns: readonly SheetColumn[];
  readonly rowCount: number;
  /** How many cells `batches` will list as rejects. */
  readonly rejectedCount: number;
  /** Sentences for bucketgres.tables, beside those on the kinds of columns. */
  readonly warnings: readonly string[];
  readonly #shape: TableShape;
  readonly #spill: CellSpill;
  readonly #strings: SharedStrings;

  constructor(
    { name, number, state, isWorksheet }: SheetInfo,
    sheetCount: number,
    shape: TableShape,
    spill: CellSpill,
    strings: SharedStrings,
  ) {
    this.sheet = { name, number, state, isWorksheet };
    this.sheetCount = sheetCount;
    this.columns = shape.columns;
    this.rowCount = shape.rowCount;
    this.rejectedCount = shape.rejectedCount;
    this.warnings = shape.warnings;
    this.#shape = shape;
    this.#spill = spill;
    this.#strings = strings;
  }

  /**
   * The rows, in order, with each column as this kind: its own, or one that is wider. Any column may
   * be asked for as text, which is what a reader of the sheet would write down, so that SQL can cast
   * it to a declared type without loss; undefined leaves a column out. May be called again.
   */
  batches(
    kinds: readonly (CellKind | undefined)[] = this.columns.map(({ kind }) => kind),
    signal?: AbortSignal,
  ): AsyncGenerator<SheetBatch> {
    return readBatches(this.#shape, this.#spill, this.#strings, kinds, signal);
  }

  [Symbol.dispose](): void {
    this.#spill.close();
    this.#strings.close();
  }
}
