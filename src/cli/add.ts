import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CacheEntry } from "../cache/cache-entry.ts";
import type { SourceReference, TableDefinition, Workspace } from "../catalog/catalog.ts";
import { type Configuration, loadConfiguration } from "../catalog/configuration.ts";
import { insertTable } from "../catalog/insert-table.ts";
import type { CatalogContext } from "../catalog/load.ts";
import { formatRelationName } from "../catalog/relation-name.ts";
import { assertWritable, rewriteWorkspace } from "../catalog/rewrite-workspace.ts";
import { parseSource } from "../catalog/source-reference.ts";
import { assert } from "../core/assert.ts";
import { quoteIdentifier } from "../core/identifier.ts";
import { PgError } from "../core/pg-error.ts";
import { normalizeName } from "../core/sql-names.ts";
import { createLoader } from "../loader/loader-client.ts";
import { createLogger } from "../observe/logger.ts";
import type { Settings } from "../settings/settings.ts";
import { type OptionValues, UsageError } from "./arguments.ts";
import { problemLines, settingsSource } from "./configuration.ts";
import { type CliContext, EXIT, type ExitCode } from "./context.ts";
import { findWorkspace } from "./find-workspace.ts";
import {
  columnTypeOf,
  proposedName,
  proposedOptions,
  proposedTable,
  tableOfSource,
} from "./new-table.ts";
import { otherSheets, sampleValues } from "./source-sample.ts";
import { textTable } from "./text-table.ts";

/** Reads a file as the gateway would, shows the table it makes, and writes it into the workspace. */
export async function add(
  values: OptionValues,
  context: CliContext,
  [sourceText = ""]: readonly string[],
): Promise<ExitCode> {
  if (values.workspace === undefined) {
    throw new UsageError("add needs a workspace", "Name it: --workspace W.");
  }
  const settingsFrom = settingsSource(values, context);
  const loaded = loadConfiguration(settingsFrom);
  if (loaded.outcome === "problems") {
    context.stderr.write(problemLines(loaded.problems));
    return EXIT.usage;
  }
  const { settings } = loaded;
  const workspace = findWorkspace(loaded.catalog, values.workspace);
  const catalogContext = catalogContextOf(loaded, context);
  const table = proposedDefinition(workspace, sourceText, values, catalogContext);
  await assertWritable(workspace.file);
  const before = await readFile(workspace.file, "utf8");

  const directory = await mkdtemp(join(tmpdir(), "bucketgres-add-"));
  try {
    const log = createLogger({ level: settingsFrom.flags?.logLevel ?? "warn" });
    const { entry, sheets } = await trialLoad(workspace, table, settings, directory, log);
    const remarks = [...otherSheets(sheets), ...entry.warnings];
    context.stdout.write(await proposalText(table, entry, remarks));
    const name = formatRelationName(table);
    const key = values.name ?? name;
    const after = insertTable(before, key, proposedTable(table.source, table.options, entry));
    const written = await rewriteWorkspace(workspace.file, { before, after }, catalogContext);
    if (written.outcome === "problems") {
      context.stderr.write(problemLines(written.problems));
      context.stderr.write(`${workspace.file} is unchanged: the table could not be used so\n`);
      return EXIT.failed;
    }
    context.stdout.write(
      `Added to ${workspace.file}; a running gateway takes it up by itself.\n` +
        `Query it with: SELECT * FROM ${sqlName(table)} LIMIT 10;\n`,
    );
    return EXIT.ok;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function catalogContextOf(
  { settings }: Configuration,
  { environment }: CliContext,
): CatalogContext {
  const { stores, users, catalogDirectory } = settings;
  return {
    directory: catalogDirectory,
    stores,
    // The configuration has no problems, so that all that is declared is there.
    declaredStores: new Set(stores.keys()),
    declaredUsers: new Set(users.keys()),
    environment,
  };
}

function proposedDefinition(
  workspace: Workspace,
  sourceText: string,
  { name, sheet }: OptionValues,
  context: CatalogContext,
): TableDefinition {
  const source = sourceOf(sourceText, context);
  const options = proposedOptions(source, sheet);
  const known = tableOfSource(workspace, source, options);
  if (known !== undefined) {
    throw new PgError(
      "duplicate_table",
      `"${source.text}" is in workspace "${workspace.name}" already, as table "${formatRelationName(known)}"`,
      { hint: `Query it with: SELECT * FROM ${sqlName(known)} LIMIT 10;` },
    );
  }
  return {
    ...proposedName(workspace, source, { name, sheet }),
    description: undefined,
    source,
    options,
    columns: new Map(),
    names: "normalized",
    primaryKey: [],
    foreignKeys: [],
    onBadValue: "reject",
    refreshMs: undefined,
  };
}

function sourceOf(text: string, context: CatalogContext): SourceReference {
  const reading = parseSource(text, context);
  assert(reading.outcome !== "undecided", "no store of a loaded configuration has a problem");
  if (reading.outcome === "source") return reading.source;
  throw new UsageError(reading.message, reading.hint ?? "Write s3://bucket/key or STORE:KEY.");
}

interface Trial {
  readonly entry: CacheEntry;
  /** Those of a workbook to choose from, where none was asked for. */
  readonly sheets: readonly string[];
}

/** Into a cache of its own, which nobody else looks at. */
async function trialLoad(
  workspace: Workspace,
  table: TableDefinition,
  { stores, cache, limits }: Settings,
  directory: string,
  log: ReturnType<typeof createLogger>,
): Promise<Trial> {
  const loader = createLoader({
    stores,
    cacheDirectory: join(directory, "cache"),
    cacheSizeBytes: cache.sizeBytes,
    memoryBytes: limits.memoryBytes,
    log,
  });
  try {
    // Ctrl-C ends the process, and the loader with it.
    const { signal } = new AbortController();
    const request = { workspace: workspace.name, table, known: undefined };
    const loaded = await loader.load(request, { signal });
    if (loaded.outcome === "failed") throw PgError.fromFields(loaded.error);
    assert(loaded.outcome === "loaded", "a table without a known version cannot be unchanged");
    const { options, source } = table;
    const isOpen = options.format === "xlsx" && options.xlsx.sheet === undefined && !source.isGlob;
    const listed = isOpen ? await loader.listSheets(request, { signal }) : undefined;
    return {
      entry: loaded.entry,
      sheets: listed?.outcome === "listed" ? listed.sheets : [],
    };
  } finally {
    await loader.close();
  }
}

async function proposalText(
  table: TableDefinition,
  entry: CacheEntry,
  remarks: readonly string[],
): Promise<string> {
  const samples = await sampleValues(entry);
  const rows = entry.columns.map((column, index) => [
    column.name,
    columnTypeOf(column),
    samples[index] ?? "",
  ]);
  const columns = [{ title: "COLUMN" }, { title: "TYPE" }, { title: "FOR EXAMPLE" }];
  const rejected =
    entry.rejectedCount === 0 ? "" : `; rejected rows and cells: ${entry.rejectedCount}`;
  const rowCount = `${entry.rowCount} row${entry.rowCount === 1 ? "" : "s"}`;
  const lines = [
    `Table ${formatRelationName(table)} from ${table.source.text}: ${rowCount}${rejected}`,
    "",
    ...textTable(columns, rows),
    "",
    ...remarks.map((remark) => `warning: ${remark}`),
  ];
  return `${lines.join("\n")}\n`;
}

/** As it has to be typed in SQL. */
function sqlName({ schema, name }: { readonly schema: string; readonly name: string }): string {
  const parts = schema === "public" ? [name] : [schema, name];
  return parts
    .map((part) => (normalizeName(part) === part ? part : quoteIdentifier(part)))
    .join(".");
}
