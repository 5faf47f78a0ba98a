import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { XlsxOptions } from "./format.ts";
import { analyseTable } from "./xlsx-analysis.ts";
import { readBatches } from "./xlsx-batches.ts";
import { CellSpill } from "./xlsx-cell-spill.ts";
import { parseRange, WHOLE_SHEET } from "./xlsx-reference.ts";
import type { SharedStrings } from "./xlsx-shared-strings.ts";
import { readSheetCells } from "./xlsx-sheet.ts";
import type { SheetBatch, SheetColumn, TableShape } from "./xlsx-table.ts";
import { type SheetInfo, Workbook, type WorkbookLimits } from "./xlsx-workbook.ts";

export type { CellKind, CellReject, ColumnBatch, SheetBatch, SheetColumn } from "./xlsx-table.ts";
export type { SheetInfo, WorkbookLimits } from "./xlsx-workbook.ts";

export interface ReadSheetSettings {
  readonly signal?: AbortSignal | undefined;
  /** Where the cells of a large sheet wait for the second pass. */
  readonly temporaryDirectory: string;
  readonly limits?: WorkbookLimits | undefined;
}

/** The sheets of the workbook at `path`, in the order of their tabs. */
export async function listSheets(
  path: string,
  limits: WorkbookLimits = LIMITS.workbook,
): Promise<readonly SheetInfo[]> {
  await using workbook = await Workbook.open(path, limits);
  return workbook.sheets;
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
  const strings = await workbook.readSharedStrings();
  const spill = new CellSpill(temporaryDirectory);
  try {
    await readSheetCells(workbook, sheet, range, strings, spill);
    const shape = analyseTable(sheet.name, options, spill, strings, limits);
    return new SheetReader(sheet, shape, spill, strings);
  } catch (error) {
    spill.close();
    throw error;
  }
}

/** One sheet's table, typed by the whole of each column. */
export class SheetReader implements Disposable {
  readonly sheet: SheetInfo;
  readonly columns: readonly SheetColumn[];
  readonly rowCount: number;
  /** How many cells `batches` will list as rejects. */
  readonly rejectedCount: number;
  /** Sentences for bucketgres.tables. */
  readonly warnings: readonly string[];
  readonly #shape: TableShape;
  readonly #spill: CellSpill;
  readonly #strings: SharedStrings;

  constructor(sheet: SheetInfo, shape: TableShape, spill: CellSpill, strings: SharedStrings) {
    this.sheet = { name: sheet.name, state: sheet.state };
    this.columns = shape.columns;
    this.rowCount = shape.rowCount;
    this.rejectedCount = shape.rejectedCount;
    this.warnings = shape.warnings;
    this.#shape = shape;
    this.#spill = spill;
    this.#strings = strings;
  }

  /**
   * The rows, in order. Columns whose index is in `asText` come as the text that a reader of the
   * sheet would write down, so that SQL can cast it to a declared type without loss. May be called
   * again, to read once more.
   */
  batches(asText: ReadonlySet<number> = new Set()): AsyncGenerator<SheetBatch> {
    return readBatches(this.#shape, this.#spill, this.#strings, asText);
  }

  [Symbol.dispose](): void {
    this.#spill.close();
  }
}
