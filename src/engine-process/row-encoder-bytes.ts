/**
 * Strings and other runs of bytes. Functions write at `p` and answer where the bytes end. Where the
 * length is not bounded by the type, the caller has made room for it.
 */
import { at } from "./row-encoder-digits.ts";

/** From this length on a native copy is faster than a loop over words. */
const NATIVE_COPY = 128;

/** A string of up to 12 bytes, which lies in the vector behind its length. */
export function putInline(
  view: DataView,
  p: number,
  source: DataView,
  offset: number,
  length: number,
): number {
  view.setUint32(p, source.getUint32(offset + 4, true), true);
  if (length > 4) view.setUint32(p + 4, source.getUint32(offset + 8, true), true);
  if (length > 8) view.setUint32(p + 8, source.getUint32(offset + 12, true), true);
  return p + length;
}

/** A longer one from a copy of the heap, which ends with three bytes to spare. */
export function putHeap(
  view: DataView,
  buffer: Buffer,
  p: number,
  heap: Buffer,
  heapView: DataView,
  offset: number,
  length: number,
): number {
  if (length >= NATIVE_COPY) {
    heap.copy(buffer, p, offset, offset + length);
    return p + length;
  }
  for (let index = 0; index < length; index += 4) {
    view.setUint32(p + index, heapView.getUint32(offset + index, true), true);
  }
  return p + length;
}

/** Bytes that are at hand, such as the text of an ENUM's value. */
export function putBytes(buffer: Buffer, p: number, bytes: Uint8Array): number {
  buffer.set(bytes, p);
  return p + bytes.length;
}

/** Every byte as two hexadecimal digits, the first one first in memory. */
const HEX: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  const digits = byte.toString(16).padStart(2, "0");
  return digits.charCodeAt(0) | (digits.charCodeAt(1) << 8);
});

const BACKSLASH = 0x5c;
const LETTER_X = 0x78;
const DASH = 0x2d;

/** bytea as text: `\x` and two digits for each byte. */
export function putHex(
  view: DataView,
  p: number,
  source: DataView,
  offset: number,
  length: number,
): number {
  view.setUint8(p, BACKSLASH);
  view.setUint8(p + 1, LETTER_X);
  for (let index = 0; index < length; index += 1) {
    view.setUint16(p + 2 + index * 2, at(HEX, source.getUint8(offset + index)), true);
  }
  return p + 2 + length * 2;
}

/** One of a UUID's 16 bytes: DuckDB keeps it as a little-endian HUGEINT with its sign inverted. */
function uuidByte(source: DataView, offset: number, index: number): number {
  const byte = source.getUint8(offset + 15 - index);
  return index === 0 ? byte ^ 0x80 : byte;
}

export function putUuid(view: DataView, p: number, source: DataView, offset: number): number {
  let to = p;
  for (let index = 0; index < 16; index += 1) {
    if (index === 4 || index === 6 || index === 8 || index === 10) {
      view.setUint8(to, DASH);
      to += 1;
    }
    view.setUint16(to, at(HEX, uuidByte(source, offset, index)), true);
    to += 2;
  }
  return to;
}

export function putUuidBinary(view: DataView, p: number, source: DataView, offset: number): number {
  view.setUint32(p, (source.getUint32(offset + 12, true) ^ 0x80000000) >>> 0);
  view.setUint32(p + 4, source.getUint32(offset + 8, true));
  view.setUint32(p + 8, source.getUint32(offset + 4, true));
  view.setUint32(p + 12, source.getUint32(offset, true));
  return p + 16;
}
