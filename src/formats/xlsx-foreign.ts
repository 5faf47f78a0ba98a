import { isUtf8 } from "node:buffer";
import type { FileHandle } from "node:fs/promises";
import { PgError } from "../core/pg-error.ts";
import type { ZipArchive } from "./zip-archive.ts";

const HEAD_BYTES = 4096;
const ZIP_MAGIC = Buffer.from("PK\x03\x04");
const EMPTY_ZIP_MAGIC = Buffer.from("PK\x05\x06");
const COMPOUND_MAGIC = Buffer.from("d0cf11e0a1b11ae1", "hex");
/** The folder of a compound file lists its streams; that of an encrypted workbook is short. */
const COMPOUND_FOLDER_BYTES = 64 * 1024;
const ENCRYPTED_STREAM = Buffer.from("EncryptedPackage", "utf16le");

const SAVE_AS_XLSX = "Open it in a spreadsheet program and save it as Excel workbook (.xlsx).";
const SET_FORMAT_CSV = "Name the file .csv, or set format: csv for the table.";

/** Files that are called .xlsx but are another kind, told by their first bytes. */
const OTHER_FILES: readonly {
  readonly looks: (head: Buffer, text: string) => boolean;
  readonly is: string;
  readonly hint: string;
}[] = [
  {
    looks: (_head, text) => /^\s*<\?xml[^>]*>[\s\S]*progid="Excel\.Sheet"/i.test(text),
    is: "an XML spreadsheet of 2003",
    hint: SAVE_AS_XLSX,
  },
  {
    looks: (_head, text) =>
      /^\s*(<!--[\s\S]*?-->\s*)?<(!doctype html|html|table|head|body)/i.test(text),
    is: "an HTML page",
    hint: `Some web exports are HTML under the name of a workbook. ${SAVE_AS_XLSX}`,
  },
  {
    looks: (head) => head.subarray(0, 5).equals(Buffer.from("%PDF-")),
    is: "a PDF",
    hint: SAVE_AS_XLSX,
  },
  {
    looks: (head) => head[0] === 0x1f && head[1] === 0x8b,
    is: "compressed with gzip",
    hint: "Decompress it first: workbooks are compressed by themselves.",
  },
  {
    looks: (head) => isText(head),
    is: "plain text, perhaps CSV",
    hint: SET_FORMAT_CSV,
  },
];

/** Parts that only the archives of other programs have. */
const OTHER_ARCHIVES: readonly {
  readonly part: string;
  readonly is: string;
}[] = [
  { part: "xl/workbook.bin", is: "a binary workbook (.xlsb)" },
  { part: "content.xml", is: "an OpenDocument spreadsheet (.ods)" },
  { part: "mimetype", is: "an OpenDocument spreadsheet (.ods)" },
  { part: "Index/Document.iwa", is: "a Numbers spreadsheet" },
  { part: "word/document.xml", is: "a Word document (.docx)" },
  { part: "ppt/presentation.xml", is: "a PowerPoint presentation (.pptx)" },
];

/** Passes ZIP archives, and says of everything else what it is and how to make a workbook of it. */
export async function refuseForeignFile(file: FileHandle, fileBytes: number): Promise<void> {
  if (fileBytes === 0) {
    throw new PgError("bad_copy_file_format", "the file is empty: 0 bytes are no .xlsx workbook", {
      hint: "Upload it again.",
    });
  }
  const head = Buffer.alloc(Math.min(HEAD_BYTES, fileBytes));
  await file.read(head, 0, head.length, 0);
  if (startsWith(head, ZIP_MAGIC) || startsWith(head, EMPTY_ZIP_MAGIC)) return;
  if (startsWith(head, COMPOUND_MAGIC)) throw await compoundFileError(file, head);
  const text = head.toString("latin1");
  const other = OTHER_FILES.find(({ looks }) => looks(head, text));
  throw new PgError(
    "feature_not_supported",
    `the file is not an .xlsx workbook but ${other?.is ?? "in an unknown format"}`,
    { hint: other?.hint ?? SAVE_AS_XLSX },
  );
}

/** Passes archives that have what a workbook has. */
export async function refuseForeignZip(archive: ZipArchive): Promise<void> {
  if (archive.has("xl/workbook.xml")) return;
  const other = OTHER_ARCHIVES.find(({ part }) => archive.has(part));
  if (other !== undefined) {
    throw new PgError(
      "feature_not_supported",
      `the file is not an .xlsx workbook but ${other.is}, a format that is not supported`,
      { hint: SAVE_AS_XLSX },
    );
  }
  if (!archive.has("_rels/.rels")) {
    throw new PgError(
      "bad_copy_file_format",
      "the file is a ZIP archive, but not an .xlsx workbook: its workbook part is missing",
      { hint: "Unpack the archive and upload the files in it." },
    );
  }
}

async function compoundFileError(file: FileHandle, head: Buffer): Promise<PgError> {
  // [MS-CFB] 2.2: the sector size as a power of two, and the sector where the folder begins.
  const sectorBytes = 2 ** Math.min(head.length < 80 ? 9 : head.readUInt16LE(30), 12);
  const folderSector = head.length < 80 ? 0 : head.readUInt32LE(48);
  const folder = Buffer.alloc(COMPOUND_FOLDER_BYTES);
  await file.read(folder, 0, folder.length, (folderSector + 1) * sectorBytes);
  return folder.includes(ENCRYPTED_STREAM)
    ? new PgError("feature_not_supported", "the workbook is encrypted: it is password protected", {
        hint: "Open it in a spreadsheet program, remove the password and save it again.",
      })
    : new PgError(
        "feature_not_supported",
        "the file is not an .xlsx workbook but a legacy .xls workbook, a format that is not supported",
        { hint: SAVE_AS_XLSX },
      );
}

function startsWith(head: Buffer, magic: Buffer): boolean {
  return head.subarray(0, magic.length).equals(magic);
}

function isText(head: Buffer): boolean {
  if (head.includes(0)) return head[0] === 0xff || head[0] === 0xfe;
  // The last character may be cut in two, and much CSV is in an encoding of one byte each.
  return (
    isUtf8(head.subarray(0, Math.max(head.length - 3, 1))) || /[,;\t]/.test(head.toString("latin1"))
  );
}
