import { PgError } from "../core/pg-error.ts";
import { notSupported } from "./refusals.ts";

/** What COPY's ENCODING may be here, by PostgreSQL's names. */
export type CopyEncoding = "UTF8" | "SQL_ASCII" | "LATIN1" | "LATIN9" | "WIN1252";

/** Spellings, less all signs that are no letter or digit, in lower case. */
const ENCODINGS: ReadonlyMap<string, CopyEncoding> = new Map([
  ["utf8", "UTF8"],
  ["unicode", "UTF8"],
  ["sqlascii", "SQL_ASCII"],
  ["latin1", "LATIN1"],
  ["iso88591", "LATIN1"],
  ["latin9", "LATIN9"],
  ["iso885915", "LATIN9"],
  ["win1252", "WIN1252"],
  ["windows1252", "WIN1252"],
]);

/** PostgreSQL's other encodings: their names are right, and what they ask for is missing here. */
const OTHER_ENCODINGS: ReadonlySet<string> = new Set(
  (
    "abc alt big5 euccn eucjis2004 eucjp euckr euctw gb18030 gbk iso885910 iso885913 iso885914 " +
    "iso885916 iso88592 iso88593 iso88594 iso88595 iso88596 iso88597 iso88598 iso88599 johab koi8 " +
    "koi8r koi8u latin10 latin2 latin3 latin4 latin5 latin6 latin7 latin8 mskanji muleinternal " +
    "shiftjis shiftjis2004 sjis tcvn tcvn5712 uhc vscii win win1250 win1251 win1253 win1254 " +
    "win1255 win1256 win1257 win1258 win866 win874 win932 win936 win949 win950 windows1250 " +
    "windows1251 windows1253 windows1254 windows1255 windows1256 windows1257 windows1258 " +
    "windows866 windows874 windows932 windows936 windows949 windows950"
  ).split(" "),
);

/** `position` is that of the option. */
export function copyEncodingOf(name: string, position: number | undefined): CopyEncoding {
  const spelling = name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const encoding = ENCODINGS.get(spelling);
  if (encoding !== undefined) return encoding;
  if (OTHER_ENCODINGS.has(spelling)) {
    throw notSupported(`COPY in encoding "${name}"`, "Use UTF8, LATIN1, LATIN9 or WIN1252.");
  }
  throw new PgError(
    "invalid_parameter_value",
    'argument to option "encoding" must be a valid encoding name',
    { position },
  );
}

/** Those in which a byte is a character. */
export type SingleByteEncoding = Exclude<CopyEncoding, "UTF8" | "SQL_ASCII">;

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

/** The character of each byte; undefined where it stands for none. */
export function charactersOf(encoding: SingleByteEncoding): readonly (string | undefined)[] {
  const differences = DIFFERENCES[encoding];
  return Array.from({ length: 256 }, (_, byte) =>
    differences.has(byte) ? differences.get(byte) : String.fromCharCode(byte),
  );
}

export function untranslatable(to: string, from: string, bytes: Iterable<number>): PgError {
  return new PgError(
    "untranslatable_character",
    `character with byte sequence ${hexBytes(bytes)} in encoding "${from}" has no equivalent in encoding "${to}"`,
  );
}

export function hexBytes(bytes: Iterable<number>): string {
  return Array.from(bytes, (byte) => `0x${byte.toString(16).padStart(2, "0")}`).join(" ");
}
