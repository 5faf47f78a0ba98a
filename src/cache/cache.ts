/**
 * The local columnar cache: which `.duckdb` file holds which version of a table. Any number of
 * processes may use one directory: files are never changed once they are in place, only put there
 * and removed, and whoever has one open keeps it.
 */
import { chmod, link, mkdir, open, rename, rm, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { TableDefinition } from "../catalog/catalog.ts";
import type { WorkspaceName } from "../core/brands.ts";
import type { Logger } from "../observe/logger.ts";
import {
  type BuildDirectory,
  makeBuildDirectory,
  partialsDirectory,
  removeLeftovers,
} from "./build-directory.ts";
import type { CacheEntry } from "./cache-entry.ts";
import { type EntryKey, entryKey, entryPath, workspaceDirectory } from "./entry-key.ts";
import { chooseEvicted, listEntries } from "./evict.ts";
import { FORMAT, isIntact, type Manifest, readManifest, sha256Of } from "./manifest.ts";

export interface CacheSettings {
  /** Absolute. */
  readonly directory: string;
  /** What all entries together may take. */
  readonly sizeBytes: number;
  readonly log: Logger;
}

/** What a finished build knows of its entry. */
export type EntryFacts = Omit<CacheEntry, "path" | "fileBytes">;

const DATA = ".duckdb";
const MANIFEST = ".json";

export async function openCache(settings: CacheSettings): Promise<Cache> {
  await mkdir(settings.directory, { recursive: true });
  const leftovers = await removeLeftovers(settings.directory, Date.now());
  if (leftovers.length > 0) {
    settings.log.info({ count: leftovers.length }, "unfinished cache entries removed");
  }
  return new Cache(settings);
}

export class Cache {
  readonly directory: string;
  readonly #sizeBytes: number;
  readonly #log: Logger;

  constructor({ directory, sizeBytes, log }: CacheSettings) {
    this.directory = directory;
    this.#sizeBytes = sizeBytes;
    this.#log = log;
  }

  /** The entry of this version, if it is there and intact; it then counts as used. */
  async lookup(key: EntryKey): Promise<CacheEntry | undefined> {
    const path = entryPath(this.directory, key);
    const manifest = await readManifest(path + MANIFEST);
    if (manifest === undefined) return undefined;
    if (!(await isIntact(path + DATA, manifest))) {
      this.#log.warn({ path: path + DATA }, "damaged cache entry is built again");
      return undefined;
    }
    await this.touch(key);
    return { ...manifest.entry, path: path + DATA };
  }

  /** The last version that was loaded under this definition, whatever the source is by now. */
  async newest(workspace: WorkspaceName, table: TableDefinition): Promise<CacheEntry | undefined> {
    const { definitionHash } = entryKey(workspace, table, "");
    const stored = await listEntries(workspaceDirectory(this.directory, workspace));
    const versions = stored
      .filter(({ manifest }) => manifest.key.definitionHash === definitionHash)
      .toSorted((a, b) => Number(b.manifest.entry.loadedAt) - Number(a.manifest.entry.loadedAt));
    for (const { manifest } of versions) {
      const entry = await this.lookup(manifest.key);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  /** Counts as used now: what has not been used for long is evicted first. */
  async touch(key: EntryKey): Promise<void> {
    const now = new Date();
    // Another process may have removed it meanwhile.
    await utimes(entryPath(this.directory, key) + MANIFEST, now, now).catch(() => undefined);
  }

  /** Where to build a new entry, on the file system where it is to be. */
  makeBuildDirectory(): Promise<BuildDirectory> {
    return makeBuildDirectory(this.directory);
  }

  /** On the same file system as the build directories. */
  get partialsDirectory(): string {
    return partialsDirectory(this.directory);
  }

  /**
   * Puts a finished and closed DuckDB file in place. Where another process was faster, its file
   * stays, for it holds the same.
   */
  async publish(key: EntryKey, builtFile: string, facts: EntryFacts): Promise<CacheEntry> {
    const path = entryPath(this.directory, key);
    await mkdir(dirname(path), { recursive: true });
    await chmod(builtFile, 0o444);
    const { size, mtimeMs } = await syncedStat(builtFile);
    const entry = { ...facts, fileBytes: size };
    const sha256 = await sha256Of(builtFile);
    const manifest: Manifest = { format: FORMAT, key, entry, modifiedMs: mtimeMs, sha256 };
    const faster = await this.lookup(key);
    if (faster !== undefined) return faster;
    const temporary = join(dirname(builtFile), `${basename(path)}${MANIFEST}`);
    await writeFile(temporary, JSON.stringify(manifest, undefined, 2), { flush: true });
    await rename(temporary, path + MANIFEST);
    await putInPlace(builtFile, path + DATA);
    await syncDirectory(dirname(path));
    await this.evict();
    return { ...entry, path: path + DATA };
  }

  /** Removes an entry that is no longer served. Whoever has it open reads on. */
  async retire(entry: Pick<CacheEntry, "path">): Promise<void> {
    const manifest = `${entry.path.slice(0, -DATA.length)}${MANIFEST}`;
    await rm(manifest, { force: true });
    await rm(entry.path, { force: true });
  }

  /** Removes entries until the rest fits the budget, as far as they may go. */
  async evict(inUse: ReadonlySet<string> = new Set()): Promise<void> {
    const stored = await listEntries(this.directory);
    const { evicted, excessBytes } = chooseEvicted(stored, {
      sizeBytes: this.#sizeBytes,
      inUse,
      now: Date.now(),
    });
    for (const { path, bytes } of evicted) {
      await this.retire({ path });
      this.#log.info({ path, bytes }, "cache entry evicted");
    }
    if (excessBytes > 0) {
      this.#log.warn({ excessBytes }, "cache is larger than cache.size, but all of it is in use");
    }
  }
}

async function syncedStat(path: string): Promise<{ size: number; mtimeMs: number }> {
  await using file = await open(path);
  await file.sync();
  return file.stat();
}

async function putInPlace(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch {
    // Damaged, or of a build that ended between its two steps: readers of it keep what they have.
    // A file system without links ends here, too.
    await rename(from, to);
  }
}

async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path);
  await directory.sync();
}
