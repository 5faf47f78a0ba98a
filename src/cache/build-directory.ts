/** Directories in `<cache>/tmp` where entries are built, and how those of dead processes go. */
import { readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { TEMPORARY } from "./entry-key.ts";
import { makeDirectory } from "./make-directory.ts";
import { isOwnerName, ownerName, ownerState } from "./owner.ts";

/** Removed with everything in it when it is disposed of. */
export interface BuildDirectory extends AsyncDisposable {
  readonly path: string;
}

/** Where nobody can tell whether the owner lives, time has to: no build takes so long. */
const FOREIGN_LIFETIME_MS = 24 * 3_600_000;
/** How often whoever keeps a folder in `<cache>/tmp` for longer shows that it is still needed. */
export const KEEP_MS = 3_600_000;

export async function keepDirectory(path: string): Promise<void> {
  const now = new Date();
  // On a disk that is read-only or gone nobody removes it either.
  await utimes(path, now, now).catch(() => undefined);
}

export async function makeBuildDirectory(cacheDirectory: string): Promise<BuildDirectory> {
  const path = join(temporaryDirectory(cacheDirectory), ownerName());
  await makeDirectory(path);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Removes what processes that are gone have left behind, and returns what that was. */
export async function removeLeftovers(cacheDirectory: string, now: number): Promise<string[]> {
  const directory = temporaryDirectory(cacheDirectory);
  await makeDirectory(directory);
  const removed: string[] = [];
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (!(await isLeftover(path, name, now))) continue;
    await rm(path, { recursive: true, force: true });
    removed.push(path);
  }
  return removed;
}

async function isLeftover(path: string, name: string, now: number): Promise<boolean> {
  if (!isOwnerName(name)) return false;
  const state = ownerState(name);
  if (state !== "unknown") return state === "gone";
  try {
    const { mtimeMs } = await stat(path);
    return now - mtimeMs > FOREIGN_LIFETIME_MS;
  } catch {
    return false;
  }
}

/** Where downloads are kept that broke off, so that the next load goes on with them. */
export function partialsDirectory(cacheDirectory: string): string {
  return join(temporaryDirectory(cacheDirectory), "downloads");
}

function temporaryDirectory(cacheDirectory: string): string {
  return join(cacheDirectory, TEMPORARY);
}
