/** Directories in `<cache>/tmp` where entries are built, and how those of dead processes go. */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

/** Removed with everything in it when it is disposed of. */
export interface BuildDirectory extends AsyncDisposable {
  readonly path: string;
}

const SEPARATOR = "~";
/** Process numbers of another machine or container say nothing here, so time has to. */
const FOREIGN_LIFETIME_MS = 24 * 3_600_000;

export async function makeBuildDirectory(cacheDirectory: string): Promise<BuildDirectory> {
  const name = [hostname(), process.pid, randomUUID()].join(SEPARATOR);
  const path = join(temporaryDirectory(cacheDirectory), name);
  await mkdir(path, { recursive: true });
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Removes what processes that are gone have left behind. */
export async function removeLeftovers(cacheDirectory: string, now: number): Promise<string[]> {
  const directory = temporaryDirectory(cacheDirectory);
  await mkdir(directory, { recursive: true });
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
  const [host, pid, id] = name.split(SEPARATOR);
  // The engine has its temporary files here, too, and so have downloads that broke off.
  if (pid === undefined || id === undefined) return false;
  if (host === hostname()) return !isAlive(Number(pid));
  try {
    const { mtimeMs } = await stat(path);
    return now - mtimeMs > FOREIGN_LIFETIME_MS;
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, as another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Where downloads are kept that broke off, so that the next load goes on with them. */
export function partialsDirectory(cacheDirectory: string): string {
  return join(temporaryDirectory(cacheDirectory), "downloads");
}

function temporaryDirectory(cacheDirectory: string): string {
  return join(cacheDirectory, "tmp");
}
