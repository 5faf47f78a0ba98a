import { utimes } from "node:fs/promises";
import { manifestOfData } from "./entry-files.ts";
import { inParallel } from "./in-parallel.ts";

const PARALLEL = 16;

/**
 * Whoever serves entries, by the paths of their data, says so at least this often: what nobody has
 * used for some time may be removed, by any gateway that shares the cache.
 */
export const TOUCH_MS = 5 * 60_000;

export async function touchServed(dataPaths: readonly string[]): Promise<void> {
  const now = new Date();
  await inParallel(PARALLEL, dataPaths, async (path) => {
    // Removed meanwhile, or on a read-only disk, on which nothing is removed.
    await utimes(manifestOfData(path), now, now).catch(() => undefined);
  });
}
