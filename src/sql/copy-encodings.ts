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
