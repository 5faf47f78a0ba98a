/**
 * The torture set of CSV and XLSX files: made at test time by make-torture.mjs, whose head describes
 * its manifest. What is here runs a case through the converter and reports it in that form.
 */
import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ColumnDefinition, TableDefinition } from "../../../src/catalog/catalog.ts";
import type { StoreName } from "../../../src/core/brands.ts";
import { PgError } from "../../../src/core/pg-error.ts";
import { openDatabase } from "../../../src/duckdb/database.ts";
import {
  type CsvOptions,
  type FormatOptions,
  XLSX_OPTIONS,
  type XlsxOptions,
} from "../../../src/formats/format.ts";
import { buildEntry } from "../../../src/loader/build-entry.ts";

export interface TortureCase {
  readonly id: string;
  readonly why: string;
  readonly glob: string;
  readonly files: readonly { readonly path: string }[];
  readonly expect: TortureExpectation;
  readonly variants?: Readonly<Record<string, TortureVariant>>;
}

export interface TortureExpectation {
  readonly level?: "must" | "should";
  readonly outcome: "ok" | "error" | "either";
}

export interface TortureVariant {
  readonly options: Readonly<Record<string, unknown>>;
  readonly expect: TortureExpectation;
}

/** As `check` of make-torture.mjs takes it. */
export interface TortureResult {
  readonly outcome: "ok" | "error";
  readonly columns?: readonly { readonly name: string; readonly type: string }[];
  readonly rowCount?: number;
  readonly rows?: readonly (readonly (string | null)[])[];
  readonly warnings?: readonly string[];
  readonly error?: string;
}

const SCRIPT = fileURLToPath(new URL("./make-torture.mjs", import.meta.url));

/** Writes the files into the directory. Those of several megabytes are left out, unless named. */
export async function makeTorture(
  directory: string,
  selection = "--no-big",
): Promise<readonly TortureCase[]> {
  await promisify(execFile)(process.execPath, [SCRIPT, directory, selection]);
  const manifest = JSON.parse(await readFile(join(directory, "manifest.json"), "utf8"));
  return manifest.cases;
}

/** What differs from the manifest. A leading `soft:` marks what is only a matter of wording. */
export async function checkTorture(
  expectation: TortureExpectation,
  result: TortureResult,
): Promise<readonly string[]> {
  // The script is JavaScript, without types of its own.
  const script = (await import(SCRIPT)) as {
    check: (expectation: TortureExpectation, result: TortureResult) => string[];
  };
  return script.check(expectation, result);
}

export async function runCase(
  directory: string,
  work: string,
  torture: TortureCase,
  options: Readonly<Record<string, unknown>>,
): Promise<TortureResult> {
  await mkdir(work, { recursive: true });
  try {
    const built = await buildEntry({
      table: tableOf(torture, options),
      sources: torture.files
        .toSorted((a, b) => (a.path < b.path ? -1 : 1))
        .map(({ path }) => ({ name: path, path: join(directory, path) })),
      directory: work,
      limits: { memoryBytes: 1024 ** 3, threads: 2 },
      signal: new AbortController().signal,
    });
    const database = await openDatabase({ path: built.path, readOnly: true });
    try {
      const connection = await database.connect();
      await connection.run("SET TimeZone = 'UTC'");
      const rows = await connection.rows("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM main.data");
      const rejects = await connection.rows(
        "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM main.rejects LIMIT 10",
      );
      connection.close();
      return {
        outcome: "ok",
        columns: built.columns.map(({ name, duckdbType }) => ({ name, type: duckdbType })),
        rowCount: built.rowCount,
        rows: rows.map((row) => row.map((value) => (value === null ? null : String(value)))),
        warnings: [...built.warnings, ...rejects.map((row) => row.join(" | "))],
      };
    } finally {
      database.close();
    }
  } catch (error) {
    if (error instanceof PgError) return { outcome: "error", error: error.message };
    throw error;
  }
}

function tableOf(
  torture: TortureCase,
  options: Readonly<Record<string, unknown>>,
): TableDefinition {
  const rejects = options["onBadRows"] === "skip" || options["onBadRows"] === "null";
  const pattern = torture.glob;
  return {
    schema: "public",
    name: "torture",
    description: undefined,
    source: {
      text: `files:${pattern}`,
      store: "files" as StoreName,
      pattern,
      isGlob: torture.files.length > 1,
      versionId: undefined,
    },
    options: formatOptions(pattern, options),
    columns: columnsOf(options),
    names: "as_is",
    primaryKey: [],
    foreignKeys: [],
    onBadValue: rejects ? "reject" : "fail",
    refreshMs: undefined,
  };
}

function formatOptions(pattern: string, options: Readonly<Record<string, unknown>>): FormatOptions {
  if (/\.xls\w?$/.test(pattern)) return { format: "xlsx", xlsx: xlsxOptions(options) };
  return { format: pattern.endsWith(".tsv") ? "tsv" : "csv", csv: csvOptions(options) };
}

/** The set writes these in its own way only where ours has an underscore. */
function xlsxOptions({
  headerRow,
  skipFooter,
  onBadRows: _forTheTable,
  ...rest
}: Readonly<Record<string, unknown>>): XlsxOptions {
  const options = { ...rest, header_row: headerRow, skip_footer: skipFooter };
  return XLSX_OPTIONS.parse(options);
}

/** The set's neutral names of options, and ours. */
const OPTIONS: Readonly<Record<string, keyof CsvOptions>> = {
  header: "header",
  skip: "skip",
  delimiter: "delimiter",
  quote: "quote",
  escape: "escape",
  encoding: "encoding",
  decimal: "decimal",
  thousands: "thousands",
  nullValues: "null",
  dateFormat: "date_format",
  trueValues: "true",
  falseValues: "false",
  comment: "comment",
  compression: "compression",
  skipFooter: "skip_footer",
};

function csvOptions(options: Readonly<Record<string, unknown>>): CsvOptions {
  const entries = Object.entries(options).flatMap(([name, value]) => {
    const own = OPTIONS[name];
    return own === undefined ? [] : [[own, value]];
  });
  return Object.fromEntries(entries);
}

const TYPES: Readonly<Record<string, string>> = { DOUBLE: "double precision", VARCHAR: "text" };

function columnsOf(options: Readonly<Record<string, unknown>>): Map<string, ColumnDefinition> {
  const columns = new Map<string, ColumnDefinition>();
  const column = { name: undefined, type: undefined, description: undefined, hidden: false };
  for (const [name, type] of Object.entries(options["types"] ?? {})) {
    columns.set(name, { ...column, type: TYPES[String(type)] ?? String(type).toLowerCase() });
  }
  const names = options["columnNames"];
  if (Array.isArray(names)) {
    names.forEach((name, index) => {
      columns.set(`column_${index + 1}`, { ...column, name: String(name) });
    });
  }
  return columns;
}
