/**
 * From a file as it lies in a store to plain UTF-8 text on disk: unpacked, transcoded and checked.
 * DuckDB reads neither the encodings nor the compressions safely: it takes a cut-off gzip file for
 * a complete one, and garbles UTF-16 in big-endian order.
 */
import { type FileHandle, open } from "node:fs/promises";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { CsvOptions } from "./format.ts";
import { type BadByte, TextCheck } from "./text-check.ts";
import { type Compression, decompress, detectCompression } from "./text-decompress.ts";
import { chooseEncoding, looksWestern, type TextEncoding, WESTERN } from "./text-encoding.ts";
import { refuseOtherFormats, type TextKind } from "./text-impostors.ts";
import { lineAt } from "./text-line.ts";

export interface DecodeOptions {
  /** What messages call the file. */
  readonly file: string;
  /** What it is to be, which messages name. */
  readonly kind: TextKind;
  /** Where the text goes if the source is not plain UTF-8 already. */
  readonly target: string;
  readonly compression: CsvOptions["compression"];
  readonly encoding: CsvOptions["encoding"];
  readonly signal: AbortSignal;
}

/** Text that is valid UTF-8 and holds no NUL byte, which PostgreSQL's text cannot hold either. */
export interface PlainText {
  /** The source itself, or the target. */
  readonly path: string;
  /** Its length, the byte order mark included. */
  readonly bytes: number;
  /** How many of its first bytes are a byte order mark. */
  readonly bomBytes: number;
  /** No line is longer. */
  readonly lineBytesAtMost: number;
  /** Sentences on what had to be guessed. */
  readonly warnings: readonly string[];
}

const HEAD_BYTES = 4096;
const CHUNK_BYTES = 1024 * 1024;

export async function decodeText(source: string, options: DecodeOptions): Promise<PlainText> {
  const first = await decodeAs(source, undefined, options);
  if (first.outcome === "text") return first.text;
  const { badByte, path } = first;
  const error = await notUtf8(path, badByte, options);
  const isKnown = options.encoding !== undefined || options.kind === "json";
  if (isKnown || badByte.byte === 0 || badByte.isAfterUtf8) throw error;
  try {
    const second = await decodeAs(source, WESTERN, options);
    if (second.outcome === "text") return second.text;
  } catch (notWestern) {
    if (!(notWestern instanceof NotWesternError)) throw notWestern;
  }
  throw error;
}

type Decoding =
  | { readonly outcome: "text"; readonly text: PlainText }
  /** `path` holds the text as far as the bad byte, at least. */
  | { readonly outcome: "not UTF-8"; readonly badByte: BadByte; readonly path: string };

/** `guess` is an encoding that the text is tried in; without one its beginning says which. */
async function decodeAs(
  source: string,
  guess: TextEncoding | undefined,
  options: DecodeOptions,
): Promise<Decoding> {
  await using file = await open(source);
  const { file: name, signal } = options;
  const compression = chooseCompression(await headOf(file), options);
  const packed = fileChunks(file, compression === "none", signal);
  const unpacked = withHead(decompress(packed, compression, name));
  try {
    const head = await unpacked.head();
    const encoding = guess ?? chooseEncoding(head, options.encoding);
    if (encoding.isGuess && options.kind === "json") throw unmarkedUtf16(encoding, name);
    if (encoding.decoder === undefined) refuseOtherFormats(head, name, options.kind);
    const warnings = encoding.isGuess ? [guessed(encoding, name)] : [];
    if (compression === "none" && encoding.decoder === undefined) {
      const text = { path: source, bomBytes: encoding.bomBytes, warnings };
      return await check(unpacked.all(), text, undefined, name);
    }
    // An earlier attempt may have left its text there.
    await using target = await open(options.target, "w");
    const chunks = guess === WESTERN ? onlyWestern(unpacked.all()) : unpacked.all();
    const text = { path: options.target, bomBytes: 0, warnings };
    return await check(transcode(chunks, encoding, name), text, target, name);
  } finally {
    await unpacked.close();
  }
}

async function headOf(file: FileHandle): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
  return buffer.subarray(0, bytesRead);
}

/** With `isOneBuffer` each chunk is overwritten by the next, which saves much of the memory. */
async function* fileChunks(
  file: FileHandle,
  isOneBuffer: boolean,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let chunk: Buffer | undefined;
  for (let position = 0; ; ) {
    signal.throwIfAborted();
    if (!isOneBuffer || chunk === undefined) chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}

function chooseCompression(head: Buffer, options: DecodeOptions): Compression {
  const found = detectCompression(head);
  const wanted = options.compression ?? "auto";
  if (wanted === "auto" || wanted === found) return found;
  if (wanted === "none") return "none";
  throw new PgError("bad_copy_file_format", `file "${options.file}" is not ${wanted} data`, {
    hint: `Set ${options.kind}: { compression: auto }, which goes by the file's first bytes.`,
  });
}

function guessed({ decoder }: TextEncoding, file: string): string {
  const why =
    decoder === WESTERN.decoder ? "is not valid UTF-8" : "is full of NUL bytes, without a BOM";
  return `file "${file}" ${why}, and was read as ${decoder}: set csv: { encoding } to say what it is`;
}

/** RFC 8259, 8.1. */
const JSON_ENCODING_HINT = "JSON is UTF-8; write the file in that encoding.";

function unmarkedUtf16({ decoder }: TextEncoding, file: string): PgError {
  return new PgError(
    "character_not_in_repertoire",
    `file "${file}" is full of NUL bytes and looks like ${decoder} without a byte order mark`,
    { hint: JSON_ENCODING_HINT },
  );
}

class NotWesternError extends Error {}

async function* onlyWestern(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    if (!looksWestern(chunk)) throw new NotWesternError();
    yield chunk;
  }
}

async function* transcode(
  chunks: AsyncIterable<Buffer>,
  encoding: TextEncoding,
  file: string,
): AsyncGenerator<Buffer> {
  let bomBytes = encoding.bomBytes;
  if (encoding.decoder === undefined) {
    for await (const chunk of chunks) {
      yield chunk.subarray(bomBytes);
      bomBytes = 0;
    }
    return;
  }
  // Streaming also is what makes Node.js decode 0x80 to 0x9F of windows-1252 as the standard says.
  const decoder = new TextDecoder(encoding.decoder, { fatal: true, ignoreBOM: true });
  try {
    for await (const chunk of chunks) {
      yield Buffer.from(decoder.decode(chunk.subarray(bomBytes), { stream: true }));
      bomBytes = 0;
    }
    yield Buffer.from(decoder.decode());
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new PgError(
      "character_not_in_repertoire",
      `file "${file}" is not valid text in encoding ${encoding.decoder}`,
      { hint: "Set csv: { encoding: … } to the encoding that the file is in.", cause: error },
    );
  }
}

/** Checks every byte, and writes it if there is somewhere to. */
async function check(
  chunks: AsyncIterable<Buffer>,
  text: Pick<PlainText, "path" | "bomBytes" | "warnings">,
  target: FileHandle | undefined,
  file: string,
): Promise<Decoding> {
  const looked = new TextCheck();
  let badByte: BadByte | undefined;
  for await (const chunk of chunks) {
    await target?.writeFile(chunk);
    badByte = looked.push(chunk);
    if (badByte !== undefined) break;
    if (target !== undefined && looked.bytes > LIMITS.csv.unpackedBytes) throw tooLarge(file);
  }
  badByte ??= looked.finish();
  if (badByte !== undefined) return { outcome: "not UTF-8", badByte, path: text.path };
  const { bytes, lineBytesAtMost } = looked;
  return { outcome: "text", text: { ...text, bytes, lineBytesAtMost } };
}

async function notUtf8(
  path: string,
  badByte: BadByte,
  { file, kind }: DecodeOptions,
): Promise<PgError> {
  const line = await lineAt(path, badByte.offset);
  const byte = `0x${badByte.byte.toString(16).padStart(2, "0")}`;
  return new PgError(
    "character_not_in_repertoire",
    `invalid byte sequence for encoding "UTF8": ${byte} in line ${line} of file "${file}"`,
    {
      hint:
        byte === "0x00"
          ? "Text in PostgreSQL cannot hold a NUL byte; write the file without it."
          : kind === "json"
            ? JSON_ENCODING_HINT
            : "If the file is in another encoding, name it, for example csv: { encoding: windows-1252 }.",
    },
  );
}

function tooLarge(file: string): PgError {
  return new PgError(
    "program_limit_exceeded",
    `file "${file}" unpacks to more than ${LIMITS.csv.unpackedBytes} bytes`,
    { hint: "Split the file and give the table a pattern such as orders-*.csv.gz as its source." },
  );
}

/** A stream of chunks whose beginning can be looked at first. */
function withHead(chunks: AsyncIterable<Buffer>): {
  head(): Promise<Buffer>;
  all(): AsyncGenerator<Buffer>;
  close(): Promise<void>;
} {
  const iterator = chunks[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  return {
    async head() {
      while (head.length < HEAD_BYTES) {
        const next = await iterator.next();
        if (next.done === true) break;
        head = Buffer.concat([head, next.value]);
      }
      return head;
    },
    async *all() {
      try {
        if (head.length > 0) yield head;
        for (;;) {
          const next = await iterator.next();
          if (next.done === true) return;
          yield next.value;
        }
      } finally {
        await iterator.return?.();
      }
    },
    async close() {
      await iterator.return?.();
    },
  };
}
