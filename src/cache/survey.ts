/** What is in a cache directory: one look at everything, for what has to go. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { kindOfFile } from "./entry-files.ts";
import { TEMPORARY } from "./entry-key.ts";
import { inParallel } from "./in-parallel.ts";
import { type Manifest, readManifest } from "./manifest.ts";

export interface StoredEntry {
  /** Of the data file. */
  readonly path: string;
  readonly manifestPath: string;
  readonly bytes: number;
  readonly usedMs: number;
  readonly manifest: Manifest;
}

export interface Survey {
  readonly entries: readonly StoredEntry[];
  /** Data that no manifest names, and manifests without data: what a process that died has left. */
  readonly orphans: readonly { readonly path: string; readonly changedMs: number }[];
  readonly claims: readonly string[];
}

const PARALLEL_READS = 16;

export async function surveyCache(directory: string): Promise<Survey> {
  const entries: StoredEntry[] = [];
  const orphans: { path: string; changedMs: number }[] = [];
  const claims: string[] = [];
  for (const folder of await foldersIn(directory)) {
    const names = await readdir(folder).catch(() => []);
    const named = new Set<string>();
    const manifests = names.filter((name) => kindOfFile(name) === "manifest");
    const data = names.filter((name) => kindOfFile(name) === "data");
    await inParallel(PARALLEL_READS, manifests, async (name) => {
      const manifestPath = join(folder, name);
      const entry = await storedEntry(folder, manifestPath);
      if (entry === undefined) orphans.push(...(await orphan(manifestPath)));
      else {
        entries.push(entry);
        named.add(entry.manifest.file);
      }
    });
    for (const name of data) {
      if (!named.has(name)) orphans.push(...(await orphan(join(folder, name))));
    }
    claims.push(
      ...names.filter((name) => kindOfFile(name) === "claim").map((name) => join(folder, name)),
    );
  }
  return { entries, orphans, claims };
}

/** The folders of the workspaces; other things that stand beside them are not looked into. */
async function foldersIn(directory: string): Promise<string[]> {
  try {
    const found = await readdir(directory, { withFileTypes: true });
    return found
      .filter((entry) => entry.isDirectory() && entry.name !== TEMPORARY)
      .map(({ name }) => join(directory, name));
  } catch {
    return [];
  }
}

async function storedEntry(folder: string, manifestPath: string): Promise<StoredEntry | undefined> {
  const manifest = await readManifest(manifestPath);
  if (manifest === undefined) return undefined;
  const path = join(folder, manifest.file);
  try {
    const [{ mtimeMs }, { size }] = await Promise.all([stat(manifestPath), stat(path)]);
    return { path, manifestPath, bytes: size, usedMs: mtimeMs, manifest };
  } catch {
    return undefined;
  }
}

async function orphan(path: string): Promise<{ path: string; changedMs: number }[]> {
  try {
    return [{ path, changedMs: (await stat(path)).ctimeMs }];
  } catch {
    // Removed meanwhile.
    return [];
  }
}
