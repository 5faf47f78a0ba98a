/**
 * CSV files into `main.data`. The usual file is read once, guarded by the types that a sample of it
 * shows; only a file that does not keep to them, or is damaged, is read again.
 */
import { quoteIdentifier } from "../core/identifier.ts";
import { PgError } from "../core/pg-error.ts";
import { csvColumn } from "../formats/csv.ts";
import type { CsvOptions } from "../formats/format.ts";
import {
  findBadValues,
  firstBadValue,
  rejectBadValues,
  type TypedFiles,
} from "./csv-bad-values.ts";
import { type PlannedColumn, planColumns } from "./csv-columns.ts";
import { type CsvFile, type CsvFormat, emptyFile, type OnRagged, openCsvFile } from "./csv-file.ts";
import { raggedError, raggedRejects } from "./csv-ragged.ts";
import {
  type ColumnReading,
  type FactsRequest,
  sampleFacts,
  type TypedColumn,
  typeColumn,
  wholeFacts,
} from "./csv-typing.ts";
import { columnWarnings, TypesByFile, totalWarnings } from "./csv-warnings.ts";
import { type FileNameColumn, fileNameColumn } from "./filename-column.ts";
import type { Conversion, LoadContext, SourceFile } from "./load-context.ts";
import { makeRoomFor } from "./load-memory.ts";
import { appendRejects } from "./rejects.ts";

export async function convertCsv(
  sources: readonly SourceFile[],
  format: CsvFormat,
  context: LoadContext,
): Promise<Conversion> {
  const files: CsvFile[] = [];
  const warnings: string[] = [];
  for (const [index, source] of sources.entries()) {
    const file = await openCsvFile(source, index, format, context);
    if (file === undefined) {
      if (sources.length === 1) throw emptyFile(source.name);
      warnings.push(`file "${source.name}" is empty`);
    } else {
      files.push(file);
      warnings.push(...file.warnings);
    }
  }
  const [first] = sources;
  if (files.length === 0) throw emptyFile(first?.name ?? context.table.source.text);
  const headers = files.map((file) => file.layout.headers);
  const columns = planColumns(headers, context.table);
  const fileName = fileNameColumn(context.table, columns);
  warnings.push(...columnWarnings(files, columns));
  await makeRoomFor(Math.max(...headers.map((it) => it.length)), context);
  const conversion = new CsvConversion(files, columns, fileName, format.csv, context);
  return {
    columns: fileName === undefined ? columns : [...columns, fileName.column],
    warnings: bounded([...warnings, ...(await conversion.run())]),
  };
}

/** Of a table of thousands of files, so that its state can still be read. */
const WARNINGS = 50;

function bounded(warnings: readonly string[]): string[] {
  const more = warnings.length - WARNINGS;
  return more > 0 ? [...warnings.slice(0, WARNINGS), `${more} more warnings`] : [...warnings];
}

class CsvConversion {
  readonly #files: readonly CsvFile[];
  readonly #columns: readonly PlannedColumn[];
  readonly #fileName: FileNameColumn | undefined;
  readonly #options: CsvOptions;
  readonly #context: LoadContext;
  readonly #typesByFile = new TypesByFile();
  #types: TypedColumn[] = [];

  constructor(
    files: readonly CsvFile[],
    columns: readonly PlannedColumn[],
    fileName: FileNameColumn | undefined,
    options: CsvOptions,
    context: LoadContext,
  ) {
    this.#files = files;
    this.#columns = columns;
    this.#fileName = fileName;
    this.#options = options;
    this.#context = context;
  }

  /** Sentences for bucketgres.tables. */
  async run(): Promise<string[]> {
    for (const file of this.#files) {
      const { comment, skipFooter, isUneven } = file.layout;
      if (comment !== "" || skipFooter > 0 || isUneven) await this.#repair(file);
    }
    await this.#typeBySample();
    if (!(await this.#attempt())) await this.#diagnoseAndConvert();
    const ofColumns = this.#columns.flatMap(({ name }, index) => {
      const warning = this.#types[index]?.warning;
      return warning === undefined ? [] : [`column "${name}" ${warning}`];
    });
    return [
      ...ofColumns,
      ...this.#typesByFile.warnings(this.#columns, this.#types),
      ...(await totalWarnings(this.#files, this.#columns, this.#types)),
    ];
  }

  async #typeBySample(): Promise<void> {
    const { readings, isWhole } = await sampleFacts(this.#factsOf(this.#columns));
    this.#types = readings.map((it, column) => this.#typed(column, it));
    if (isWhole) return;
    const open = this.#types.flatMap(({ isOpen }, column) => (isOpen ? [column] : []));
    await this.#typeByAllRows(open);
  }

  async #typeByAllRows(columns: readonly number[]): Promise<void> {
    if (columns.length === 0) return;
    const planned = columns.flatMap((column) => this.#columns[column] ?? []);
    for (const file of this.#files) {
      // Any read finds a damaged record.
      await this.#readable(file, () => this.#rows(`SELECT count(*) FROM ${file.relation}`));
    }
    const readings = await wholeFacts(this.#factsOf(planned));
    columns.forEach((column, index) => {
      const reading = readings[index];
      if (reading !== undefined) this.#types[column] = this.#typed(column, reading);
    });
  }

  #factsOf(columns: readonly PlannedColumn[]): FactsRequest {
    return {
      connection: this.#context.connection,
      files: this.#files,
      columns,
      options: this.#options,
      readable: (file, read) => this.#readable(file, read),
      onFacts: this.#files.length > 1 ? this.#typesByFile.note : () => undefined,
    };
  }

  /** False where some value or record does not fit; the table is then not there. */
  async #attempt(): Promise<boolean> {
    try {
      await this.#convert(new Set());
      return true;
    } catch (error) {
      if (!isAboutContents(error)) throw error;
      return false;
    }
  }

  async #diagnoseAndConvert(): Promise<void> {
    const every = this.#columns.map((_column, index) => index);
    const readable: FactsRequest["readable"] = (file, read) => this.#readable(file, read);
    const bad = await findBadValues(this.#typedFiles, every, readable);
    const doubtful = [...new Set(bad.map(({ column }) => column))];
    await this.#typeByAllRows(doubtful);
    const rejected = await findBadValues(this.#typedFiles, doubtful, readable);
    for (const { file } of rejected) {
      const damaged = this.#files[file];
      if (damaged !== undefined) await this.#repair(damaged);
    }
    if (rejected.length > 0 && this.#context.table.onBadValue === "fail") {
      throw await firstBadValue(this.#typedFiles, rejected);
    }
    for (const values of rejected) await rejectBadValues(this.#typedFiles, values);
    try {
      await this.#convert(new Set(rejected.map(({ column }) => column)));
    } catch (error) {
      throw isAboutContents(error) ? unreadable(this.#files, error) : error;
    }
  }

  get #typedFiles(): TypedFiles {
    const { connection } = this.#context;
    return { connection, files: this.#files, columns: this.#columns, types: this.#types };
  }

  /** Creates and fills `main.data`. Bad values of the `lenient` columns become NULL. */
  async #convert(lenient: ReadonlySet<number>): Promise<void> {
    const { connection } = this.#context;
    const definitions = this.#columns.map(
      ({ name }, column) =>
        `${quoteIdentifier(name)} ${this.#types[column]?.reading.duckdbType ?? "VARCHAR"}`,
    );
    if (this.#fileName !== undefined) definitions.push(this.#fileName.definition);
    await connection.run("BEGIN");
    try {
      await connection.run(`CREATE TABLE main.data (${definitions.join(", ")})`);
      for (const [index, file] of this.#files.entries()) {
        this.#context.signal.throwIfAborted();
        const casts: string[] = [];
        const checks: string[] = [];
        const values = this.#columns.map((_column, column) => {
          const { value, cast, check } = this.#value(column, index, lenient.has(column));
          if (cast !== undefined) casts.push(`${cast} AS ${value}`);
          if (check !== undefined) checks.push(check);
          return value;
        });
        if (this.#fileName !== undefined) values.push(this.#fileName.value(file));
        const from = `(SELECT ${["*", ...casts].join(", ")} FROM ${file.relation})`;
        // One check for a whole row, and values that are passed on as they are, take the least time.
        const guard = `CASE WHEN ${["true", ...checks].join(" AND ")} THEN true ELSE error('does not fit') END`;
        await connection.run(
          `INSERT INTO main.data SELECT ${values.join(", ")} FROM ${from} WHERE ${guard}`,
        );
      }
      await connection.run("COMMIT");
    } catch (error) {
      // A COMMIT that failed, on a full disk, has rolled back already.
      await connection.run("ROLLBACK").catch(() => undefined);
      throw error;
    }
  }

  /** SQL over a file's relation, to which a cast is added under the value's name. */
  #value(column: number, file: number, isLenient: boolean): ConvertedValue {
    const place = this.#columns[column]?.places[file];
    const reading = this.#types[column]?.reading;
    if (place === undefined || reading === undefined) return { value: "NULL" };
    const text = csvColumn(place);
    const value = reading.value(text);
    if (value === text || isLenient) return { value };
    if (reading.checked !== undefined) {
      const { cast, isRight } = reading.checked;
      const name = `v${column}`;
      return { value: name, cast: cast(text), check: isRight(text, name) };
    }
    return {
      value: `coalesce(${value}, CASE WHEN ${text} <> '' THEN CAST(error('does not fit') AS ${reading.duckdbType}) END)`,
    };
  }

  #rows(sql: string): Promise<readonly (readonly unknown[])[]> {
    return this.#context.connection.rows(sql);
  }

  #typed(column: number, reading: ColumnReading): TypedColumn {
    const planned = this.#columns[column];
    if (planned === undefined) throw new Error(`there is no column ${column}`);
    return typeColumn(planned, reading);
  }

  /** Reads a file, and repairs it first if that fails on a record. */
  async #readable<T>(file: CsvFile, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!isAboutContents(error)) throw error;
      if (file.isRepaired) throw unreadable([file], error);
      await this.#repair(file);
      try {
        return await read();
      } catch (again) {
        throw isAboutContents(again) ? unreadable([file], again) : again;
      }
    }
  }

  async #repair(file: CsvFile): Promise<void> {
    await file.repair(this.#context.signal, this.#onRagged);
  }

  readonly #onRagged: OnRagged = async (file, records) => {
    const rejects = raggedRejects(file, records, (place) => this.#nameAt(file, place));
    const [first] = rejects;
    if (first !== undefined && this.#context.table.onBadValue === "fail") throw raggedError(first);
    await appendRejects(this.#context.connection, rejects);
  };

  #nameAt(file: CsvFile, place: number): string | null {
    const index = this.#files.indexOf(file);
    return this.#columns.find(({ places }) => places[index] === place)?.name ?? null;
  }
}

interface ConvertedValue {
  readonly value: string;
  readonly cast?: string;
  readonly check?: string;
}

/** Not about memory, disk or an interrupt, which reading again would not mend. */
function isAboutContents(error: unknown): boolean {
  return error instanceof PgError && !/^(?:53|57|58|XX)/.test(error.sqlstate);
}

function unreadable(files: readonly CsvFile[], cause: unknown): PgError {
  const names = files.slice(0, 3).map(({ name }) => `"${name}"`);
  return new PgError(
    "bad_copy_file_format",
    `file ${names.join(", ")} cannot be read as a CSV with delimiter "${files[0]?.layout.dialect.delimiter}"`,
    { hint: "Set csv: { delimiter, quote, escape } to what the file uses.", cause },
  );
}
