/**
 * What is known of an entry, in a `.json` file beside its data. It is written before the data is put
 * in place, and an entry counts only while the two agree.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import type { CachedColumn, CacheEntry } from "./cache-entry.ts";
import type { EntryKey } from "./entry-key.ts";

export interface Manifest {
  readonly format: typeof FORMAT;
  readonly key: EntryKey;
  readonly entry: Omit<CacheEntry, "path">;
  /** Of the data file. While size and time are as they were, nobody has written to it. */
  readonly modifiedMs: number;
  readonly sha256: string;
}

export const FORMAT = 1;

/** Undefined where there is none, or none of ours. */
export async function readManifest(path: string): Promise<Manifest | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    return undefined;
  }
  try {
    return reviveManifest(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Whether the file is the one that the manifest was written for. */
export async function isIntact(path: string, manifest: Manifest): Promise<boolean> {
  try {
    const { size, mtimeMs } = await stat(path);
    if (size !== manifest.entry.fileBytes) return false;
    // A copy of the cache has other times.
    return mtimeMs === manifest.modifiedMs || (await sha256Of(path)) === manifest.sha256;
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
  const { entry } = json;
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
