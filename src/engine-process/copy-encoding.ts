/** What COPY FROM receives as UTF-8, and what is wrong with bytes that should be that. */
import { isUtf8 } from "node:buffer";
import { PgError } from "../core/pg-error.ts";
import {
  type CopyEncoding,
  charactersOf,
  hexBytes,
  untranslatable,
} from "../sql/copy-encodings.ts";

/** Up to the first byte that is no character, and what is wrong with that. */
export type Decoder = (bytes: Buffer) => {
  readonly bytes: Buffer;
  readonly failure: PgError | undefined;
};

/** What a client sends, as UTF-8. One byte is one character, wherever the data are cut. */
export function decoderOf(encoding: CopyEncoding): Decoder {
  if (encoding === "UTF8" || encoding === "SQL_ASCII") {
    return (bytes) => ({ bytes, failure: undefined });
  }
  const table = charactersOf(encoding);
  return (bytes) => {
    let text = "";
    for (const byte of bytes) {
      const character = table[byte];
      if (character === undefined) {
        return { bytes: Buffer.from(text), failure: untranslatable("UTF8", encoding, [byte]) };
      }
      text += character;
    }
    return { bytes: Buffer.from(text), failure: undefined };
  };
}

/** Refuses what is no UTF-8 from `start` to before `end`; up to `limit` there is more of the data. */
export function checkUtf8(bytes: Buffer, start: number, end: number, limit = end): void {
  const part = bytes.subarray(start, end);
  if (isUtf8(part) && !part.includes(0)) return;
  for (let at = start; at < end; ) {
    const length = characterLength(bytes[at] ?? 0);
    const isWhole = bytes[at] !== 0 && at + length <= end;
    if (!isWhole || !isUtf8(bytes.subarray(at, at + length))) {
      throw new PgError(
        "character_not_in_repertoire",
        `invalid byte sequence for encoding "UTF8": ${hexBytes(bytes.subarray(at, Math.min(at + length, limit)))}`,
      );
    }
    at += length;
  }
}

/** How many bytes a character has that begins with this one. */
function characterLength(first: number): number {
  if (first < 0xc0 || first >= 0xf8) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}
