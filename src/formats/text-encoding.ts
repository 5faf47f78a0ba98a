/** Which encoding a text is in: what the catalog says, else what its bytes prove, else a guess that is told. */
import type { CsvOptions } from "./format.ts";

export interface TextEncoding {
  /** Undefined for UTF-8. */
  readonly decoder: string | undefined;
  readonly bomBytes: number;
  /** Neither the catalog nor a byte order mark says so. */
  readonly isGuess: boolean;
}

const UTF8_BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const UTF8: TextEncoding = { decoder: undefined, bomBytes: 0, isGuess: false };

/** The guess for a text that is no UTF-8. */
export const WESTERN: TextEncoding = { decoder: "windows-1252", bomBytes: 0, isGuess: true };

/** From the text's first bytes. Whether it is no UTF-8 shows only when it is read. */
export function chooseEncoding(head: Buffer, wanted: CsvOptions["encoding"]): TextEncoding {
  const marked = byteOrderMark(head);
  const isUtf16 = marked?.decoder !== undefined;
  switch (wanted) {
    case undefined:
      return marked ?? unmarkedUtf16(head) ?? UTF8;
    case "utf-8":
      return isUtf16 ? UTF8 : (marked ?? UTF8);
    case "utf-16":
      return isUtf16 ? marked : { decoder: "utf-16le", bomBytes: 0, isGuess: false };
    case "utf-16le":
    case "utf-16be":
      return { decoder: wanted, bomBytes: isUtf16 ? 2 : 0, isGuess: false };
    // As everywhere on the web, "latin-1" means its superset: C1 control characters are in no file.
    case "latin-1":
    case "windows-1252":
      return { decoder: "windows-1252", bomBytes: 0, isGuess: false };
  }
}

function byteOrderMark(head: Buffer): TextEncoding | undefined {
  if (head.subarray(0, 3).equals(UTF8_BOM)) return { ...UTF8, bomBytes: 3 };
  const isGuess = false;
  if (head[0] === 0xff && head[1] === 0xfe) return { decoder: "utf-16le", bomBytes: 2, isGuess };
  if (head[0] === 0xfe && head[1] === 0xff) return { decoder: "utf-16be", bomBytes: 2, isGuess };
  return undefined;
}

/** In UTF-16 every second byte of Latin text is 0, and hardly any other is. */
function unmarkedUtf16(head: Buffer): TextEncoding | undefined {
  let even = 0;
  let odd = 0;
  for (let at = 0; at < head.length; at += 1) {
    if (head[at] !== 0) continue;
    if (at % 2 === 0) even += 1;
    else odd += 1;
  }
  if (head.length < 4 || Math.max(even, odd) * 4 < head.length) return undefined;
  if (Math.min(even, odd) * 20 > Math.max(even, odd)) return undefined;
  return { decoder: odd > even ? "utf-16le" : "utf-16be", bomBytes: 0, isGuess: true };
}

/**
 * What no text of Western Europe has as windows-1252: bytes that stand for nothing, what looks like
 * a character of UTF-8, and many letters beyond ASCII in a row, as other alphabets have them.
 */
const NOT_WESTERN =
  /[\x81\x8d\x8f\x90\x9d]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\x80-\xff]{6}/;

/** Whether the bytes, which are no UTF-8, can be taken for windows-1252. */
export function looksWestern(bytes: Buffer): boolean {
  return !NOT_WESTERN.test(bytes.toString("latin1"));
}
