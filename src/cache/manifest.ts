/**
 * What is known of an entry, in a `.json` file that names its data. It is put in place when the data
 * is, so that whoever finds it finds an entry; and an entry counts only while the two agree.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CachedColumn, CacheEntry } from "./cache-entry.ts";
import { kindOfFile, manifestPath } from "./entry-files.ts";
import { type EntryKey, entryPath } from "./entry-key.ts";

export interface Manifest {
  readonly format: typeof FORMAT;
  readonly key: EntryKey;
  /** The name of the data file, beside this one. */
  readonly file: string;
  readonly entry: Omit<CacheEntry, "path">;
  /** Of the data file. While size and time are as they were, nobody has written to it. */
  readonly modifiedMs: number;
  readonly sha256: string;
}

export const FORMAT = 2;

/** Undefined where there is none, none of ours, or that of another entry. */
export async function readManifest(path: string): Promise<Manifest | undefined> {
  try {
    const manifest = reviveManifest(JSON.parse(await readFile(path, "utf8")));
    if (manifest === undefined) return undefined;
    const ownPath = manifestPath(entryPath(dirname(dirname(path)), manifest.key));
    return ownPath === path ? manifest : undefined;
  } catch {
    return undefined;
  }
}

export function entryOf(path: string, manifest: Manifest): CacheEntry {
  return { ...manifest.entry, path: join(dirname(path), manifest.file) };
}

/**
 * Whether the file is as it was when the manifest was written, by what costs no reading: `copied`
 * where only its time is another.
 */
export async function checkFile(
  path: string,
  manifest: Manifest,
): Promise<"intact" | "copied" | "damaged"> {
  try {
    const { size, mtimeMs } = await stat(path);
    if (size !== manifest.entry.fileBytes) return "damaged";
    return mtimeMs === manifest.modifiedMs ? "intact" : "copied";
  } catch {
    return "damaged";
  }
}

/** Whether every byte is as it was. */
export async function hasSameContent(path: string, manifest: Manifest): Promise<boolean> {
  try {
    return (await sha256Of(path)) === manifest.sha256;
  } catch {
    return false;
  }
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  // A read stream without an encoding reads out Buffers.
  const chunks = createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>;
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}

function reviveManifest(json: unknown): Manifest | undefined {
  if (!isRecord(json) || json["format"] !== FORMAT) return undefined;
  const { entry, file } = json;
  if (typeof file !== "string" || kindOfFile(file) !== "data" || file.includes("/"))
    return undefined;
  if (!isRecord(entry) || !isRecord(entry["source"]) || !isRecord(json["key"])) return undefined;
  const { columns, source } = entry;
  if (!Array.isArray(columns) || !columns.every(isColumn)) return undefined;
  const revived = {
    ...entry,
    loadedAt: date(entry["loadedAt"]),
    source: { ...source, lastModified: date(source["lastModified"]) },
  };
  // We wrote the file, as this format; what a damaged one would break in is checked above.
  return { ...json, entry: revived } as unknown as Manifest;
}

function isColumn(column: unknown): column is CachedColumn {
  return (
    isRecord(column) &&
    typeof column["name"] === "string" &&
    typeof column["duckdbType"] === "string"
  );
}

function date(value: unknown): Date {
  const parsed = new Date(String(value));
  if (Number.isNaN(parsed.getTime())) throw new RangeError(`not a date: ${String(value)}`);
  return parsed;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
