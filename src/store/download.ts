import { randomUUID } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ObjectKey } from "../core/brands.ts";
import { PgError } from "../core/pg-error.ts";
import { systemCode } from "./directory-error.ts";
import { DirectoryStore } from "./directory-store.ts";
import {
  type ByteRange,
  ObjectChangedError,
  type ObjectInfo,
  type ObjectStore,
} from "./object-store.ts";
import { PartialFile } from "./partial-file.ts";

export interface DownloadOptions {
  /** Default: the latest. */
  readonly versionId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An object as a local file, for as long as it is needed. */
export interface LocalObject extends AsyncDisposable {
  readonly path: string;
  readonly object: ObjectInfo;
  /**
   * To be asked once all was read: throws ObjectChangedError where the file that was read in place
   * was written to meanwhile.
   */
  assertUnchanged(): Promise<void>;
}

/** Up to this size one request is the fastest. */
const SINGLE_REQUEST_BYTES = 16 * 1024 * 1024;
const PART_BYTES = 8 * 1024 * 1024;
/** More connections pay only where there is much to transfer. */
const LARGE_BYTES = 100 * 1024 * 1024;
const PARALLEL_PARTS = { usual: 4, large: 8 } as const;
/** How often an object may change under our hands before we give up. */
const RESTARTS = 3;

export interface LocalFolders {
  readonly folder: string;
  /** Where large downloads that broke off are kept; by default they begin anew. */
  readonly partials?: PartialsFolder | undefined;
}

export interface PartialsFolder {
  /** On the same file system as the folder of whole files; any number of processes may share it. */
  readonly folder: string;
  /** Stores of different servers may have the same bucket. */
  readonly storeName: string;
}

/** Files of a directory store are read where they are; all other objects are copied to `folder`. */
export async function openLocally(
  store: ObjectStore,
  key: ObjectKey,
  { folder, partials, ...options }: DownloadOptions & LocalFolders,
): Promise<LocalObject> {
  if (store instanceof DirectoryStore) return openInPlace(store, key, options);
  const path = join(folder, `${randomUUID()}.download`);
  const object =
    partials === undefined
      ? await download(store, key, path, options)
      : await downloadOn(store, key, path, { ...options, partials });
  return {
    path,
    object,
    assertUnchanged: async () => undefined,
    [Symbol.asyncDispose]: () => rm(path, { force: true }),
  };
}

/** Copies one version of an object to a new file, and returns which version it is. */
export async function download(
  store: ObjectStore,
  key: ObjectKey,
  path: string,
  options: DownloadOptions = {},
): Promise<ObjectInfo> {
  const file = await open(path, "wx");
  try {
    const object = await downloadTo(file, store, key, options);
    await file.close();
    return object;
  } catch (error) {
    await file.close();
    await rm(path, { force: true });
    throw isDiskFull(error) ? diskFull(error, key) : error;
  }
}

/** As `download`, but goes on with what an earlier try at the same version has left. */
async function downloadOn(
  store: ObjectStore,
  key: ObjectKey,
  path: string,
  { partials, ...options }: DownloadOptions & { readonly partials: PartialsFolder },
): Promise<ObjectInfo> {
  return whileUnchanged(store, key, options, async (object) => {
    const { etag, versionId, sizeBytes } = object;
    // What is fetched with one request has no parts that could be there already.
    if (sizeBytes <= SINGLE_REQUEST_BYTES) return download(store, key, path, options);
    const { folder, storeName } = partials;
    const identity = [storeName, store.description, key, etag, versionId, sizeBytes, PART_BYTES];
    const partial = await PartialFile.claim(folder, JSON.stringify(identity));
    try {
      await fetchParts(partial.file, store, object, options.signal, partial);
      await assertSize(partial.file, object);
      await partial.finish(path);
      return object;
    } catch (error) {
      if (error instanceof ObjectChangedError || isDiskFull(error)) await partial.discard();
      else await partial.release();
      throw isDiskFull(error) ? diskFull(error, key) : error;
    }
  });
}

function downloadTo(
  file: FileHandle,
  store: ObjectStore,
  key: ObjectKey,
  options: DownloadOptions,
): Promise<ObjectInfo> {
  return whileUnchanged(store, key, options, async (object) => {
    await file.truncate(0);
    await fetchAll(file, store, object, options.signal);
    await assertSize(file, object);
    return object;
  });
}

/** Begins again from the object's head where it changed meanwhile. */
async function whileUnchanged(
  store: ObjectStore,
  key: ObjectKey,
  options: DownloadOptions,
  copy: (object: ObjectInfo) => Promise<ObjectInfo>,
): Promise<ObjectInfo> {
  for (let restarts = 0; ; restarts += 1) {
    const object = await found(store, key, options);
    try {
      return await copy(object);
    } catch (error) {
      if (!(error instanceof ObjectChangedError)) throw error;
      if (restarts === RESTARTS) throw keepsChanging(store, key, error);
    }
  }
}

async function assertSize(file: FileHandle, { key, sizeBytes }: ObjectInfo): Promise<void> {
  const { size } = await file.stat();
  if (size === sizeBytes) return;
  throw new ObjectChangedError(`${key} has ${size} bytes instead of ${sizeBytes}`);
}

async function fetchAll(
  file: FileHandle,
  store: ObjectStore,
  object: ObjectInfo,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (object.sizeBytes > SINGLE_REQUEST_BYTES) await fetchParts(file, store, object, signal);
  else await fetchPart(file, store, object, undefined, signal);
}

/** What is done already, and who wants to hear what else is. */
interface PartRecord {
  readonly done: ReadonlySet<number>;
  record(part: number): Promise<void>;
}

async function fetchParts(
  file: FileHandle,
  store: ObjectStore,
  object: ObjectInfo,
  signal: AbortSignal | undefined,
  recorded?: PartRecord,
): Promise<void> {
  const { sizeBytes } = object;
  const parts = Array.from({ length: Math.ceil(sizeBytes / PART_BYTES) }, (_, part) => part);
  const queue = parts.filter((part) => recorded?.done.has(part) !== true).values();
  const failed = new AbortController();
  const either = AbortSignal.any([failed.signal, ...(signal === undefined ? [] : [signal])]);
  const fetchNext = async () => {
    for (const part of queue) {
      const from = part * PART_BYTES;
      const range = { from, to: Math.min(from + PART_BYTES, sizeBytes) };
      await fetchPart(file, store, object, range, either);
      await recorded?.record(part);
    }
  };
  const parallel = sizeBytes > LARGE_BYTES ? PARALLEL_PARTS.large : PARALLEL_PARTS.usual;
  // All have to end before the file may be closed, so the first failure stops the others.
  await Promise.all(
    Array.from({ length: parallel }, () =>
      fetchNext().catch((error: unknown) => failed.abort(error)),
    ),
  );
  failed.signal.throwIfAborted();
}

async function fetchPart(
  file: FileHandle,
  store: ObjectStore,
  { key, etag, versionId, sizeBytes }: ObjectInfo,
  range: ByteRange | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const end = range?.to ?? sizeBytes;
  let at = range?.from ?? 0;
  const stream = await store.get(key, {
    ifMatch: etag,
    versionId,
    ...(range === undefined ? {} : { range }),
    ...(signal === undefined ? {} : { signal }),
  });
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (at + chunk.length > end) throw new ObjectChangedError(`${key} is longer than announced`);
    await writeAll(file, chunk, at);
    at += chunk.length;
  }
  if (at !== end) throw new ObjectChangedError(`${key} ends at ${at} instead of ${end}`);
}

async function writeAll(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}

async function openInPlace(
  store: DirectoryStore,
  key: ObjectKey,
  options: DownloadOptions,
): Promise<LocalObject> {
  const path = await store.pathOf(key);
  const object = await found(store, key, options);
  return {
    path,
    object,
    assertUnchanged: async () => {
      const now = await store.head(key);
      if (now?.etag !== object.etag)
        throw new ObjectChangedError(`${key} changed while it was read`);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function found(
  store: ObjectStore,
  key: ObjectKey,
  { versionId, signal }: DownloadOptions,
): Promise<ObjectInfo> {
  const object = await store.head(key, {
    versionId,
    ...(signal === undefined ? {} : { signal }),
  });
  if (object !== undefined) return object;
  throw new PgError("undefined_file", `there is no "${key}" in ${store.description}`, {
    hint: "Correct the key, in which upper and lower case differ, or upload the object.",
  });
}

function keepsChanging(store: ObjectStore, key: ObjectKey, cause: unknown): PgError {
  const message = `"${key}" in ${store.description} changed ${RESTARTS + 1} times while it was read`;
  return new PgError("object_in_use", message, {
    hint: "Write it less often, or write it under another name and put it in place when complete.",
    cause,
  });
}

function isDiskFull(error: unknown): boolean {
  return systemCode(error) === "ENOSPC" || systemCode(error) === "EDQUOT";
}

function diskFull(cause: unknown, key: ObjectKey): PgError {
  return new PgError("disk_full", `no space is left to download "${key}"`, {
    hint: "Free space where the cache's directory is, or move it with cache.directory.",
    cause,
  });
}
