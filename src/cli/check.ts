import type { TableDefinition, Workspace } from "../catalog/catalog.ts";
import { loadConfiguration } from "../catalog/configuration.ts";
import { assert } from "../core/assert.ts";
import type { StoreName, WorkspaceName } from "../core/brands.ts";
import type { Loader } from "../loader/loader.ts";
import { createLoader } from "../loader/loader-client.ts";
import { distinctNames, sheetTables } from "../loader/sheet-tables.ts";
import { createLogger, type Logger } from "../observe/logger.ts";
import { settingsPath } from "../settings/load.ts";
import type { Settings } from "../settings/settings.ts";
import { createStore } from "../store/create-store.ts";
import type { OptionValues } from "./arguments.ts";
import {
  checkStore,
  checkTable,
  isUnusable,
  type StoreFinding,
  type TableFinding,
} from "./check-findings.ts";
import { checkJson, checkText, problemsJson } from "./check-report.ts";
import { checkViews } from "./check-views.ts";
import { problemLines, settingsSource } from "./configuration.ts";
import { type CliContext, EXIT, type ExitCode } from "./context.ts";
import { deadlineOf, STORE_TIMEOUT_MS } from "./deadline.ts";
import { findWorkspace } from "./find-workspace.ts";

/** Finds out, before a client does, whether the gateway could serve every table and view. */
export async function check(values: OptionValues, context: CliContext): Promise<ExitCode> {
  const source = settingsSource(values, context);
  const file = settingsPath(source);
  const loaded = loadConfiguration(source);
  if (loaded.outcome === "problems") {
    if (values.json === true) context.stdout.write(problemsJson(file, loaded.problems));
    else context.stderr.write(problemLines(loaded.problems));
    return EXIT.usage;
  }
  const { settings, notYet } = loaded;
  const workspaces =
    values.workspace === undefined
      ? [...loaded.catalog.workspaces.values()]
      : [findWorkspace(loaded.catalog, values.workspace)];
  for (const { message } of notYet) context.stderr.write(`warning: ${message}\n`);

  // What a gateway would log by the way is no news here, unless it is asked for.
  const log = createLogger({ level: source.flags?.logLevel ?? "warn" });
  const stores = await checkStores(settings, storesOf(workspaces, settings, values.workspace));
  const tables = await checkTables(settings, workspaces, log, context);
  const views = await checkViews(workspaces, tables, settings, log);
  const findings = { file, stores, tables, views };
  context.stdout.write(values.json === true ? checkJson(findings) : checkText(findings));
  return [...stores, ...tables, ...views].some(isUnusable) ? EXIT.failed : EXIT.ok;
}

/** All of them, or those that the one workspace uses. */
function storesOf(
  workspaces: readonly Workspace[],
  { stores }: Settings,
  workspace: string | undefined,
): readonly StoreName[] {
  const used = new Set(workspaces.flatMap(({ tables }) => tables.map((t) => t.source.store)));
  return [...stores.keys()].filter((name) => workspace === undefined || used.has(name));
}

async function checkStores(
  { stores }: Settings,
  names: readonly StoreName[],
): Promise<readonly StoreFinding[]> {
  using deadline = deadlineOf(STORE_TIMEOUT_MS);
  return await Promise.all(
    names.map(async (name) => {
      const options = stores.get(name);
      assert(options !== undefined, "the names are those of the settings");
      const store = createStore(name, options);
      try {
        return await checkStore(name, store, deadline.signal);
      } finally {
        store.close();
      }
    }),
  );
}

async function checkTables(
  { stores, cache, limits }: Settings,
  workspaces: readonly Workspace[],
  log: Logger,
  context: CliContext,
): Promise<readonly TableFinding[]> {
  if (workspaces.every(({ tables }) => tables.length === 0)) return [];
  const loader = createLoader({
    stores,
    cacheDirectory: cache.directory,
    cacheSizeBytes: cache.sizeBytes,
    // Nobody else needs it: no engine runs here.
    memoryBytes: limits.memoryBytes,
    log,
  });
  let done = 0;
  try {
    const asked = await Promise.all(
      workspaces.map((workspace) => expandWorkbooks(loader, workspace)),
    );
    const tables = asked.flat();
    return await Promise.all(
      tables.map(async ({ workspace, table }) => {
        const finding = await checkTable(loader, workspace, table, untilTheEnd());
        done += 1;
        showProgress(context, `${done} of ${tables.length} tables`);
        return finding;
      }),
    );
  } finally {
    showProgress(context, "");
    await loader.close();
  }
}

/** Ctrl-C ends the process, and the loader with it. */
function untilTheEnd(): AbortSignal {
  return new AbortController().signal;
}

interface AskedTable {
  readonly workspace: WorkspaceName;
  readonly table: TableDefinition;
}

/** The workspace's tables, with those of each sheet where a workbook is to be several. */
async function expandWorkbooks(
  loader: Loader,
  { name: workspace, tables, views }: Workspace,
): Promise<readonly AskedTable[]> {
  const expanded = await Promise.all(
    tables.map(async (table) => {
      if (table.options.format !== "xlsx" || table.options.xlsx.sheets === undefined)
        return [table];
      const outcome = await loader.listSheets(
        { workspace, table, known: undefined },
        {
          signal: untilTheEnd(),
        },
      );
      // What cannot be listed cannot be loaded either, and the load says why.
      return outcome.outcome === "listed" ? sheetTables(table, outcome.sheets) : [table];
    }),
  );
  const groups = tables.map((given, index) => ({ given, made: expanded[index] ?? [] }));
  return distinctNames(groups, views).map((table) => ({ workspace, table }));
}

/** One line that is overwritten, and only where somebody sees it. */
function showProgress({ stderr }: CliContext, text: string): void {
  if (stderr.isTTY === true) stderr.write(`\r\x1b[K${text}`);
}
