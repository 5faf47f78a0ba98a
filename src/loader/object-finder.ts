import type { SourceReference } from "../catalog/catalog.ts";
import type { ObjectKey } from "../core/brands.ts";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import { DirectoryStore } from "../store/directory-store.ts";
import { keyPattern } from "../store/key-pattern.ts";
import type { ObjectInfo, ObjectStore } from "../store/object-store.ts";

/** Those who ask within this time are answered by the same requests. */
const GATHERING_MS = 5;
/** A folder with fewer objects to look at is not listed: a HEAD for each is as fast. */
const LEAST_LISTED = 3;
/** A folder may hold far more than is asked for: after so many pages in vain it is given up. */
const VAIN_PAGES = 2;
/** How long a store that does not let us list is not asked again. */
const REFUSAL_MS = 10 * 60_000;

interface Want {
  readonly source: SourceReference;
  readonly found: (objects: ObjectInfo[]) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Finds what the sources of one store are made of now. Many tables are looked at together, and then
 * one listing of their folder answers for all of them instead of a request for each.
 */
export class ObjectFinder {
  readonly #store: ObjectStore;
  #gathered: Want[] = [];
  #refusedUntil = 0;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** In key order: one object, or all that the source's pattern matches. */
  find(source: SourceReference, signal: AbortSignal): Promise<ObjectInfo[]> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const abort = (): void => reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      const settled = (): void => signal.removeEventListener("abort", abort);
      this.#gathered.push({
        source,
        found: (objects) => {
          settled();
          if (objects.length === 0) reject(notFound(source, this.#store));
          else resolve(objects);
        },
        failed: (error) => {
          settled();
          reject(error);
        },
      });
      if (this.#gathered.length === 1) setTimeout(() => this.#answer(), GATHERING_MS);
    });
  }

  #answer(): void {
    const wants = this.#gathered;
    this.#gathered = [];
    const patterns = wants.filter(({ source }) => source.isGlob);
    const listings = this.#patternListings(patterns);
    const byFolder = new Map<string, Want[]>();
    for (const want of wants) {
      const { pattern, isGlob, versionId } = want.source;
      if (isGlob) continue;
      const listing = listings.find(({ prefix }) => pattern.startsWith(prefix));
      // A listing shows the latest version only.
      if (versionId !== undefined) void this.#head(want);
      else if (listing !== undefined) listing.keys.push(want);
      else {
        const folder = pattern.slice(0, pattern.lastIndexOf("/") + 1);
        byFolder.set(folder, [...(byFolder.get(folder) ?? []), want]);
      }
    }
    for (const [prefix, keys] of byFolder) {
      if (keys.length < LEAST_LISTED || !this.#isListable()) {
        for (const want of keys) void this.#head(want);
      } else {
        listings.push({ prefix, patterns: [], keys });
      }
    }
    for (const listing of listings) void this.#list(listing);
  }

  /** One for each prefix that no shorter one covers. */
  #patternListings(wants: readonly Want[]): Listing[] {
    const listings: Listing[] = [];
    const compiled = wants
      .flatMap((want) => {
        try {
          return [{ want, ...keyPattern(want.source.pattern) }];
        } catch (error) {
          want.failed(error);
          return [];
        }
      })
      .toSorted((a, b) => a.prefix.length - b.prefix.length);
    for (const { want, prefix, matches } of compiled) {
      const covering = listings.find((listing) => prefix.startsWith(listing.prefix));
      const pattern = { want, matches, objects: [] };
      if (covering !== undefined) covering.patterns.push(pattern);
      else listings.push({ prefix, patterns: [pattern], keys: [] });
    }
    return listings;
  }

  #isListable(): boolean {
    // A directory's files are looked at without a request.
    return !(this.#store instanceof DirectoryStore) && Date.now() >= this.#refusedUntil;
  }

  async #list(listing: Listing): Promise<void> {
    const { prefix, patterns } = listing;
    const waiting = new Map(listing.keys.map((want) => [want.source.pattern, [] as Want[]]));
    for (const want of listing.keys) waiting.get(want.source.pattern)?.push(want);
    let vainPages = 0;
    try {
      for await (const page of this.#store.list(prefix)) {
        const before = waiting.size;
        for (const object of page) {
          for (const want of waiting.get(object.key) ?? []) want.found([object]);
          waiting.delete(object.key);
          // Markers of folders are no objects.
          if (!object.key.endsWith("/")) for (const pattern of patterns) take(pattern, object);
        }
        vainPages = waiting.size < before ? 0 : vainPages + 1;
        const isOver = waiting.size === 0 || vainPages === VAIN_PAGES;
        if (isOver && patterns.length === 0) break;
      }
    } catch (error) {
      for (const { want } of patterns) want.failed(error);
      if (isPassing(error)) {
        for (const want of listing.keys) want.failed(error);
        return;
      }
      // Who may not list, or is not understood, may still read.
      this.#refusedUntil = Date.now() + REFUSAL_MS;
    }
    for (const { want, objects } of patterns) want.found(objects);
    for (const wants of waiting.values()) for (const want of wants) void this.#head(want);
  }

  async #head({ source, found, failed }: Want): Promise<void> {
    try {
      // The catalog has told keys from patterns.
      const key = source.pattern as ObjectKey;
      const object = await this.#store.head(key, { versionId: source.versionId });
      found(object === undefined ? [] : [object]);
    } catch (error) {
      failed(error);
    }
  }
}

/** A request for each object would fare no better now, and may make things worse. */
function isPassing(error: unknown): boolean {
  const { io_error, fdw_unable_to_establish_connection, system_error } = SQLSTATE;
  const passing: readonly string[] = [io_error, fdw_unable_to_establish_connection, system_error];
  return !(error instanceof PgError) || passing.includes(error.sqlstate);
}

interface Listing {
  readonly prefix: string;
  readonly patterns: Pattern[];
  /** Single objects that the listing is to show. */
  readonly keys: Want[];
}

interface Pattern {
  readonly want: Want;
  readonly matches: (key: string) => boolean;
  readonly objects: ObjectInfo[];
}

function take({ want, matches, objects }: Pattern, object: ObjectInfo): void {
  if (objects.length > LIMITS.sourceObjects || !matches(object.key)) return;
  objects.push(object);
  if (objects.length > LIMITS.sourceObjects) want.failed(tooMany(want.source));
}

function notFound(source: SourceReference, store: ObjectStore): PgError {
  const message = source.isGlob
    ? `no object in ${store.description} matches "${source.pattern}"`
    : `there is no "${source.pattern}" in ${store.description}`;
  return new PgError("undefined_file", message, {
    hint: "Correct the source, in which upper and lower case differ, or upload the object.",
  });
}

function tooMany(source: SourceReference): PgError {
  return new PgError(
    "program_limit_exceeded",
    `more than ${LIMITS.sourceObjects} objects match "${source.pattern}"`,
    { hint: "Make the pattern narrower, or merge small files." },
  );
}
