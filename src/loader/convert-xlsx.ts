/**
 * Sheets of workbooks into `main.data`. The reader has typed whole columns already; its batches go
 * to a staging table in the plain form in which they come, and SQL makes the values of them.
 */
import { quoteIdentifier, quoteLiteral } from "../core/identifier.ts";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { DuckDBValue } from "../duckdb/connection.ts";
import { declaredReading } from "../formats/csv-declared.ts";
import type { Reading } from "../formats/csv-readings.ts";
import { decideType, factsFrom, factsQuery } from "../formats/csv-types.ts";
import type { XlsxOptions } from "../formats/format.ts";
import {
  type CellKind,
  type CellReject,
  type ColumnBatch,
  readSheet,
  type SheetBatch,
  type SheetReader,
} from "../formats/xlsx.ts";
import { type PlannedColumn, planColumns } from "./csv-columns.ts";
import type { Conversion, LoadContext, SourceFile } from "./load-context.ts";
import { appendRejects } from "./rejects.ts";

interface Sheet {
  readonly file: string;
  readonly reader: SheetReader;
}

/** How a kind waits in the staging table, and the value that is made of it. */
const KINDS: {
  readonly [K in CellKind]: {
    readonly staged: string;
    readonly type: string;
    readonly value: (staged: string) => string;
  };
} = {
  boolean: { staged: "BOOLEAN", type: "BOOLEAN", value: (it) => it },
  bigint: { staged: "BIGINT", type: "BIGINT", value: (it) => it },
  double: { staged: "DOUBLE", type: "DOUBLE", value: (it) => it },
  date: { staged: "INTEGER", type: "DATE", value: (it) => `DATE '1970-01-01' + ${it}` },
  timestamp: { staged: "BIGINT", type: "TIMESTAMP", value: (it) => `make_timestamp(${it})` },
  time: { staged: "BIGINT", type: "TIME", value: (it) => `CAST(make_timestamp(${it}) AS TIME)` },
  interval: { staged: "BIGINT", type: "INTERVAL", value: (it) => `to_microseconds(${it})` },
  text: { staged: "VARCHAR", type: "VARCHAR", value: (it) => it },
};

export async function convertXlsx(
  sources: readonly SourceFile[],
  options: XlsxOptions,
  context: LoadContext,
): Promise<Conversion> {
  const sheets: Sheet[] = [];
  try {
    for (const source of sources) {
      const reader = await readSheet(source.path, options, {
        signal: context.signal,
        temporaryDirectory: context.directory,
      });
      sheets.push({ file: source.name, reader });
    }
    const headers = sheets.map(({ reader }) => reader.columns.map((column) => column.header));
    const columns = planColumns(headers, context.table);
    await new XlsxConversion(sheets, columns, context).run();
    return { columns, warnings: sheets.flatMap(({ reader }) => reader.warnings) };
  } finally {
    for (const { reader } of sheets) reader[Symbol.dispose]();
  }
}

class XlsxConversion {
  readonly #sheets: readonly Sheet[];
  readonly #columns: readonly PlannedColumn[];
  /** Undefined where the column comes as text, which a declared type or all workbooks together make a value of. */
  readonly #kinds: readonly (CellKind | undefined)[];
  readonly #context: LoadContext;

  constructor(sheets: readonly Sheet[], columns: readonly PlannedColumn[], context: LoadContext) {
    this.#sheets = sheets;
    this.#columns = columns;
    this.#context = context;
    this.#kinds = columns.map((column) => kindOf(column, sheets));
  }

  async run(): Promise<void> {
    const { connection, signal } = this.#context;
    const staged = this.#kinds.map((kind, index) => `c${index} ${KINDS[kind ?? "text"].staged}`);
    await connection.run(
      `CREATE TEMP TABLE staged (file INTEGER, line BIGINT, ${staged.join(", ")})`,
    );
    for (const [index, sheet] of this.#sheets.entries()) await this.#stage(sheet, index);
    signal.throwIfAborted();
    const readings = await this.#readings();
    for (const [column, reading] of readings) await this.#rejectMisfits(column, reading);
    const values = this.#columns.map(({ name }, column) => {
      const kind = KINDS[this.#kinds[column] ?? "text"];
      const value = readings.get(column)?.value(`c${column}`) ?? kind.value(`c${column}`);
      return `${value} AS ${quoteIdentifier(name)}`;
    });
    await connection.run(`CREATE TABLE main.data AS SELECT ${values.join(", ")} FROM staged`);
    await connection.run("DROP TABLE staged");
  }

  async #stage(sheet: Sheet, fileIndex: number): Promise<void> {
    const { connection, signal } = this.#context;
    const asText = new Set(
      this.#columns.flatMap(({ places }, column) => {
        const place = places[fileIndex];
        return place === undefined || this.#kinds[column] !== undefined ? [] : [place];
      }),
    );
    for await (const batch of sheet.reader.batches(asText)) {
      signal.throwIfAborted();
      const rows = Array.from({ length: batch.rowCount }, (_, row) => row);
      const values = this.#columns.map(({ places }): readonly DuckDBValue[] => {
        const place = places[fileIndex];
        const cells = place === undefined ? undefined : batch.columns[place];
        return cells === undefined ? rows.map(() => null) : plainValues(cells, rows);
      });
      const appender = await connection.appender("staged");
      try {
        const files = rows.map(() => fileIndex);
        const lines = rows.map((row) => BigInt(batch.firstRow + row));
        appender.append([files, lines, ...values], batch.rowCount);
      } finally {
        appender.close();
      }
      await this.#rejectCells(sheet, fileIndex, batch);
    }
  }

  async #rejectCells(sheet: Sheet, fileIndex: number, batch: SheetBatch): Promise<void> {
    const rejects = batch.rejects.flatMap((cell) => {
      const column = this.#columns.find(({ places }) => places[fileIndex] === cell.column);
      return column === undefined ? [] : [{ cell, column }];
    });
    const [first] = rejects;
    if (first === undefined) return;
    if (this.#context.table.onBadValue === "fail") throw badCell(sheet, first.cell, first.column);
    await appendRejects(
      this.#context.connection,
      rejects.map(({ cell, column }) => ({
        file: sheet.file,
        rowNumber: cell.row,
        columnName: column.name,
        value: cell.value,
        reason: cell.reason,
      })),
    );
  }

  /** Of the columns that were staged as text to be typed here. */
  async #readings(): Promise<Map<number, Reading>> {
    const readings = new Map<number, Reading>();
    for (const [column, { definition }] of this.#columns.entries()) {
      if (this.#kinds[column] !== undefined) continue;
      const sql = factsQuery("staged", [`c${column}`], {});
      const [row = []] = await this.#context.connection.rows(sql);
      const facts = factsFrom(row, 0);
      const declared = definition?.type;
      const reading =
        declared === undefined
          ? decideType(facts, {}).reading
          : declaredReading(declared, facts, {});
      readings.set(column, reading);
    }
    return readings;
  }

  async #rejectMisfits(column: number, reading: Reading): Promise<void> {
    const { connection, table } = this.#context;
    const planned = this.#columns[column];
    const text = `c${column}`;
    const value = reading.value(text);
    if (planned === undefined || value === text) return;
    const type = planned.definition?.type ?? "text";
    const misfit = `${text} <> '' AND ${value} IS NULL`;
    const files = this.#sheets.map(({ file }) => quoteLiteral(file)).join(", ");
    const from = `(SELECT [${files}][file + 1] AS file, line, left(${text}, ${LIMITS.csv.rejectedValueCharacters}) AS value FROM staged WHERE ${misfit})`;
    if (table.onBadValue === "reject") {
      await connection.run(
        `INSERT INTO main.rejects SELECT file, line, ${quoteLiteral(planned.name)}, value, ${quoteLiteral(`does not fit type ${type}`)} FROM ${from}`,
      );
      return;
    }
    const [row] = await connection.rows(
      `SELECT file, line, left(value, ${LIMITS.csv.messageValueCharacters}) FROM ${from} ORDER BY line LIMIT 1`,
    );
    if (row === undefined) return;
    const [file, line, shown] = row.map(String);
    throw new PgError(
      "invalid_text_representation",
      `invalid input syntax for type ${type}: "${shown}" (file "${file}", row ${line}, column "${planned.header}")`,
      { hint: "Correct the file or the column's type, or set on_bad_value: reject." },
    );
  }
}

/** What the reader found, unless a type is declared or several workbooks do not agree. */
function kindOf(column: PlannedColumn, sheets: readonly Sheet[]): CellKind | undefined {
  if (column.definition?.type !== undefined) return undefined;
  const kinds = new Set(
    column.places.flatMap((place, file) => {
      const kind = place === undefined ? undefined : sheets[file]?.reader.columns[place]?.kind;
      return kind === undefined ? [] : [kind];
    }),
  );
  const [first, ...others] = kinds;
  return others.length === 0 ? first : undefined;
}

function plainValues(cells: ColumnBatch, rows: readonly number[]): readonly DuckDBValue[] {
  switch (cells.kind) {
    case "text":
      return cells.values;
    case "boolean":
      return rows.map((row) => (cells.valid[row] === 1 ? cells.values[row] === 1 : null));
    case "bigint":
    case "double":
    case "date":
    case "timestamp":
    case "time":
    case "interval":
      return rows.map((row) => (cells.valid[row] === 1 ? (cells.values[row] ?? null) : null));
  }
}

function badCell(sheet: Sheet, cell: CellReject, column: PlannedColumn): PgError {
  return new PgError(
    "invalid_text_representation",
    `bad value ${cell.value} in row ${cell.row}, column "${column.header}" of file "${sheet.file}": ${cell.reason}`,
    { hint: "Correct the cell, or set on_bad_value: reject." },
  );
}
