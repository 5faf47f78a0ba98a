import { createGunzip } from "node:zlib";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import { unzstd, ZstdError } from "./text-zstd.ts";

export type Compression = "none" | "gzip" | "zstd";

/** By the first bytes, because names lie: a client may have unpacked what it left named `.gz`. */
export function detectCompression(head: Buffer): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return "gzip";
  if (head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528) return "zstd";
  return "none";
}

/**
 * The unpacked bytes. A file that was cut off, or whose checksum is wrong, is an error and never
 * just shorter.
 */
export async function* decompress(
  chunks: AsyncIterable<Buffer>,
  compression: Compression,
  file: string,
): AsyncGenerator<Buffer> {
  if (compression === "none") {
    yield* chunks;
    return;
  }
  const { expansion, expansionFreeBytes } = LIMITS.csv;
  const packed = new CountedChunks(chunks);
  const unpacked = compression === "gzip" ? gunzip(packed, file) : unpackZstd(packed, file);
  let bytes = 0;
  for await (const chunk of unpacked) {
    bytes += chunk.length;
    if (bytes > expansionFreeBytes && bytes > packed.bytes * expansion) throw bomb(file);
    yield chunk;
  }
}

class CountedChunks implements AsyncIterable<Buffer> {
  bytes = 0;
  readonly #chunks: AsyncIterable<Buffer>;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for await (const chunk of this.#chunks) {
      this.bytes += chunk.length;
      yield chunk;
    }
  }
}

function bomb(file: string): PgError {
  const { expansion, expansionFreeBytes } = LIMITS.csv;
  return new PgError(
    "program_limit_exceeded",
    `file "${file}" unpacks to more than ${expansion} times its size, and to more than ${expansionFreeBytes} bytes`,
    { hint: "If it is no mistake, upload it unpacked." },
  );
}

async function* unpackZstd(chunks: AsyncIterable<Buffer>, file: string): AsyncGenerator<Buffer> {
  try {
    yield* unzstd(chunks);
  } catch (error) {
    if (error instanceof ZstdError) throw corrupt(file, "zstd", error.message);
    throw error;
  }
}

async function* gunzip(chunks: AsyncIterable<Buffer>, file: string): AsyncGenerator<Buffer> {
  const unpacked = createGunzip({ chunkSize: 256 * 1024 });
  const feeding = feed(chunks, unpacked);
  try {
    // A zlib stream in its default mode reads out Buffers.
    for await (const chunk of unpacked) yield chunk as Buffer;
  } catch (error) {
    const reason = ZLIB_REASONS[codeOf(error)];
    throw reason === undefined ? error : corrupt(file, "gzip", reason);
  } finally {
    unpacked.destroy();
    await feeding;
  }
}

const ZLIB_REASONS: Readonly<Record<string, string>> = {
  Z_BUF_ERROR: "it ends too early",
  Z_DATA_ERROR: "its checksum or structure is wrong",
};

/** Feeds one chunk at a time. An error of the source reaches the reader through the stream. */
async function feed(
  chunks: AsyncIterable<Buffer>,
  into: ReturnType<typeof createGunzip>,
): Promise<void> {
  try {
    for await (const chunk of chunks) {
      if (into.destroyed) return;
      await new Promise<void>((resolve) => {
        into.once("close", resolve);
        into.write(chunk, () => {
          into.off("close", resolve);
          resolve();
        });
      });
    }
    into.end();
  } catch (error) {
    into.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

function corrupt(file: string, format: string, reason: string): PgError {
  return new PgError(
    "bad_copy_file_format",
    `file "${file}" is corrupt ${format} data: ${reason}`,
    {
      hint: "Upload the object again; the compressed file was probably cut off.",
    },
  );
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}
