/** COPY's ENCODING: from and to UTF-8, and what is wrong with bytes that should be UTF-8. */
import { isUtf8 } from "node:buffer";
import { PgError } from "../core/pg-error.ts";
import type { CopyEncoding } from "../sql/copy-encodings.ts";

type SingleByteEncoding = Exclude<CopyEncoding, "UTF8" | "SQL_ASCII">;

/** Where an encoding differs from LATIN1, whose bytes are the characters with their numbers. */
const DIFFERENCES: { readonly [E in SingleByteEncoding]: ReadonlyMap<number, string | undefined> } =
  {
    LATIN1: new Map(),
    LATIN9: new Map([
      [0xa4, "€"],
      [0xa6, "Š"],
      [0xa8, "š"],
      [0xb4, "Ž"],
      [0xb8, "ž"],
      [0xbc, "Œ"],
      [0xbd, "œ"],
      [0xbe, "Ÿ"],
    ]),
    // What Windows leaves open is a space here.
    WIN1252: new Map(
      Array.from("€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ", (character, index) => [
        0x80 + index,
        character === " " ? undefined : character,
      ]),
    ),
  };

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
        return { bytes: Buffer.from(text), failure: missing("UTF8", encoding, [byte]) };
      }
      text += character;
    }
    return { bytes: Buffer.from(text), failure: undefined };
  };
}

/** UTF-8 in the encoding that the client has asked for; undefined where it is that already. */
export function encoderOf(encoding: CopyEncoding): ((bytes: Buffer) => Buffer) | undefined {
  if (encoding === "UTF8" || encoding === "SQL_ASCII") return undefined;
  const bytesByCharacter = new Map(
    charactersOf(encoding).map((character, byte) => [character, byte]),
  );
  return (bytes) => {
    const encoded = Buffer.allocUnsafe(bytes.length);
    let length = 0;
    for (const character of bytes.toString()) {
      const byte = bytesByCharacter.get(character);
      if (byte === undefined) throw missing(encoding, "UTF8", Buffer.from(character));
      encoded[length++] = byte;
    }
    return encoded.subarray(0, length);
  };
}

/** The character of each byte; undefined where it stands for none. */
function charactersOf(encoding: SingleByteEncoding): readonly (string | undefined)[] {
  const differences = DIFFERENCES[encoding];
  return Array.from({ length: 256 }, (_, byte) =>
    differences.has(byte) ? differences.get(byte) : String.fromCharCode(byte),
  );
}

function missing(to: string, from: string, bytes: Iterable<number>): PgError {
  return new PgError(
    "untranslatable_character",
    `character with byte sequence ${hex(bytes)} in encoding "${from}" has no equivalent in encoding "${to}"`,
  );
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
        `invalid byte sequence for encoding "UTF8": ${hex(bytes.subarray(at, Math.min(at + length, limit)))}`,
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

function hex(bytes: Iterable<number>): string {
  return Array.from(bytes, (byte) => `0x${byte.toString(16).padStart(2, "0")}`).join(" ");
}
