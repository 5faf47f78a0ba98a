import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ColumnDefinition, TableDefinition } from "../../../src/catalog/catalog.ts";
import type { StoreName } from "../../../src/core/brands.ts";
import { openDatabase } from "../../../src/duckdb/database.ts";
import type { CsvOptions, XlsxOptions } from "../../../src/formats/format.ts";
import { buildEntry } from "../../../src/loader/build-entry.ts";

export interface LoadedTable {
  /** `name type`, in order. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** `file:row column value: reason` */
  readonly rejects: readonly string[];
  readonly warnings: readonly string[];
  readonly rowCount: number;
  readonly rejectedCount: number;
}

export type ColumnsInYaml = Readonly<Record<string, Partial<ColumnDefinition>>>;

export interface LoadSettings {
  readonly csv?: CsvOptions;
  readonly xlsx?: XlsxOptions;
  readonly columns?: ColumnsInYaml;
  readonly onBadValue?: "reject" | "fail";
}

export function csvTable(source: string, settings: LoadSettings = {}): TableDefinition {
  const defaults = { name: undefined, type: undefined, description: undefined, hidden: false };
  return {
    schema: "public",
    name: "orders",
    description: undefined,
    source: {
      text: `files:${source}`,
      store: "files" as StoreName,
      pattern: source,
      isGlob: source.includes("*"),
      versionId: undefined,
    },
    options: { format: "csv", csv: settings.csv ?? {} },
    columns: new Map(
      Object.entries(settings.columns ?? {}).map(([key, column]) => [
        key,
        { ...defaults, ...column },
      ]),
    ),
    names: "normalized",
    primaryKey: [],
    foreignKeys: [],
    onBadValue: settings.onBadValue ?? "reject",
    refreshMs: undefined,
  };
}

/** The same of workbooks. */
export function xlsxTable(settings: LoadSettings = {}): TableDefinition {
  const options = { format: "xlsx", xlsx: settings.xlsx ?? {} } as const;
  return { ...csvTable("*.xlsx", settings), options };
}

/** Converts CSV files as the loader does, and reads back what came of them. */
export async function loadCsv(
  files: string | Readonly<Record<string, string>>,
  settings: LoadSettings = {},
): Promise<LoadedTable> {
  const named = typeof files === "string" ? { "file.csv": files } : files;
  return await loadFiles(named, csvTable("*.csv", settings));
}

export async function loadFiles(
  named: Readonly<Record<string, string | Buffer>>,
  table: TableDefinition,
): Promise<LoadedTable> {
  const directory = await mkdtemp(join(tmpdir(), "bucketgres-load-"));
  try {
    const sources = Object.keys(named).map((name, index) => ({
      name,
      path: join(directory, `${index}.csv`),
    }));
    for (const { name, path } of sources) await writeFile(path, named[name] ?? "");
    const built = await buildEntry({
      table,
      sources,
      directory,
      limits: { memoryBytes: 512 * 1024 ** 2, threads: 2 },
      signal: new AbortController().signal,
    });
    return {
      ...(await readTable(built.path)),
      ...built,
      columns: built.columns.map(({ name, duckdbType }) => `${name} ${duckdbType}`),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

export async function readTable(path: string): Promise<Pick<LoadedTable, "rows" | "rejects">> {
  const database = await openDatabase({ path, readOnly: true });
  try {
    const connection = await database.connect();
    await connection.run("SET TimeZone = 'UTC'");
    const rows = await connection.rows("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM main.data");
    const rejects = await connection.rows("SELECT * FROM main.rejects ORDER BY file, row_number");
    connection.close();
    return {
      rows: rows.map((row) => row.map((value) => (value === null ? null : String(value)))),
      rejects: rejects.map((fields) => {
        const [file, row, column, value, reason] = fields.map(String);
        return `${file}:${row} ${column} ${value}: ${reason}`;
      }),
    };
  } finally {
    database.close();
  }
}
