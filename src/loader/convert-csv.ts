/**
 * CSV files into `main.data`. The usual file is read once, guarded by the types that a sample of it
 * shows; only a file that does not keep to them, or is damaged, is read again.
 */
import { quoteIdentifier, quoteLiteral } from "../core/identifier.ts";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import { csvColumn, LINE_COLUMN } from "../formats/csv.ts";
import { type ColumnFacts, mergeFacts, NO_FACTS } from "../formats/csv-types.ts";
import type { CsvOptions } from "../formats/format.ts";
import { parseDuckdbType } from "../pgtypes/duckdb-type-text.ts";
import { pgTypeText } from "../pgtypes/duckdb-types.ts";
import { type PlannedColumn, planColumns } from "./csv-columns.ts";
import { type CsvFile, type CsvFormat, emptyFile, type OnRagged, openCsvFile } from "./csv-file.ts";
import { sampleFacts, type TypedColumn, typeColumn, wholeFacts } from "./csv-typing.ts";
import type { Conversion, LoadContext, SourceFile } from "./load-context.ts";
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
    if (file !== undefined) files.push(file);
    else if (sources.length === 1) throw emptyFile(source.name);
    else warnings.push(`file "${source.name}" is empty`);
  }
  const [first] = sources;
  if (files.length === 0) throw emptyFile(first?.name ?? context.table.source.text);
  const headers = files.map((file) => file.layout.headers);
  const columns = planColumns(headers, context.table);
  const conversion = new CsvConversion(files, columns, format.csv, context);
  return { columns, warnings: [...warnings, ...(await conversion.run())] };
}

interface BadValues {
  readonly column: number;
  readonly file: number;
  readonly count: number;
}

/** Aggregates of one statement. */
const COUNTS_PER_STATEMENT = 100;

class CsvConversion {
  readonly #files: readonly CsvFile[];
  readonly #columns: readonly PlannedColumn[];
  readonly #options: CsvOptions;
  readonly #context: LoadContext;
  #types: TypedColumn[] = [];

  constructor(
    files: readonly CsvFile[],
    columns: readonly PlannedColumn[],
    options: CsvOptions,
    context: LoadContext,
  ) {
    this.#files = files;
    this.#columns = columns;
    this.#options = options;
    this.#context = context;
  }

  /** Sentences for bucketgres.tables. */
  async run(): Promise<string[]> {
    for (const file of this.#files) {
      const { comment, skipFooter } = file.layout;
      if (comment !== "" || skipFooter > 0) await this.#repair(file);
    }
    await this.#typeBySample();
    if (!(await this.#attempt())) await this.#diagnoseAndConvert();
    return this.#columns.flatMap(({ name }, index) => {
      const warning = this.#types[index]?.warning;
      return warning === undefined ? [] : [`column "${name}" ${warning}`];
    });
  }

  async #typeBySample(): Promise<void> {
    let facts: ColumnFacts[] = this.#columns.map(() => NO_FACTS);
    let isWhole = true;
    for (const [index, file] of this.#files.entries()) {
      const sample = await this.#readable(file, () =>
        sampleFacts(this.#context.connection, file, index, this.#columns, this.#options),
      );
      facts = facts.map((it, column) => mergeFacts(it, sample.facts[column] ?? NO_FACTS));
      isWhole &&= sample.isWhole;
    }
    this.#types = facts.map((it, column) => this.#typed(column, it));
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
    const { connection } = this.#context;
    const facts = await wholeFacts(connection, this.#files, planned, this.#options);
    columns.forEach((column, index) => {
      this.#types[column] = this.#typed(column, facts[index] ?? NO_FACTS);
    });
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
    const bad = await this.#badValues(this.#columns.map((_column, index) => index));
    const doubtful = [...new Set(bad.map(({ column }) => column))];
    await this.#typeByAllRows(doubtful);
    const rejected = await this.#badValues(doubtful);
    for (const { file } of rejected) {
      const damaged = this.#files[file];
      if (damaged !== undefined) await this.#repair(damaged);
    }
    if (rejected.length > 0 && this.#context.table.onBadValue === "fail") {
      throw await this.#firstBadValue(rejected);
    }
    for (const values of rejected) await this.#rejectValues(values);
    try {
      await this.#convert(new Set(rejected.map(({ column }) => column)));
    } catch (error) {
      throw isAboutContents(error) ? unreadable(this.#files, error) : error;
    }
  }

  /** Values that their column's type does not hold, counted by column and file. */
  async #badValues(columns: readonly number[]): Promise<BadValues[]> {
    const bad: BadValues[] = [];
    for (const [index, file] of this.#files.entries()) {
      const conditions = columns.flatMap((column) => {
        const condition = this.#isBad(column, index);
        return condition === undefined ? [] : [{ column, condition }];
      });
      for (let start = 0; start < conditions.length; start += COUNTS_PER_STATEMENT) {
        const batch = conditions.slice(start, start + COUNTS_PER_STATEMENT);
        const counts = batch.map(({ condition }) => `count(*) FILTER (${condition})`);
        const [row = []] = await this.#readable(file, () =>
          this.#rows(`SELECT ${counts.join(", ")} FROM ${file.relation}`),
        );
        batch.forEach(({ column }, at) => {
          const count = Number(row[at] ?? 0);
          if (count > 0) bad.push({ column, file: index, count });
        });
      }
    }
    return bad;
  }

  /** SQL; undefined where any text will do. */
  #isBad(column: number, file: number): string | undefined {
    const place = this.#columns[column]?.places[file];
    const reading = this.#types[column]?.reading;
    if (place === undefined || reading === undefined) return undefined;
    const text = csvColumn(place);
    const value = reading.value(text);
    return value === text ? undefined : `${text} <> '' AND ${value} IS NULL`;
  }

  async #rejectValues({ column, file }: BadValues): Promise<void> {
    const source = this.#files[file];
    const planned = this.#columns[column];
    const condition = this.#isBad(column, file);
    const place = planned?.places[file];
    if (source === undefined || planned === undefined || place === undefined) return;
    const length = LIMITS.csv.rejectedValueCharacters;
    const reason = `does not fit type ${this.#typeName(column)}`;
    await this.#context.connection.run(
      `INSERT INTO main.rejects SELECT ${quoteLiteral(source.name)}, CAST(${LINE_COLUMN} AS BIGINT),
         ${quoteLiteral(planned.name)}, left(${csvColumn(place)}, ${length}), ${quoteLiteral(reason)}
       FROM ${source.relation} WHERE ${condition}`,
    );
  }

  async #firstBadValue(bad: readonly BadValues[]): Promise<PgError> {
    const firstFile = Math.min(...bad.map(({ file }) => file));
    const source = this.#files[firstFile];
    let first = { line: Number.POSITIVE_INFINITY, value: "", column: 0 };
    for (const { column } of bad.filter(({ file }) => file === firstFile)) {
      const place = this.#columns[column]?.places[firstFile];
      if (source === undefined || place === undefined) continue;
      const text = csvColumn(place);
      const [row] = await this.#rows(
        `SELECT min(CAST(${LINE_COLUMN} AS BIGINT)), arg_min(left(${text}, ${LIMITS.csv.messageValueCharacters}), CAST(${LINE_COLUMN} AS BIGINT))
         FROM ${source.relation} WHERE ${this.#isBad(column, firstFile)}`,
      );
      const line = Number(row?.[0]);
      if (line < first.line) first = { line, value: String(row?.[1]), column };
    }
    const column = this.#columns[first.column];
    return new PgError(
      "invalid_text_representation",
      `invalid input syntax for type ${this.#typeName(first.column)}: "${first.value}" (file "${source?.name}", line ${first.line}, column "${column?.header}")`,
      { hint: "Correct the file or the column's type, or set on_bad_value: reject." },
    );
  }

  /** In PostgreSQL's words. */
  #typeName(column: number): string {
    const declared = this.#columns[column]?.definition?.type;
    if (declared !== undefined) return declared;
    const inferred = this.#types[column]?.reading.duckdbType ?? "";
    const type = parseDuckdbType(inferred);
    return type === undefined ? inferred : pgTypeText(type);
  }

  /** Creates and fills `main.data`. Bad values of the `lenient` columns become NULL. */
  async #convert(lenient: ReadonlySet<number>): Promise<void> {
    const { connection } = this.#context;
    const definitions = this.#columns.map(
      ({ name }, column) =>
        `${quoteIdentifier(name)} ${this.#types[column]?.reading.duckdbType ?? "VARCHAR"}`,
    );
    await connection.run("BEGIN");
    try {
      await connection.run(`CREATE TABLE main.data (${definitions.join(", ")})`);
      for (const [index, file] of this.#files.entries()) {
        this.#context.signal.throwIfAborted();
        const values = this.#columns.map((_column, column) =>
          this.#value(column, index, lenient.has(column)),
        );
        await connection.run(
          `INSERT INTO main.data SELECT ${values.join(", ")} FROM ${file.relation}`,
        );
      }
      await connection.run("COMMIT");
    } catch (error) {
      // A COMMIT that failed, on a full disk, has rolled back already.
      await connection.run("ROLLBACK").catch(() => undefined);
      throw error;
    }
  }

  #value(column: number, file: number, isLenient: boolean): string {
    const place = this.#columns[column]?.places[file];
    const reading = this.#types[column]?.reading;
    if (place === undefined || reading === undefined) return "NULL";
    const text = csvColumn(place);
    const value = reading.value(text);
    if (value === text || isLenient) return value;
    return `coalesce(${value}, CASE WHEN ${text} <> '' THEN CAST(error('does not fit') AS ${reading.duckdbType}) END)`;
  }

  #rows(sql: string): Promise<readonly (readonly unknown[])[]> {
    return this.#context.connection.rows(sql);
  }

  #typed(column: number, facts: ColumnFacts): TypedColumn {
    const planned = this.#columns[column];
    if (planned === undefined) throw new Error(`there is no column ${column}`);
    return typeColumn(planned, facts, this.#options);
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
    const { headers } = file.layout;
    const rejects = records.map(({ line, fields, text }) => {
      const isShort = fields < headers.length;
      const missing = this.#nameAt(file, fields);
      const reason = `the row has ${fields} field${fields === 1 ? "" : "s"}, the table ${headers.length} columns`;
      return {
        file: file.name,
        rowNumber: line,
        columnName: isShort ? missing : null,
        value: text,
        reason: isShort ? `${reason}: the missing ones are NULL` : `${reason}: it is left out`,
        isShort,
      };
    });
    const [first] = rejects;
    if (first !== undefined && this.#context.table.onBadValue === "fail") {
      const what = first.isShort
        ? `missing data for column "${first.columnName}"`
        : "extra data after last expected column";
      const shown = first.value.slice(0, LIMITS.csv.messageValueCharacters);
      throw new PgError(
        "bad_copy_file_format",
        `${what} in line ${first.rowNumber} of file "${file.name}": ${shown}`,
        { hint: "Correct the line, or set on_bad_value: reject." },
      );
    }
    await appendRejects(this.#context.connection, rejects);
  };

  #nameAt(file: CsvFile, place: number): string | null {
    const index = this.#files.indexOf(file);
    return this.#columns.find(({ places }) => places[index] === place)?.name ?? null;
  }
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
