import { PgError } from "../core/pg-error.ts";

/** The text formats that are told apart, by the YAML key of their options. */
export type TextKind = "csv" | "json";

/** What a file's first bytes say it is, when it is not text in rows and columns. */
const MAGIC: readonly { readonly bytes: readonly number[]; readonly what: string }[] = [
  { bytes: [0x50, 0x4b, 0x03, 0x04], what: "a zip archive or an Excel workbook (xlsx)" },
  { bytes: [0xd0, 0xcf, 0x11, 0xe0], what: "a legacy Excel workbook (xls) or an encrypted one" },
  { bytes: [0x25, 0x50, 0x44, 0x46], what: "a PDF document" },
  { bytes: [0x50, 0x41, 0x52, 0x31], what: "a Parquet file" },
  { bytes: [0x53, 0x51, 0x4c, 0x69, 0x74, 0x65], what: "an SQLite database" },
  { bytes: [0x42, 0x5a, 0x68], what: "a bzip2 archive" },
  { bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a], what: "an xz archive" },
  { bytes: [0x89, 0x50, 0x4e, 0x47], what: "a PNG image" },
];

const DOCUMENTS: readonly { readonly pattern: RegExp; readonly what: string }[] = [
  { pattern: /^<(?:!doctype\s+html|html)\b/i, what: "an HTML page" },
  { pattern: /^<\?xml\b/i, what: "an XML document" },
  { pattern: /^<Error>/, what: "an XML error document of the object store" },
];

const JSON_DOCUMENTS: typeof DOCUMENTS = [
  { pattern: /^\{\s*(?:"[^"\n]*"\s*:|\})/, what: "JSON" },
  { pattern: /^\[\s*(?:\{|\[|"[^"\n]*"\s*,\s*"|\])/, what: "JSON" },
];

/** Refuses what is plainly something else, and would be read as a strange table. */
export function refuseOtherFormats(head: Buffer, file: string, kind: TextKind): void {
  const what = magicOf(head) ?? documentOf(head, kind);
  if (what === undefined) return;
  throw new PgError(
    "bad_copy_file_format",
    `file "${file}" is ${what}, not ${kind === "csv" ? "a CSV" : "JSON"}`,
    {
      hint: hintFor(what),
    },
  );
}

/** For formats that are read, but under another name. */
function hintFor(what: string): string {
  const format = /xlsx/.test(what)
    ? "xlsx"
    : /Parquet/.test(what)
      ? "parquet"
      : what === "JSON"
        ? "json"
        : undefined;
  return format === undefined
    ? "Check what the source points at; tables are made of CSV, XLSX, JSON and Parquet files."
    : `Give the object its true extension, or set format: ${format} in the workspace's YAML.`;
}

function magicOf(head: Buffer): string | undefined {
  return MAGIC.find(({ bytes }) => bytes.every((byte, at) => head[at] === byte))?.what;
}

function documentOf(head: Buffer, kind: TextKind): string | undefined {
  const text = head
    .toString("utf8", 0, 512)
    .replace(/^\uFEFF/, "")
    .trimStart();
  const documents = kind === "csv" ? [...DOCUMENTS, ...JSON_DOCUMENTS] : DOCUMENTS;
  return documents.find(({ pattern }) => pattern.test(text))?.what;
}
