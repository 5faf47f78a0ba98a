import { createReadStream } from "node:fs";

const LF = 0x0a;
const CR = 0x0d;

/** The line, as an editor counts, in which the byte at `offset` stands. */
export async function lineAt(path: string, offset: number): Promise<number> {
  let line = 1;
  let previous = 0;
  if (offset === 0) return line;
  // A read stream without an encoding reads out Buffers.
  for await (const chunk of createReadStream(path, { end: offset - 1 }) as AsyncIterable<Buffer>) {
    for (const byte of chunk) {
      if (byte === LF ? previous !== CR : byte === CR) line += 1;
      previous = byte;
    }
  }
  return line;
}
