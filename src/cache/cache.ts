/**
 * The local columnar cache: which `.duckdb` file holds which version of a table. Any number of
 * processes may use one directory: files are never changed once they are in place, only put there
 * and removed, and whoever has one open keeps it.
 */
import { rm } from "node:fs/promises";
import { basename, dirname } from "node:path";
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
import {
  CLAIM_TIMING,
  type Claim,
  type ClaimTiming,
  claimOrFind,
  removeDeadClaim,
} from "./claim.ts";
import { claimPath, manifestOfData, manifestPath } from "./entry-files.ts";
import { type EntryKey, entryPath } from "./entry-key.ts";
import { chooseEvicted, type Eviction } from "./evict.ts";
import { makeDirectory } from "./make-directory.ts";
import { checkFile, entryOf, hasSameContent, type Manifest, readManifest } from "./manifest.ts";
import { type EntryFacts, publishEntry } from "./publish.ts";
import { recall } from "./recall.ts";
import { surveyCache } from "./survey.ts";
import { touchServed } from "./touch.ts";

export interface CacheSettings {
  /** Absolute. */
  readonly directory: string;
  /** What all entries together may take. */
  readonly sizeBytes: number;
  readonly claimTiming?: ClaimTiming;
  readonly log: Logger;
}

export type ClaimOutcome =
  | { readonly outcome: "built"; readonly entry: CacheEntry }
  /** The caller is to build it, and to give the claim up when it has been published. */
  | { readonly outcome: "claimed"; readonly claim: Claim };

/** While nothing may go, looking for what may go is not worth the time it takes. */
const FUTILE_MS = 60_000;

export async function openCache(settings: CacheSettings): Promise<Cache> {
  await makeDirectory(settings.directory);
  const leftovers = await removeLeftovers(settings.directory, Date.now());
  if (leftovers.length > 0) {
    settings.log.info({ count: leftovers.length }, "unfinished cache entries removed");
  }
  return new Cache(settings);
}

export class Cache {
  readonly directory: string;
  readonly #sizeBytes: number;
  readonly #claimTiming: ClaimTiming;
  readonly #log: Logger;
  /** As far as we know: what others put here is found by the next sweep, and by the first. */
  #totalBytes = Number.POSITIVE_INFINITY;
  #futileUntil = 0;

  constructor({ directory, sizeBytes, claimTiming = CLAIM_TIMING, log }: CacheSettings) {
    this.directory = directory;
    this.#sizeBytes = sizeBytes;
    this.#claimTiming = claimTiming;
    this.#log = log;
  }

  /** The entry of this version, if it is there and intact; it then counts as used. */
  async lookup(key: EntryKey): Promise<CacheEntry | undefined> {
    const path = manifestPath(entryPath(this.directory, key));
    const manifest = await readManifest(path);
    if (manifest === undefined) return undefined;
    const entry = entryOf(path, manifest);
    if (!(await isIntact(entry.path, manifest))) {
      this.#log.warn({ path: entry.path }, "damaged cache entry is built again");
      return undefined;
    }
    await touchServed([entry.path]);
    return entry;
  }

  /** The last version that was loaded under this definition, whatever the source is by now. */
  async newest(workspace: WorkspaceName, table: TableDefinition): Promise<CacheEntry | undefined> {
    const entry = (await recall(this.directory, workspace, [table], isIntact)).get(table);
    if (entry !== undefined) await touchServed([entry.path]);
    return entry;
  }

  /**
   * Waits while somebody else builds the entry, in this process or in another gateway's, and takes
   * over from one that died. Rejects only with the reason of `signal`.
   */
  async claim(key: EntryKey, signal: AbortSignal): Promise<ClaimOutcome> {
    const entry = await this.lookup(key);
    if (entry !== undefined) return { outcome: "built", entry };
    const path = claimPath(entryPath(this.directory, key));
    // What is wrong with the folder will be said by the build.
    await makeDirectory(dirname(path)).catch(() => undefined);
    const ended = await claimOrFind(path, () => this.lookup(key), {
      timing: this.#claimTiming,
      signal,
    });
    return "claim" in ended
      ? { outcome: "claimed", claim: ended.claim }
      : { outcome: "built", entry: ended.found };
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
    const entry = await publishEntry(entryPath(this.directory, key), {
      key,
      builtFile,
      facts,
      find: () => this.lookup(key),
    });
    this.#totalBytes += entry.fileBytes;
    if (this.#totalBytes > this.#sizeBytes && performance.now() >= this.#futileUntil) {
      await this.sweep();
    }
    return entry;
  }

  /** Whether every byte of the entry is as it was published. One that is not is retired. */
  async verify(entry: Pick<CacheEntry, "path">): Promise<boolean> {
    const manifest = await readManifest(manifestOfData(entry.path));
    if (manifest !== undefined && (await hasSameContent(entry.path, manifest))) return true;
    this.#log.error({ path: entry.path }, "cache entry is damaged, and is built again");
    try {
      await this.retire(entry);
    } catch (error) {
      this.#log.warn({ err: error, path: entry.path }, "damaged cache entry cannot be removed");
    }
    return false;
  }

  /** Removes an entry that is no longer served. Whoever has it open reads on. */
  async retire({ path }: Pick<CacheEntry, "path">): Promise<void> {
    const manifestFile = manifestOfData(path);
    const manifest = await readManifest(manifestFile);
    // By now it may name the data of a later build.
    if (manifest === undefined || manifest.file === basename(path)) {
      await rm(manifestFile, { force: true });
    }
    await rm(path, { force: true });
  }

  /**
   * Removes what may go: leftovers of processes that died, replaced versions, and beyond the budget
   * what nobody serves. To be called now and then, since other gateways fill the cache, too. What
   * cannot be removed is reported, and fails nobody.
   */
  async sweep(): Promise<void> {
    try {
      const leftovers = await removeLeftovers(this.directory, Date.now());
      const survey = await surveyCache(this.directory);
      for (const path of survey.claims) await removeDeadClaim(path);
      const chosen = chooseEvicted(survey, { sizeBytes: this.#sizeBytes, now: Date.now() });
      for (const path of chosen.orphans) await rm(path, { force: true });
      const count = leftovers.length + chosen.orphans.length;
      if (count > 0) this.#log.info({ count }, "unfinished cache entries removed");
      this.#totalBytes = survey.entries.reduce((sum, { bytes }) => sum + bytes, 0);
      await this.#evict(chosen);
    } catch (error) {
      this.#log.warn({ err: error }, "old files of the cache cannot be removed");
    }
  }

  async #evict({ evicted, excessBytes }: Eviction): Promise<void> {
    for (const { path, bytes } of evicted) {
      await this.retire({ path });
      this.#totalBytes -= bytes;
      this.#log.info({ path, bytes }, "cache entry evicted");
    }
    if (excessBytes === 0) return;
    this.#futileUntil = performance.now() + FUTILE_MS;
    this.#log.warn({ excessBytes }, "cache is larger than cache.size, but all of it is in use");
  }
}

async function isIntact(path: string, manifest: Manifest): Promise<boolean> {
  const checked = await checkFile(path, manifest);
  return checked === "intact" || (checked === "copied" && (await hasSameContent(path, manifest)));
}
