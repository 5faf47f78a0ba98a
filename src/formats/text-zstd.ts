/**
 * Unpacks Zstandard (RFC 8878). Node.js learned it in 22.15; DuckDB reads it, but takes a file that
 * was cut off between two rows for a complete one.
 */
import { Xxh64 } from "./text-xxh64.ts";
import { ZstdError } from "./zstd-bits.ts";
import { BlockDecoder, type Output } from "./zstd-block.ts";

export { ZstdError } from "./zstd-bits.ts";

const FRAME = 0xfd2fb528;
/** Sixteen numbers mark frames that are to be passed over. */
const SKIPPABLE = 0x184d2a50;
const BLOCK_BYTES = 128 * 1024;
/** How far back a match may reach: what `zstd --long` uses, and all that `zstd -d` takes unasked. */
const WINDOW_BYTES = 128 * 1024 * 1024;

export async function* unzstd(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const input = new ByteReader(chunks);
  while (!(await input.isAtEnd())) {
    const magic = (await input.take(4)).readUInt32LE(0);
    if ((magic & 0xfffffff0) === SKIPPABLE) {
      await input.skip((await input.take(4)).readUInt32LE(0));
    } else if (magic === FRAME) {
      yield* unpackFrame(input);
    } else {
      throw new ZstdError("something else follows its first frame");
    }
  }
}

async function* unpackFrame(input: ByteReader): AsyncGenerator<Buffer> {
  const header = await readHeader(input);
  const blockBytes = Math.min(header.windowBytes, BLOCK_BYTES);
  const output: Output = {
    bytes: Buffer.allocUnsafe(header.windowBytes + 4 * BLOCK_BYTES),
    end: 0,
    history: 0,
  };
  const decoder = new BlockDecoder();
  const checksum = new Xxh64();
  let length = 0;
  for (let isLast = false; !isLast; ) {
    const block = (await input.take(3)).readUIntLE(0, 3);
    isLast = (block & 1) === 1;
    const size = block >> 3;
    makeRoom(output, header.windowBytes);
    const start = output.end;
    if (size > BLOCK_BYTES) throw new ZstdError("a block is too long");
    switch ((block >> 1) & 3) {
      case 0:
        append(output, await input.take(size));
        break;
      case 1:
        append(output, Buffer.alloc(size, (await input.take(1))[0]));
        break;
      case 2:
        decoder.decode(await input.take(size), output, blockBytes);
        break;
      default:
        throw new ZstdError("a block is of an unknown kind");
    }
    // A copy, because the output's buffer is used again.
    const unpacked = Buffer.from(output.bytes.subarray(start, output.end));
    if (header.hasChecksum) checksum.update(unpacked);
    length += unpacked.length;
    if (unpacked.length > 0) yield unpacked;
  }
  if (header.contentBytes !== undefined && header.contentBytes !== length) {
    throw new ZstdError("its length is not the one that it states");
  }
  if (header.hasChecksum && (await input.take(4)).readUInt32LE(0) !== checksum.digest()) {
    throw new ZstdError("its checksum is wrong");
  }
}

interface FrameHeader {
  readonly windowBytes: number;
  readonly contentBytes: number | undefined;
  readonly hasChecksum: boolean;
}

async function readHeader(input: ByteReader): Promise<FrameHeader> {
  const [descriptor = 0] = await input.take(1);
  const isSingle = (descriptor & 0x20) !== 0;
  if ((descriptor & 0x08) !== 0) throw new ZstdError("its header is of an unknown kind");
  let windowBytes = 0;
  if (!isSingle) {
    const [window = 0] = await input.take(1);
    const base = 2 ** (10 + (window >> 3));
    windowBytes = base + (base / 8) * (window & 7);
  }
  const dictionary = await input.take([0, 1, 2, 4][descriptor & 3] ?? 0);
  if (dictionary.some((byte) => byte !== 0)) throw new ZstdError("it needs a dictionary");
  const field = await input.take([isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0);
  const contentBytes = contentSize(field);
  if (isSingle) windowBytes = contentBytes ?? 0;
  if (windowBytes > WINDOW_BYTES) throw new ZstdError("it needs too much memory to unpack");
  return { windowBytes, contentBytes, hasChecksum: (descriptor & 0x04) !== 0 };
}

function contentSize(field: Buffer): number | undefined {
  if (field.length === 0) return undefined;
  if (field.length === 2) return field.readUInt16LE(0) + 256;
  return field.length === 8 ? Number(field.readBigUInt64LE(0)) : field.readUIntLE(0, field.length);
}

/** For one more block, keeping as much as a match may reach back. */
function makeRoom(output: Output, windowBytes: number): void {
  if (output.end + BLOCK_BYTES <= output.bytes.length) return;
  const kept = Math.min(output.end, windowBytes);
  output.bytes.copyWithin(0, output.end - kept, output.end);
  output.end = kept;
  output.history = kept;
}

function append(output: Output, bytes: Buffer): void {
  bytes.copy(output.bytes, output.end);
  output.end += bytes.length;
  output.history += bytes.length;
}

/** Chunks as a stream of bytes, of which so many are wanted at a time. */
class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async isAtEnd(): Promise<boolean> {
    return !(await this.#fill(1));
  }

  async take(count: number): Promise<Buffer> {
    if (!(await this.#fill(count))) throw new ZstdError("it ends too early");
    const taken = this.#buffer.subarray(0, count);
    this.#buffer = this.#buffer.subarray(count);
    return taken;
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; ) {
      if (await this.isAtEnd()) throw new ZstdError("it ends too early");
      const step = Math.min(left, this.#buffer.length);
      this.#buffer = this.#buffer.subarray(step);
      left -= step;
    }
  }

  async #fill(count: number): Promise<boolean> {
    while (this.#buffer.length < count) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      this.#buffer =
        this.#buffer.length === 0 ? next.value : Buffer.concat([this.#buffer, next.value]);
    }
    return true;
  }
}
