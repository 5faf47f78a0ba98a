/**
 * A download that is not complete, kept on disk so that whoever tries next goes on where it stopped,
 * also after a crash. Each is a folder of its own, whose name says which version of which object it
 * is and who writes to it; `data` has the bytes, `parts` a line for each part that is safely there.
 */
import { createHash, randomUUID } from "node:crypto";
import { constants, readFileSync } from "node:fs";
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
} from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { systemCode } from "./directory-error.ts";

const SEPARATOR = "~";
/** In the place of the process, where nobody writes any more. */
const RELEASED = "released";
/** Tells this process from an earlier one, which in a container often had the same number. */
const RUN = randomUUID();
/** Which start of the machine this is; undefined where the system does not say. */
const BOOT = bootId();
/** By then the object has changed, or nobody wants it. */
const LIFETIME_MS = 24 * 3_600_000;

export class PartialFile {
  readonly file: FileHandle;
  /** The numbers of the parts that need not be fetched again. */
  readonly done: ReadonlySet<number>;
  readonly #parts: FileHandle;
  readonly #folder: string;
  readonly #path: string;
  #recording: Promise<void> = Promise.resolve();

  private constructor(
    folder: string,
    path: string,
    opened: { file: FileHandle; parts: FileHandle; done: ReadonlySet<number> },
  ) {
    this.#folder = folder;
    this.#path = path;
    this.file = opened.file;
    this.#parts = opened.parts;
    this.done = opened.done;
  }

  /** The one that another try at the same object left behind, else a new one. */
  static async claim(folder: string, identity: string, now = Date.now()): Promise<PartialFile> {
    await mkdir(folder, { recursive: true });
    const hash = createHash("sha256")
      .update(identity)
      .update(BOOT ?? "");
    const digest = hash.digest("hex").slice(0, 32);
    const path = join(folder, nameOf(digest, String(process.pid)));
    for (const name of await readdir(folder)) {
      if (!isFree(name)) continue;
      if (await isOld(join(folder, name), now)) {
        await rm(join(folder, name), { recursive: true, force: true });
      } else if (name.startsWith(`${digest}${SEPARATOR}`)) {
        if (await moved(join(folder, name), path)) return PartialFile.#open(folder, path);
      }
    }
    await mkdir(path);
    return PartialFile.#open(folder, path);
  }

  static async #open(folder: string, path: string): Promise<PartialFile> {
    const file = await open(join(path, "data"), constants.O_RDWR | constants.O_CREAT);
    const parts = await open(join(path, "parts"), "a");
    const done = partsIn(await readFile(join(path, "parts"), "utf8"));
    return new PartialFile(folder, path, { file, parts, done });
  }

  /** To be called once all bytes of the part are written. */
  record(part: number): Promise<void> {
    this.#recording = this.#recording.then(async () => {
      // The line must never be there without the bytes that it speaks of. What was written
      // outlives its process, and what the machine may lose has another name after its restart.
      if (BOOT === undefined) await this.file.datasync();
      await this.#parts.write(`${part}\n`);
    });
    return this.#recording;
  }

  /** The download is complete: it becomes the file at `path`, on the same file system. */
  async finish(path: string): Promise<void> {
    await this.#close();
    await rename(join(this.#path, "data"), path);
    await rm(this.#path, { recursive: true, force: true });
  }

  /** Leaves it to whoever tries next. */
  async release(): Promise<void> {
    await this.#close();
    const [digest = ""] = this.#path.slice(this.#folder.length + 1).split(SEPARATOR);
    await moved(this.#path, join(this.#folder, nameOf(digest, RELEASED)));
  }

  async discard(): Promise<void> {
    await this.#close();
    await rm(this.#path, { recursive: true, force: true });
  }

  async #close(): Promise<void> {
    await this.#recording.catch(() => undefined); // Whoever recorded the part has heard of it.
    await this.file.close();
    await this.#parts.close();
  }
}

function bootId(): string | undefined {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
  } catch {
    return undefined;
  }
}

function nameOf(digest: string, owner: string): string {
  return [digest, hostname(), owner, RUN, randomUUID()].join(SEPARATOR);
}

/** Whether nobody writes to it. What processes of another machine do cannot be known here. */
function isFree(name: string): boolean {
  const [, host, owner, run, id] = name.split(SEPARATOR);
  if (id === undefined) return false;
  if (owner === RELEASED) return true;
  if (host !== hostname()) return false;
  return Number(owner) === process.pid ? run !== RUN : !isAlive(Number(owner));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === "EPERM"; // It lives, as another user.
  }
}

async function isOld(path: string, now: number): Promise<boolean> {
  try {
    return now - (await stat(join(path, "parts"))).mtimeMs > LIFETIME_MS;
  } catch {
    return true; // Nothing was recorded, so nothing is lost.
  }
}

/** False where another was faster. */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return false;
    throw error;
  }
}

/** A line without its end is one that a crash cut short: 1 may have been going to be 12. */
function partsIn(text: string): ReadonlySet<number> {
  return new Set(
    text
      .split("\n")
      .slice(0, -1)
      .filter((line) => /^\d{1,9}$/.test(line))
      .map(Number),
  );
}
