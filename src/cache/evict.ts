import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Manifest, readManifest } from "./manifest.ts";

export interface StoredEntry {
  /** Of the `.duckdb` file. */
  readonly path: string;
  readonly bytes: number;
  readonly usedMs: number;
  readonly manifest: Manifest;
}

export interface EvictionRules {
  readonly sizeBytes: number;
  /** Paths that have to stay. */
  readonly inUse: ReadonlySet<string>;
  readonly now: number;
}

/**
 * A table that is served is looked at in every refresh, and counts as used then. The newest version
 * of a table that nobody has looked at for so long may go.
 */
const IDLE_MS = 24 * 3_600_000;

/** Every entry in or below the directory. */
export async function listEntries(directory: string): Promise<StoredEntry[]> {
  let names: string[];
  try {
    names = await readdir(directory, { recursive: true });
  } catch {
    return [];
  }
  const entries: StoredEntry[] = [];
  for (const name of names) {
    if (!name.endsWith(".json") || name.startsWith("tmp/")) continue;
    const path = join(directory, `${name.slice(0, -".json".length)}.duckdb`);
    const manifest = await readManifest(join(directory, name));
    if (manifest === undefined) continue;
    try {
      const [{ mtimeMs }, { size }] = [await stat(join(directory, name)), await stat(path)];
      entries.push({ path, bytes: size, usedMs: mtimeMs, manifest });
    } catch {
      // Removed meanwhile.
    }
  }
  return entries;
}

/**
 * Least recently used first, and versions that a newer one has replaced before all others; and by
 * how much the rest still exceeds the budget.
 */
export function chooseEvicted(
  stored: readonly StoredEntry[],
  rules: EvictionRules,
): { readonly evicted: readonly StoredEntry[]; readonly excessBytes: number } {
  const newest = new Map<string, StoredEntry>();
  for (const entry of stored) {
    const known = newest.get(tableOf(entry));
    if (known === undefined || loadedAt(entry) > loadedAt(known)) newest.set(tableOf(entry), entry);
  }
  const isReplaced = (entry: StoredEntry): boolean => newest.get(tableOf(entry)) !== entry;
  const candidates = stored
    .filter(({ path }) => !rules.inUse.has(path))
    .filter((entry) => isReplaced(entry) || rules.now - entry.usedMs > IDLE_MS)
    .toSorted((a, b) => Number(isReplaced(b)) - Number(isReplaced(a)) || a.usedMs - b.usedMs);
  let excessBytes = stored.reduce((sum, { bytes }) => sum + bytes, 0) - rules.sizeBytes;
  const evicted: StoredEntry[] = [];
  for (const entry of candidates) {
    if (excessBytes <= 0) break;
    evicted.push(entry);
    excessBytes -= entry.bytes;
  }
  return { evicted, excessBytes: Math.max(0, excessBytes) };
}

function tableOf({ manifest: { key } }: StoredEntry): string {
  return JSON.stringify([key.workspace, key.schema, key.table]);
}

function loadedAt({ manifest }: StoredEntry): number {
  return manifest.entry.loadedAt.getTime();
}
