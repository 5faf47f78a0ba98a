/** Which entries and leftovers may go. */
import type { StoredEntry, Survey } from "./survey.ts";

export interface Eviction {
  readonly evicted: readonly StoredEntry[];
  /** Files that belong to no entry. */
  readonly orphans: readonly string[];
  /** By how much the rest still exceeds the budget. */
  readonly excessBytes: number;
}

/**
 * Whatever is served counts as used every few minutes, by every gateway that serves it. What has
 * not been used for so long is served by nobody.
 */
const SERVED_MS = 60 * 60_000;
/** A replaced version that nobody uses any more goes after so long, however much space there is. */
const REPLACED_MS = 15 * 60_000;
/** Between the two steps in which an entry is put in place, its data belongs to nothing. */
const ORPHAN_MS = 15 * 60_000;

/**
 * Replaced versions that nobody uses go in any case. Beyond the budget go, least recently used first,
 * first the other replaced versions, and then the newest ones of tables that nobody serves.
 */
export function chooseEvicted(
  { entries, orphans }: Pick<Survey, "entries" | "orphans">,
  { sizeBytes, now }: { readonly sizeBytes: number; readonly now: number },
): Eviction {
  const newest = newestVersions(entries);
  const isReplaced = (entry: StoredEntry): boolean => newest.get(tableOf(entry)) !== entry;
  const unusedMs = (entry: StoredEntry): number => now - entry.usedMs;
  const isOver = (entry: StoredEntry): boolean =>
    isReplaced(entry) && unusedMs(entry) > REPLACED_MS;
  const candidates = entries
    .filter((entry) => isReplaced(entry) || unusedMs(entry) > SERVED_MS)
    .toSorted((a, b) => Number(isReplaced(b)) - Number(isReplaced(a)) || a.usedMs - b.usedMs);
  let excessBytes = entries.reduce((sum, { bytes }) => sum + bytes, 0) - sizeBytes;
  const evicted: StoredEntry[] = [];
  for (const entry of candidates) {
    if (excessBytes <= 0 && !isOver(entry)) continue;
    evicted.push(entry);
    excessBytes -= entry.bytes;
  }
  return {
    evicted,
    orphans: orphans.filter(({ changedMs }) => now - changedMs > ORPHAN_MS).map(({ path }) => path),
    excessBytes: Math.max(0, excessBytes),
  };
}

function newestVersions(entries: readonly StoredEntry[]): ReadonlyMap<string, StoredEntry> {
  const newest = new Map<string, StoredEntry>();
  for (const entry of entries) {
    const known = newest.get(tableOf(entry));
    if (known === undefined || loadedAt(entry) > loadedAt(known)) newest.set(tableOf(entry), entry);
  }
  return newest;
}

function tableOf({ manifest: { key } }: StoredEntry): string {
  return JSON.stringify([key.workspace, key.schema, key.table]);
}

function loadedAt({ manifest }: StoredEntry): number {
  return manifest.entry.loadedAt.getTime();
}
