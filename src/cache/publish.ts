import { chmod, link, open, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { CacheEntry } from "./cache-entry.ts";
import { manifestPath, newDataPath } from "./entry-files.ts";
import type { EntryKey } from "./entry-key.ts";
import { makeDirectory } from "./make-directory.ts";
import { entryOf, FORMAT, type Manifest, sha256Of } from "./manifest.ts";

/** What a finished build knows of its entry. */
export type EntryFacts = Omit<CacheEntry, "path" | "fileBytes">;

interface Publication {
  readonly key: EntryKey;
  /** In a directory of its own, on the file system of the cache. */
  readonly builtFile: string;
  readonly facts: EntryFacts;
  /** The intact entry that is there already, if there is one. */
  readonly find: () => Promise<CacheEntry | undefined>;
}

/**
 * First the data under a name that nobody knows yet, then the manifest that names it, each in one
 * step. Whoever ends in between leaves data that belongs to nothing, and never a wrong entry.
 */
export async function publishEntry(
  path: string,
  { key, builtFile, facts, find }: Publication,
): Promise<CacheEntry> {
  await makeDirectory(dirname(path));
  await chmod(builtFile, 0o444);
  const { size, mtimeMs } = await syncedStat(builtFile);
  const data = newDataPath(path);
  const manifest: Manifest = {
    format: FORMAT,
    key,
    file: basename(data),
    entry: { ...facts, fileBytes: size },
    modifiedMs: mtimeMs,
    sha256: await sha256Of(builtFile),
  };
  const prepared = join(dirname(builtFile), `manifest-${manifest.file}`);
  await writeFile(prepared, JSON.stringify(manifest), { flush: true });
  const faster = await find();
  if (faster !== undefined) return faster;
  await rename(builtFile, data);
  try {
    const winner = await putInPlace(prepared, manifestPath(path), find);
    await syncDirectory(dirname(path));
    if (winner === undefined) return entryOf(manifestPath(path), manifest);
    await rm(data, { force: true });
    return winner;
  } catch (error) {
    await rm(data, { force: true });
    throw error;
  }
}

/** The entry of another process that came first, if one did. */
async function putInPlace(
  from: string,
  to: string,
  find: Publication["find"],
): Promise<CacheEntry | undefined> {
  try {
    // Unlike a rename it fails where there is one already.
    await link(from, to);
    return undefined;
  } catch {
    const first = await find();
    // What is there is damaged, or the file system has no links.
    if (first === undefined) await rename(from, to);
    return first;
  }
}

async function syncedStat(path: string): Promise<{ size: number; mtimeMs: number }> {
  await using file = await open(path);
  await file.sync();
  return file.stat();
}

async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path);
  await directory.sync();
}
