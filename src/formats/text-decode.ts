/**
 * From a file as it lies in a store to plain UTF-8 text on disk: unpacked, transcoded and checked.
 * DuckDB reads neither the encodings nor the compressions safely: it takes a cut-off gzip file for
 * a complete one, and garbles UTF-16 in big-endian order.
 */
import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { CsvOptions } from "./format.ts";
import { type Compression, decompress, detectCompression } from "./text-decompress.ts";
import { refuseOtherFormats, type TextKind } from "./text-impostors.ts";

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
}

const HEAD_BYTES = 4096;
const CHUNK_BYTES = 1024 * 1024;
const UTF8_BOM = Buffer.from([0xef, 0xbb, 0xbf]);

export async function decodeText(source: string, options: DecodeOptions): Promise<PlainText> {
  const { signal } = options;
  const packed = createReadStream(source, { highWaterMark: CHUNK_BYTES, signal });
  // A read stream without an encoding reads out Buffers.
  const chunks = withHead(packed as AsyncIterable<Buffer>);
  const compression = chooseCompression(await chunks.head(), options);
  const unpacked = withHead(decompress(chunks.all(), compression, options.file));
  try {
    const head = await unpacked.head();
    const encoding = chooseEncoding(head, options);
    if (encoding.decoder === undefined) refuseOtherFormats(head, options.file, options.kind);
    if (compression === "none" && encoding.decoder === undefined) {
      const bytes = await check(unpacked.all(), source, undefined, options);
      return { path: source, bytes, bomBytes: encoding.bomBytes };
    }
    await using target = await open(options.target, "wx");
    const text = transcode(unpacked.all(), encoding, options.file);
    const bytes = await check(text, options.target, target, options);
    return { path: options.target, bytes, bomBytes: 0 };
  } finally {
    packed.destroy();
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

interface TextEncoding {
  /** Undefined for UTF-8. */
  readonly decoder: string | undefined;
  readonly bomBytes: number;
}

/** The configured encoding, else what a byte order mark says, else UTF-8: never a guess. */
function chooseEncoding(head: Buffer, options: DecodeOptions): TextEncoding {
  const marked = byteOrderMark(head);
  switch (options.encoding) {
    case undefined:
      if (marked === undefined) refuseUnmarkedUtf16(head, options);
      return marked ?? { decoder: undefined, bomBytes: 0 };
    case "utf-8":
      return marked?.decoder === undefined && marked !== undefined
        ? marked
        : { decoder: undefined, bomBytes: 0 };
    case "utf-16":
      return marked?.decoder === undefined ? { decoder: "utf-16le", bomBytes: 0 } : marked;
    case "utf-16le":
    case "utf-16be":
      return { decoder: options.encoding, bomBytes: marked?.decoder === undefined ? 0 : 2 };
    // As everywhere on the web, "latin-1" means its superset: C1 control characters are in no file.
    case "latin-1":
    case "windows-1252":
      return { decoder: "windows-1252", bomBytes: 0 };
  }
}

function byteOrderMark(head: Buffer): TextEncoding | undefined {
  if (head.subarray(0, 3).equals(UTF8_BOM)) return { decoder: undefined, bomBytes: 3 };
  if (head[0] === 0xff && head[1] === 0xfe) return { decoder: "utf-16le", bomBytes: 2 };
  if (head[0] === 0xfe && head[1] === 0xff) return { decoder: "utf-16be", bomBytes: 2 };
  return undefined;
}

/** RFC 8259, 8.1. */
const JSON_ENCODING_HINT = "JSON is UTF-8; write the file in that encoding.";

/** In UTF-16 every second byte of Latin text is 0. */
function refuseUnmarkedUtf16(head: Buffer, { file, kind }: DecodeOptions): void {
  let even = 0;
  let odd = 0;
  for (let at = 0; at < head.length; at += 1) {
    if (head[at] !== 0) continue;
    if (at % 2 === 0) even += 1;
    else odd += 1;
  }
  if (Math.max(even, odd) * 4 < head.length || head.length < 4) return;
  const encoding = odd > even ? "utf-16le" : "utf-16be";
  throw new PgError(
    "character_not_in_repertoire",
    `file "${file}" is full of NUL bytes and looks like ${encoding} without a byte order mark`,
    {
      hint:
        kind === "csv"
          ? `If it is, set csv: { encoding: ${encoding} } for the table.`
          : JSON_ENCODING_HINT,
    },
  );
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

/** Checks every byte, and writes it if there is somewhere to. The number of bytes. */
async function check(
  chunks: AsyncIterable<Buffer>,
  path: string,
  target: FileHandle | undefined,
  options: DecodeOptions,
): Promise<number> {
  let bytes = 0;
  let carried: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    await target?.writeFile(chunk);
    bytes += chunk.length;
    if (target !== undefined && bytes > LIMITS.csv.unpackedBytes) throw tooLarge(options.file);
    const text = carried.length === 0 ? chunk : Buffer.concat([carried, chunk]);
    const complete = text.length - incompleteTail(text);
    const bad = firstBadByte(text.subarray(0, complete));
    if (bad >= 0) throw await badByte(path, bytes - text.length + bad, text, bad, options);
    carried = text.subarray(complete);
  }
  if (carried.length > 0) {
    throw await badByte(path, bytes - carried.length, carried, 0, options);
  }
  return bytes;
}

/** The bytes at the end that begin a character and do not finish it. */
function incompleteTail(text: Buffer): number {
  for (let back = 1; back <= Math.min(3, text.length); back += 1) {
    const byte = text[text.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? back : 0;
    }
  }
  return 0;
}

/** Of a NUL byte or of what is no UTF-8; -1 where all is well. */
function firstBadByte(text: Buffer): number {
  const nul = text.indexOf(0);
  if (isUtf8(nul < 0 ? text : text.subarray(0, nul))) return nul;
  let good = 0;
  let bad = text.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    const part = text.subarray(0, middle);
    // A prefix may only end within a character.
    if (isUtf8(part.subarray(0, middle - incompleteTail(part)))) good = middle;
    else bad = middle;
  }
  return good - incompleteTail(text.subarray(0, good));
}

async function badByte(
  path: string,
  offset: number,
  text: Buffer,
  at: number,
  options: DecodeOptions,
): Promise<PgError> {
  const line = await lineAt(path, offset);
  const byte = `0x${(text[at] ?? 0).toString(16).padStart(2, "0")}`;
  return new PgError(
    "character_not_in_repertoire",
    `invalid byte sequence for encoding "UTF8": ${byte} in line ${line} of file "${options.file}"`,
    {
      hint:
        byte === "0x00"
          ? "Text in PostgreSQL cannot hold a NUL byte; write the file without it."
          : options.kind === "json"
            ? JSON_ENCODING_HINT
            : "If the file is in another encoding, name it, for example csv: { encoding: windows-1252 }.",
    },
  );
}

async function lineAt(path: string, offset: number): Promise<number> {
  let line = 1;
  let previous = 0;
  if (offset === 0) return line;
  for await (const chunk of createReadStream(path, { end: offset - 1 }) as AsyncIterable<Buffer>) {
    for (const byte of chunk) {
      if (byte === 0x0a ? previous !== 0x0d : byte === 0x0d) line += 1;
      previous = byte;
    }
  }
  return line;
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
  };
}
