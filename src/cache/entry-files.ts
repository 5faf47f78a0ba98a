/**
 * How the files of an entry are named, all in the folder of its workspace: `<entry>.json` is the
 * manifest, `<entry>.<build>.duckdb` the data, `<entry>.claim` says that somebody builds it. Every
 * build has a data file of its own, so that a path never changes its content: an engine may have
 * the file of an earlier build open, or remember its path.
 */
import { randomBytes } from "node:crypto";

const MANIFEST = ".json";
const CLAIM = ".claim";
const DATA = /\.[0-9a-f]{8}\.duckdb$/;
const NAME =
  /^.+-[0-9a-f]{24}-[0-9a-f]{24}(?:(\.json)|(\.[0-9a-f]{8}\.duckdb)|(\.claim(?:\..+)?))$/;

export function manifestPath(entry: string): string {
  return entry + MANIFEST;
}

export function claimPath(entry: string): string {
  return entry + CLAIM;
}

export function newDataPath(entry: string): string {
  return `${entry}.${randomBytes(4).toString("hex")}.duckdb`;
}

export function manifestOfData(dataPath: string): string {
  return manifestPath(dataPath.replace(DATA, ""));
}

export type EntryFileKind = "manifest" | "data" | "claim";

/** Undefined for what is no file of an entry, which is none of ours to touch. */
export function kindOfFile(name: string): EntryFileKind | undefined {
  const match = NAME.exec(name);
  if (match === null) return undefined;
  return match[1] !== undefined ? "manifest" : match[2] !== undefined ? "data" : "claim";
}
