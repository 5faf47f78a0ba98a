import { type BigIntStats, constants, type Dirent } from "node:fs";
import { type FileHandle, open, readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { Readable } from "node:stream";
import type { ETag, ObjectKey } from "../core/brands.ts";
import { PgError } from "../core/pg-error.ts";
import { directoryError, systemCode } from "./directory-error.ts";
import {
  type ByteRange,
  type GetOptions,
  ObjectChangedError,
  type ObjectInfo,
  type ObjectStore,
} from "./object-store.ts";

/** As many objects as S3 lists in one page. */
const PAGE_OBJECTS = 1000;
const READ_BYTES = 256 * 1024;

interface Waiting {
  readonly signal?: AbortSignal | undefined;
}

/** A local directory as a store: a key is a path below it, with `/` on every system. */
export class DirectoryStore implements ObjectStore {
  readonly description: string;
  readonly #name: string;
  readonly #path: string;

  /** The path is absolute. It need not exist yet: whoever asks for an object will be told. */
  constructor(name: string, path: string) {
    this.description = path;
    this.#name = name;
    this.#path = path;
  }

  /** Hidden files are left out, and links that lead out of the directory. */
  async *list(prefix: string, options: Waiting = {}): AsyncGenerator<readonly ObjectInfo[]> {
    options.signal?.throwIfAborted();
    const root = await this.#root();
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    const start = folder === "" ? root : await this.#inside(root, folder.slice(0, -1));
    if (start === undefined) return;
    let page: ObjectInfo[] = [];
    for await (const object of this.#walk(root, start, folder, prefix, [])) {
      options.signal?.throwIfAborted();
      page.push(object);
      if (page.length < PAGE_OBJECTS) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
  }

  async head(key: ObjectKey, options: Waiting = {}): Promise<ObjectInfo | undefined> {
    const path = await this.#find(key);
    options.signal?.throwIfAborted();
    return path === undefined ? undefined : this.#infoAt(path, key);
  }

  async get(key: ObjectKey, options: GetOptions = {}): Promise<Readable> {
    const { ifMatch, range, signal } = options;
    signal?.throwIfAborted();
    const file = await this.#open(key);
    try {
      const stats = await file.stat({ bigint: true });
      if (!stats.isFile()) return this.#throwMissing(key);
      const info = infoOf(key, stats);
      if (ifMatch !== undefined && info.etag !== ifMatch) {
        throw new ObjectChangedError(`${key} has another ETag by now`);
      }
      const bytes = this.#bytes(file, info, range, signal);
      // Not in the generator: a stream that is destroyed before it is read never enters it.
      return Readable.from(bytes, { objectMode: false }).once("close", () => closeQuietly(file));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Where the file of an object is, for readers that need no copy of it. */
  async pathOf(key: ObjectKey): Promise<string> {
    return (await this.#find(key)) ?? this.#throwMissing(key);
  }

  close(): void {}

  /** Reads through one handle, so that a file put in the place of this one does not matter. */
  async *#bytes(
    file: FileHandle,
    info: ObjectInfo,
    range: ByteRange | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Buffer> {
    let at = range?.from ?? 0;
    const end = Math.min(range?.to ?? info.sizeBytes, info.sizeBytes);
    while (at < end) {
      signal?.throwIfAborted();
      const wanted = Math.min(READ_BYTES, end - at);
      const bytes = await this.#read(file, info.key, at, wanted);
      if (bytes.length === 0) throw new ObjectChangedError(`${info.key} was cut short`);
      at += bytes.length;
      yield bytes;
    }
    // Written to in place meanwhile: then the bytes may be of two versions.
    const now = infoOf(info.key, await file.stat({ bigint: true }));
    if (now.etag !== info.etag) {
      throw new ObjectChangedError(`${info.key} changed while it was read`);
    }
  }

  async #read(file: FileHandle, key: string, at: number, wanted: number): Promise<Buffer> {
    try {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, at);
      return buffer.subarray(0, bytesRead);
    } catch (error) {
      throw directoryError(error, this.#name, key);
    }
  }

  async #open(key: ObjectKey): Promise<FileHandle> {
    const path = await this.pathOf(key);
    try {
      // Links are resolved by now, and a pipe that took the file's place must not block.
      return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      if (systemCode(error) === "ENOENT") return this.#throwMissing(key);
      throw directoryError(error, this.#name, key);
    }
  }

  /** The real path of the object's file; undefined where there is no such file. */
  async #find(key: ObjectKey): Promise<string | undefined> {
    return this.#inside(await this.#root(), key);
  }

  /** The real path of a key, which has to be below the root; undefined where it leads nowhere. */
  async #inside(root: string, key: string): Promise<string | undefined> {
    if (key.startsWith("/") || key.split("/").includes("..")) throw this.#outside(key);
    if (!isCanonical(key)) return undefined;
    const path = await this.#resolve(root, key);
    if (path !== undefined && !isBelow(path, root)) throw this.#outside(key);
    return path;
  }

  async #root(): Promise<string> {
    try {
      const root = await realpath(this.#path);
      if ((await stat(root)).isDirectory()) return root;
    } catch (error) {
      if (systemCode(error) !== "ENOENT" && systemCode(error) !== "ENOTDIR") {
        throw directoryError(error, this.#name, this.#path);
      }
      const message = `directory "${this.#path}" of store "${this.#name}" does not exist`;
      throw new PgError("undefined_file", message, { hint: this.#correctPath(), cause: error });
    }
    const message = `"${this.#path}" of store "${this.#name}" is not a directory`;
    throw new PgError("wrong_object_type", message, { hint: this.#correctPath() });
  }

  /** Follows all links; undefined where the path leads nowhere. */
  async #resolve(root: string, key: string): Promise<string | undefined> {
    try {
      return await realpath(join(root, key));
    } catch (error) {
      if (leadsNowhere(error)) return undefined;
      throw directoryError(error, this.#name, key);
    }
  }

  async #infoAt(path: string, key: ObjectKey): Promise<ObjectInfo | undefined> {
    try {
      const stats = await stat(path, { bigint: true });
      return stats.isFile() ? infoOf(key, stats) : undefined;
    } catch (error) {
      if (leadsNowhere(error)) return undefined;
      throw directoryError(error, this.#name, key);
    }
  }

  /**
   * The objects in and below a folder, in key order. Only the names of the folders on the way down
   * are in memory. `above` holds the real paths of those folders, where a link back would loop.
   */
  async *#walk(
    root: string,
    path: string,
    folder: string,
    prefix: string,
    above: readonly string[],
  ): AsyncGenerator<ObjectInfo> {
    if (above.includes(path) || (path !== root && !isBelow(path, root))) return;
    for (const [name, entry] of await this.#entries(path, folder)) {
      const key = `${folder}${name}`;
      if (!key.startsWith(prefix) && !prefix.startsWith(key)) continue;
      const target = entry.isSymbolicLink()
        ? await this.#resolve(root, key)
        : join(path, entry.name);
      if (target === undefined) continue;
      if (name.endsWith("/")) {
        yield* this.#walk(root, target, key, prefix, [...above, path]);
      } else if (isBelow(target, root) && key.startsWith(prefix)) {
        const object = await this.#infoAt(target, key as ObjectKey); // It was just read as one.
        if (object !== undefined) yield object;
      }
    }
  }

  /**
   * The visible entries of a folder in the order of their keys. A folder's name ends in `/` here,
   * so that `a/b` stands behind `a.csv`, as it does among keys.
   */
  async #entries(path: string, folder: string): Promise<(readonly [string, Dirent])[]> {
    let entries: Dirent[];
    try {
      entries = await readdir(path, { withFileTypes: true });
    } catch (error) {
      if (leadsNowhere(error)) return [];
      throw directoryError(error, this.#name, folder === "" ? this.#path : folder);
    }
    const named: (readonly [string, Dirent])[] = [];
    for (const entry of entries) {
      if (isHidden(entry.name)) continue;
      const isFolder =
        entry.isDirectory() ||
        (entry.isSymbolicLink() && (await isDirectory(join(path, entry.name))));
      named.push([isFolder ? `${entry.name}/` : entry.name, entry]);
    }
    return named.toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  #outside(key: string): PgError {
    const message = `"${key}" leads out of the directory of store "${this.#name}"`;
    return new PgError("insufficient_privilege", message, {
      hint: 'Keys are paths below the directory, without ".." and without links that lead elsewhere.',
    });
  }

  #throwMissing(key: string): never {
    const message = `could not read "${key}" of store "${this.#name}": no such file`;
    throw new PgError("undefined_file", message, {
      hint: "Correct the key, in which upper and lower case differ, or put the file there.",
    });
  }

  #correctPath(): string {
    return `Create it, or correct "path" of store "${this.#name}".`;
  }
}

function closeQuietly(file: FileHandle): void {
  file.close().catch(() => undefined); // Nothing was written, so nothing can be lost.
}

function infoOf(key: ObjectKey, { size, mtimeNs, mtimeMs, ino }: BigIntStats): ObjectInfo {
  const etag = [size, mtimeNs, ino].map((part) => part.toString(16)).join("-");
  return {
    key,
    etag: etag as ETag, // A version mark made here.
    versionId: undefined,
    sizeBytes: Number(size),
    lastModified: new Date(Number(mtimeMs)),
  };
}

/** One file has one key: not `a//b`, `./a` or `a/`. */
function isCanonical(key: string): boolean {
  return key.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

function isBelow(path: string, root: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : `${root}${sep}`);
}

/** Dot files, and the lock files of office programs beside an open workbook. */
function isHidden(name: string): boolean {
  return name.startsWith(".") || name.startsWith("~$");
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false; // A link that leads nowhere is no folder.
  }
}

function leadsNowhere(error: unknown): boolean {
  const code = systemCode(error);
  return (
    code === "ENOENT" ||
    code === "ENOTDIR" ||
    code === "ENAMETOOLONG" ||
    code === "ERR_INVALID_ARG_VALUE"
  );
}
