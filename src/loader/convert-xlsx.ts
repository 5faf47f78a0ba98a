/** Sheets of workbooks into `main.data`. */
import { quoteIdentifier, quoteLiteral } from "../core/identifier.ts";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { Connection } from "../duckdb/connection.ts";
import type { XlsxOptions } from "../formats/format.ts";
import { type CellReject, readSheet, type SheetReader } from "../formats/xlsx.ts";
import { planColumns } from "./csv-columns.ts";
import { type FileNameColumn, fileNameColumn } from "./filename-column.ts";
import type { Conversion, LoadContext, SourceFile } from "./load-context.ts";
import { makeRoomFor } from "./load-memory.ts";
import { appendRejects } from "./rejects.ts";
import { decideColumns, mixtureWarnings, type Sheet, type XlsxColumn } from "./xlsx-columns.ts";
import { makeSlice, SLICE, type Slice, type StagedColumn, stagedSlices } from "./xlsx-staging.ts";

export async function convertXlsx(
  sources: readonly SourceFile[],
  options: XlsxOptions,
  context: LoadContext,
): Promise<Conversion> {
  const sheets: Sheet[] = [];
  try {
    for (const source of sources) {
      sheets.push({ file: source.name, reader: await openSheet(source, options, context) });
    }
    const headers = sheets.map(({ reader }) => reader.columns.map((column) => column.header));
    const planned = planColumns(headers, context.table);
    // The rows of a slice are in memory twice: staged, and on their way into the table.
    await makeRoomFor(2 * planned.length, context);
    const columns = await decideColumns(planned, sheets, context);
    const fileName = fileNameColumn(context.table, columns);
    await new XlsxConversion(sheets, columns, fileName, context).run();
    const warnings = [
      ...sheets.flatMap((sheet) => sheetWarnings(sheet, sheets.length)),
      ...mixtureWarnings(columns, sheets),
    ];
    return {
      columns: fileName === undefined ? columns : [...columns, fileName.column],
      warnings,
    };
  } finally {
    for (const { reader } of sheets) reader[Symbol.dispose]();
  }
}

/** What is wrong with one of several workbooks is said with its name. */
async function openSheet(
  source: SourceFile,
  options: XlsxOptions,
  { signal, directory, table }: LoadContext,
): Promise<SheetReader> {
  try {
    return await readSheet(source.path, options, { signal, temporaryDirectory: directory });
  } catch (error) {
    if (signal.aborted || !(error instanceof PgError) || !table.source.isGlob) throw error;
    const message = `file "${source.name}": ${error.message}`;
    throw PgError.fromFields({ ...error.toFields(), message });
  }
}

class XlsxConversion {
  readonly #sheets: readonly Sheet[];
  readonly #columns: readonly XlsxColumn[];
  readonly #fileName: FileNameColumn | undefined;
  readonly #context: LoadContext;
  #second: Connection | undefined;
  #slices = 0;

  constructor(
    sheets: readonly Sheet[],
    columns: readonly XlsxColumn[],
    fileName: FileNameColumn | undefined,
    context: LoadContext,
  ) {
    this.#sheets = sheets;
    this.#columns = columns;
    this.#fileName = fileName;
    this.#context = context;
  }

  async run(): Promise<void> {
    const { connection } = this.#context;
    // A checkpoint between slices would need the memory of a wide table a third time.
    await connection.run("SET wal_autocheckpoint = '1TB'");
    await makeSlice(this.#staged(0), connection);
    for (const [index, sheet] of this.#sheets.entries()) {
      const values = this.#values(sheet).join(", ");
      if (index === 0) {
        await connection.run(`CREATE TABLE main.data AS SELECT ${values} FROM ${SLICE}`);
      }
      const slices = stagedSlices(
        sheet.reader,
        this.#staged(index),
        this.#nextConnection,
        this.#context.signal,
      );
      // DuckDB moves a slice in its own threads while the next is filled in ours.
      let moving: Promise<void> = Promise.resolve();
      try {
        for await (const slice of slices) {
          await moving;
          moving = this.#move(slice, sheet, index, values);
          // Heard at the next slice, or at the end.
          moving.catch(() => undefined);
        }
      } finally {
        await moving;
      }
    }
    for (const used of [connection, this.#second]) {
      await used?.run(`DROP TABLE IF EXISTS ${SLICE}`);
    }
  }

  /** The context's own and one more, which is opened when there is a second slice. */
  readonly #nextConnection = async (): Promise<Connection> => {
    this.#slices += 1;
    if (this.#slices % 2 === 1) return this.#context.connection;
    this.#second ??= await this.#context.connect();
    return this.#second;
  };

  async #move(
    { connection, rejects }: Slice,
    sheet: Sheet,
    fileIndex: number,
    values: string,
  ): Promise<void> {
    await this.#rejectCells(connection, sheet, fileIndex, rejects);
    for (const column of this.#columns.keys()) {
      await this.#rejectMisfits(connection, sheet, column);
    }
    await connection.run(`INSERT INTO main.data SELECT ${values} FROM ${SLICE}`);
  }

  /** What the table holds of a sheet's staged rows: SQL, in the order of its columns. */
  #values({ file }: Sheet): string[] {
    const values = this.#columns.map(({ name, reading }, index) => {
      const staged = `c${index}`;
      return `${reading?.value(staged) ?? staged} AS ${quoteIdentifier(name)}`;
    });
    if (this.#fileName !== undefined) {
      const { name } = this.#fileName.column;
      values.push(`${this.#fileName.value({ name: file })} AS ${quoteIdentifier(name)}`);
    }
    return values;
  }

  #staged(fileIndex: number): StagedColumn[] {
    return this.#columns.map(({ kind, places }, index) => ({
      name: `c${index}`,
      kind,
      place: places[fileIndex],
    }));
  }

  async #rejectCells(
    connection: Connection,
    sheet: Sheet,
    fileIndex: number,
    cells: readonly CellReject[],
  ): Promise<void> {
    const rejects = cells.flatMap((cell) => {
      const column = this.#columns.find(({ places }) => places[fileIndex] === cell.column);
      return column === undefined ? [] : [{ cell, column }];
    });
    const [first] = rejects;
    if (first === undefined) return;
    const { table } = this.#context;
    if (table.onBadValue === "fail") {
      const { cell, column } = first;
      throw new PgError(
        "invalid_text_representation",
        `bad value ${cell.value} (${place(sheet, cell.row, column)}): ${cell.reason}`,
        { hint: "Correct the cell, or set on_bad_value: reject." },
      );
    }
    await appendRejects(
      connection,
      rejects.map(({ cell, column }) => ({
        file: sheet.file,
        rowNumber: cell.row,
        columnName: column.name,
        value: cell.value,
        reason: cell.reason + sheetRemark(sheet),
      })),
    );
  }

  /** Staged texts that are no value of their column's type. */
  async #rejectMisfits(connection: Connection, sheet: Sheet, index: number): Promise<void> {
    const { table } = this.#context;
    const column = this.#columns[index];
    const staged = `c${index}`;
    const value = column?.reading?.value(staged) ?? staged;
    if (column === undefined || value === staged) return;
    const type = column.definition?.type ?? "text";
    const { rejectedValueCharacters, messageValueCharacters } = LIMITS.csv;
    const misfits = `FROM ${SLICE} WHERE ${staged} <> '' AND ${value} IS NULL`;
    if (table.onBadValue === "reject") {
      const reason = `does not fit type ${type}${sheetRemark(sheet)}`;
      await connection.run(
        `INSERT INTO main.rejects SELECT ${quoteLiteral(sheet.file)}, line, ${quoteLiteral(column.name)}, left(${staged}, ${rejectedValueCharacters}), ${quoteLiteral(reason)} ${misfits}`,
      );
      return;
    }
    const [row] = await connection.rows(
      `SELECT line, left(${staged}, ${messageValueCharacters}) ${misfits} ORDER BY line LIMIT 1`,
    );
    if (row === undefined) return;
    const [line, shown] = row.map(String);
    throw new PgError(
      "invalid_text_representation",
      `invalid input syntax for type ${type}: "${shown}" (${place(sheet, Number(line), column)})`,
      { hint: "Correct the file or the column's type, or set on_bad_value: reject." },
    );
  }
}

function sheetWarnings({ file, reader }: Sheet, fileCount: number): readonly string[] {
  if (fileCount === 1) return reader.warnings;
  return reader.warnings.map((warning) => `"${file}", sheet "${reader.sheet.name}": ${warning}`);
}

function place({ file, reader }: Sheet, row: number, column: XlsxColumn): string {
  const sheet = reader.sheetCount === 1 ? "" : `, sheet "${reader.sheet.name}"`;
  return `file "${file}"${sheet}, row ${row}, column "${column.header}"`;
}

/** Behind the reason of a reject, which has no field for the sheet. */
function sheetRemark({ reader }: Sheet): string {
  return reader.sheetCount === 1 ? "" : ` (sheet "${reader.sheet.name}")`;
}
