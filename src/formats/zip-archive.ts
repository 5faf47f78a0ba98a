import type { FileHandle } from "node:fs/promises";
import { pipeline, Readable } from "node:stream";
import { crc32, createInflateRaw } from "node:zlib";
import { assert } from "../core/assert.ts";
import { PgError } from "../core/pg-error.ts";
import {
  type DirectoryLimits,
  entryKey,
  LOCAL_HEADER_BYTES,
  readDirectory,
  type ZipEntry,
} from "./zip-directory.ts";

export interface ZipLimits extends DirectoryLimits {
  /** Of all entries that are read together. */
  readonly unpackedBytes: number;
  /** How many times its packed size an entry may unpack to, once it is beyond the free bytes. */
  readonly expansion: number;
  readonly expansionFreeBytes: number;
}

const READ_BYTES = 256 * 1024;
const INFLATE_BYTES = 128 * 1024;
const LOCAL_HEADER_SIGNATURE = 0x04034b50;
const METHOD_STORED = 0;
const METHOD_DEFLATED = 8;
const FLAG_ENCRYPTED = 1;

/**
 * A ZIP archive, read by its central directory as every ZIP tool does. Entries are streamed, and
 * nothing is believed before it was checked: sizes, checksums, and how much all of it unpacks to.
 */
export class ZipArchive {
  readonly #file: FileHandle;
  readonly #fileBytes: number;
  readonly #limits: ZipLimits;
  readonly #entries: ReadonlyMap<string, ZipEntry>;
  #unpackedBytes = 0;

  private constructor(
    file: FileHandle,
    fileBytes: number,
    limits: ZipLimits,
    entries: ReadonlyMap<string, ZipEntry>,
  ) {
    this.#file = file;
    this.#fileBytes = fileBytes;
    this.#limits = limits;
    this.#entries = entries;
  }

  /** The file stays the caller's to close. */
  static async open(file: FileHandle, fileBytes: number, limits: ZipLimits): Promise<ZipArchive> {
    return new ZipArchive(file, fileBytes, limits, await readDirectory(file, fileBytes, limits));
  }

  has(name: string): boolean {
    return this.#entries.has(entryKey(name));
  }

  /** The unpacked bytes. Whoever stops early has not seen them verified. */
  async *read(name: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
    const entry = this.#entries.get(entryKey(name));
    if (entry === undefined) {
      throw new PgError("bad_copy_file_format", `the workbook has no part "${name}"`, {
        hint: "The file is damaged: save it again with a spreadsheet program and upload that.",
      });
    }
    this.#checkLimits(entry);
    const packed = this.#packed(entry, await this.#dataStart(entry), signal);
    let bytes = 0;
    let crc = 0;
    for await (const chunk of entry.method === METHOD_STORED ? packed : inflated(packed, entry)) {
      bytes += chunk.length;
      if (bytes > entry.unpackedBytes) throw corrupt(entry);
      crc = crc32(chunk, crc);
      yield chunk;
    }
    if (bytes !== entry.unpackedBytes || crc !== entry.crc) throw corrupt(entry);
  }

  /** By the sizes that the directory promises; `read` holds the entry to its promise. */
  #checkLimits(entry: ZipEntry): void {
    const { unpackedBytes, expansion, expansionFreeBytes } = this.#limits;
    this.#unpackedBytes += entry.unpackedBytes;
    if (entry.unpackedBytes > Math.max(expansionFreeBytes, entry.packedBytes * expansion)) {
      throw new PgError(
        "program_limit_exceeded",
        `ZIP entry "${entry.name}" would unpack to more than ${expansion} times its size, which exceeds the limit`,
        {
          hint: "Such a file is made to exhaust memory; a real sheet unpacks to ten times its size.",
        },
      );
    }
    if (this.#unpackedBytes > unpackedBytes) {
      throw new PgError(
        "program_limit_exceeded",
        `the workbook is too large: it unpacks to more than ${Math.floor(unpackedBytes / 1024 / 1024)} MB`,
        { hint: "Split the sheet into several workbooks, or save it as CSV." },
      );
    }
  }

  /** Behind the entry's local header, whose own name and extra field may differ in length. */
  async #dataStart(entry: ZipEntry): Promise<number> {
    if ((entry.flags & FLAG_ENCRYPTED) !== 0) {
      throw new PgError(
        "feature_not_supported",
        `ZIP entry "${entry.name}" is password protected`,
        {
          hint: "Save the workbook without a password.",
        },
      );
    }
    if (entry.method !== METHOD_STORED && entry.method !== METHOD_DEFLATED) {
      throw new PgError(
        "feature_not_supported",
        `ZIP entry "${entry.name}" is compressed by an unusual method (${entry.method})`,
        { hint: "Save the workbook again with a spreadsheet program." },
      );
    }
    const header = Buffer.alloc(LOCAL_HEADER_BYTES);
    const { bytesRead } = await this.#file.read(header, 0, header.length, entry.offset);
    const start =
      entry.offset + LOCAL_HEADER_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
    if (
      bytesRead < header.length ||
      header.readUInt32LE(0) !== LOCAL_HEADER_SIGNATURE ||
      start + entry.packedBytes > this.#fileBytes
    ) {
      throw new PgError(
        "bad_copy_file_format",
        `ZIP entry "${entry.name}" is not where the archive says: the file is corrupt`,
        { hint: "The file was damaged on its way: upload it again." },
      );
    }
    return start;
  }

  async *#packed(entry: ZipEntry, start: number, signal?: AbortSignal): AsyncGenerator<Buffer> {
    const end = start + entry.packedBytes;
    let position = start;
    while (position < end) {
      signal?.throwIfAborted();
      const chunk = Buffer.allocUnsafe(Math.min(READ_BYTES, end - position));
      const { bytesRead } = await this.#file.read(chunk, 0, chunk.length, position);
      if (bytesRead === 0)
        throw new PgError("io_error", "the file became shorter while it was read");
      position += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  }
}

async function* inflated(packed: AsyncGenerator<Buffer>, entry: ZipEntry): AsyncGenerator<Buffer> {
  const source = Readable.from(packed);
  const inflate = createInflateRaw({ chunkSize: INFLATE_BYTES });
  // The iteration below sees every error; the callback only keeps pipeline from throwing it again.
  pipeline(source, inflate, () => undefined);
  try {
    for await (const chunk of inflate) {
      assert(chunk instanceof Buffer, "zlib's streams hold buffers");
      yield chunk;
    }
  } catch (cause) {
    if (!isZlibError(cause)) throw cause;
    throw new PgError(
      "bad_copy_file_format",
      `ZIP entry "${entry.name}" is corrupt: its compressed data is broken or ends early`,
      { hint: "The file was damaged on its way: upload it again.", cause },
    );
  } finally {
    source.destroy();
    inflate.destroy();
  }
}

function isZlibError(error: unknown): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    error.code.startsWith("Z_")
  );
}

function corrupt({ name }: ZipEntry): PgError {
  return new PgError(
    "bad_copy_file_format",
    `ZIP entry "${name}" is corrupt: its checksum or size is not what the archive says`,
    { hint: "The file was damaged on its way: upload it again." },
  );
}
