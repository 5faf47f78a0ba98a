/**
 * What the cache holds of tables, without a look at their sources. Needs no Cache: also the process
 * that serves the tables may ask, before any loader runs.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { TableDefinition } from "../catalog/catalog.ts";
import type { WorkspaceName } from "../core/brands.ts";
import type { CacheEntry } from "./cache-entry.ts";
import { kindOfFile } from "./entry-files.ts";
import { entryKey, versionsPrefix, workspaceDirectory } from "./entry-key.ts";
import { inParallel } from "./in-parallel.ts";
import { checkFile, entryOf, type Manifest, readManifest } from "./manifest.ts";

const PARALLEL_READS = 16;
/** Between the last "-" and the extension stands the version. */
const VERSION = /[^-]+$/;

/**
 * For each table the last version that was loaded under its definition, where that is as it was
 * written. One look at the folder and one at each file: a thousand tables take a fraction of a
 * second. It counts as used only when whoever serves it says so, by `touchServed`.
 */
export async function recall(
  directory: string,
  workspace: WorkspaceName,
  tables: readonly TableDefinition[],
  isGood: (path: string, manifest: Manifest) => Promise<boolean> = looksIntact,
): Promise<ReadonlyMap<TableDefinition, CacheEntry>> {
  const folder = workspaceDirectory(directory, workspace);
  const versions = await manifestsByPrefix(folder);
  const recalled = new Map<TableDefinition, CacheEntry>();
  await inParallel(PARALLEL_READS, tables, async (table) => {
    const paths = versions.get(versionsPrefix(entryKey(workspace, table, ""))) ?? [];
    const entry = await newestOf(paths, isGood);
    if (entry !== undefined) recalled.set(table, entry);
  });
  return recalled;
}

async function manifestsByPrefix(folder: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (kindOfFile(name) !== "manifest") continue;
    const prefix = name.replace(VERSION, "");
    const paths = found.get(prefix) ?? [];
    paths.push(join(folder, name));
    found.set(prefix, paths);
  }
  return found;
}

/** A copy with other times would have to be read as a whole first, which takes too long here. */
async function looksIntact(path: string, manifest: Manifest): Promise<boolean> {
  return (await checkFile(path, manifest)) === "intact";
}

async function newestOf(
  manifests: readonly string[],
  isGood: (path: string, manifest: Manifest) => Promise<boolean>,
): Promise<CacheEntry | undefined> {
  const found: CacheEntry[] = [];
  for (const path of manifests) {
    const manifest = await readManifest(path);
    if (manifest === undefined) continue;
    const entry = entryOf(path, manifest);
    if (await isGood(entry.path, manifest)) found.push(entry);
  }
  return found.toSorted((a, b) => b.loadedAt.getTime() - a.loadedAt.getTime())[0];
}
