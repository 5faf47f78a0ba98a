import type { FileHandle } from "node:fs/promises";
import { PgError } from "../core/pg-error.ts";

export interface DirectoryLimits {
  readonly zipEntries: number;
  readonly zipDirectoryBytes: number;
}

/** One file of an archive, as its central directory describes it. */
export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly flags: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly unpackedBytes: number;
  /** Of its local header, from the start of the file. */
  readonly offset: number;
}

// Layouts: APPNOTE.TXT of PKWARE, sections 4.3.12, 4.3.14, 4.3.15, 4.3.16 and 4.5.3.
const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const LOCATOR_SIGNATURE = 0x07064b50;
const LOCATOR_BYTES = 20;
const END64_SIGNATURE = 0x06064b50;
const END64_BYTES = 56;
const HEADER_SIGNATURE = 0x02014b50;
const HEADER_BYTES = 46;
/** Of what stands before each entry's data, without its name. */
export const LOCAL_HEADER_BYTES = 30;
const LONGEST_COMMENT_BYTES = 0xffff;
const EXTRA_ZIP64 = 1;
const IN_ZIP64 = 0xffffffff;

interface DirectoryPlace {
  readonly offset: number;
  readonly bytes: number;
  readonly entries: number;
}

/** Part names differ by case for nobody, and some writers use the wrong slash. */
export function entryKey(name: string): string {
  return name.replaceAll("\\", "/").replace(/^\/+/, "").toLowerCase();
}

/** All entries by the key of their name. Of two with one name the last counts, as in ZIP tools. */
export async function readDirectory(
  file: FileHandle,
  fileBytes: number,
  limits: DirectoryLimits,
): Promise<ReadonlyMap<string, ZipEntry>> {
  const place = await findDirectory(file, fileBytes);
  if (place.bytes > limits.zipDirectoryBytes || place.entries > limits.zipEntries) {
    throw new PgError("program_limit_exceeded", "the ZIP archive has too many entries");
  }
  if (place.offset + place.bytes > fileBytes) throw damaged();
  const directory = await readAt(file, place.offset, place.bytes);
  const entries: ZipEntry[] = [];
  let position = 0;
  for (let count = 0; count < place.entries; count++) {
    if (position + HEADER_BYTES > directory.length) throw damaged();
    if (directory.readUInt32LE(position) !== HEADER_SIGNATURE) throw damaged();
    const nameBytes = directory.readUInt16LE(position + 28);
    const extraBytes = directory.readUInt16LE(position + 30);
    const commentBytes = directory.readUInt16LE(position + 32);
    const end = position + HEADER_BYTES + nameBytes + extraBytes + commentBytes;
    if (end > directory.length) throw damaged();
    entries.push(readEntry(directory.subarray(position, end), nameBytes, extraBytes));
    position = end;
  }
  refuseOverlaps(entries);
  return new Map(entries.map((entry) => [entryKey(entry.name), entry]));
}

/** Entries that share their bytes are made to unpack one small file many times over. */
function refuseOverlaps(entries: readonly ZipEntry[]): void {
  const sorted = entries.toSorted((a, b) => a.offset - b.offset);
  for (const [index, { offset, packedBytes }] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next === undefined || offset + LOCAL_HEADER_BYTES + packedBytes <= next.offset) continue;
    throw new PgError(
      "bad_copy_file_format",
      `the file is a ZIP archive whose entries overlap, such as "${next.name}"`,
      { hint: "Save the workbook again with a spreadsheet program and upload that." },
    );
  }
}

function readEntry(header: Buffer, nameBytes: number, extraBytes: number): ZipEntry {
  const nameEnd = HEADER_BYTES + nameBytes;
  const extra = zip64Fields(header.subarray(nameEnd, nameEnd + extraBytes));
  // The 64-bit fields are there in this order, each only where the 32-bit one overflowed.
  const wide = (value: number): number => (value === IN_ZIP64 ? (extra.shift() ?? value) : value);
  const unpackedBytes = wide(header.readUInt32LE(24));
  const packedBytes = wide(header.readUInt32LE(20));
  const offset = wide(header.readUInt32LE(42));
  return {
    name: header.toString("utf8", HEADER_BYTES, nameEnd),
    flags: header.readUInt16LE(8),
    method: header.readUInt16LE(10),
    crc: header.readUInt32LE(16),
    packedBytes,
    unpackedBytes,
    offset,
  };
}

function zip64Fields(extra: Buffer): number[] {
  for (let position = 0; position + 4 <= extra.length; ) {
    const id = extra.readUInt16LE(position);
    const end = Math.min(position + 4 + extra.readUInt16LE(position + 2), extra.length);
    if (id === EXTRA_ZIP64) {
      const fields: number[] = [];
      for (let at = position + 4; at + 8 <= end; at += 8) fields.push(readUInt64(extra, at));
      return fields;
    }
    position = end;
  }
  return [];
}

async function findDirectory(file: FileHandle, fileBytes: number): Promise<DirectoryPlace> {
  const tailBytes = Math.min(fileBytes, END_BYTES + LONGEST_COMMENT_BYTES);
  const tailStart = fileBytes - tailBytes;
  const tail = await readAt(file, tailStart, tailBytes);
  for (let position = tailBytes - END_BYTES; position >= 0; position--) {
    if (tail.readUInt32LE(position) !== END_SIGNATURE) continue;
    // The comment reaches to the end of the file, or the signature is part of something else.
    if (position + END_BYTES + tail.readUInt16LE(position + 20) > tailBytes) continue;
    const entries = tail.readUInt16LE(position + 10);
    const bytes = tail.readUInt32LE(position + 12);
    const offset = tail.readUInt32LE(position + 16);
    if (entries !== 0xffff && bytes !== IN_ZIP64 && offset !== IN_ZIP64) {
      return { entries, bytes, offset };
    }
    return (
      (await findDirectory64(file, fileBytes, tailStart + position)) ?? { entries, bytes, offset }
    );
  }
  throw damaged();
}

async function findDirectory64(
  file: FileHandle,
  fileBytes: number,
  endPosition: number,
): Promise<DirectoryPlace | undefined> {
  if (endPosition < LOCATOR_BYTES) return undefined;
  const locator = await readAt(file, endPosition - LOCATOR_BYTES, LOCATOR_BYTES);
  if (locator.readUInt32LE(0) !== LOCATOR_SIGNATURE) return undefined;
  const position = readUInt64(locator, 8);
  if (position + END64_BYTES > fileBytes) throw damaged();
  const end = await readAt(file, position, END64_BYTES);
  if (end.readUInt32LE(0) !== END64_SIGNATURE) throw damaged();
  return { entries: readUInt64(end, 32), bytes: readUInt64(end, 40), offset: readUInt64(end, 48) };
}

/** As a number: offsets beyond 2^53 lie outside every file and fail the check that follows. */
function readUInt64(bytes: Buffer, position: number): number {
  return bytes.readUInt32LE(position) + bytes.readUInt32LE(position + 4) * 2 ** 32;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) throw damaged();
    filled += bytesRead;
  }
  return bytes;
}

function damaged(): PgError {
  return new PgError(
    "bad_copy_file_format",
    "the file is a ZIP archive that is truncated or corrupt: its central directory is missing or broken",
    { hint: "The file was damaged on its way: upload it again." },
  );
}
