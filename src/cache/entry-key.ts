import { createHash } from "node:crypto";
import { join } from "node:path";
import type { TableDefinition } from "../catalog/catalog.ts";
import type { WorkspaceName } from "../core/brands.ts";

/**
 * Raised with every change to the conversion that makes other files of the same sources, so that
 * entries of older releases are not taken for ours.
 */
const CONVERTER_VERSION = 2;

/** Which file of the cache holds a version of a table: its identity is its path. */
export interface EntryKey {
  readonly workspace: WorkspaceName;
  readonly schema: string;
  readonly table: string;
  /** Of all that decides how the source is read: entries of one table differ in it or in `hash`. */
  readonly definitionHash: string;
  /** Of the definition and the version of the source. */
  readonly hash: string;
}

export function entryKey(
  workspace: WorkspaceName,
  table: TableDefinition,
  identity: string,
): EntryKey {
  const definitionHash = digest([
    CONVERTER_VERSION,
    table.schema,
    table.name,
    table.source.text,
    table.options,
    [...table.columns].map(([key, { name, type, hidden }]) => [key, name, type, hidden]),
    table.names,
    table.onBadValue,
    table.fileNameColumn,
  ]);
  const hash = digest([definitionHash, identity]);
  return { workspace, schema: table.schema, table: table.name, definitionHash, hash };
}

/** The path of an entry without its extension, in the cache's directory. */
export function entryPath(directory: string, key: EntryKey): string {
  return join(workspaceDirectory(directory, key.workspace), `${versionsPrefix(key)}${key.hash}`);
}

/** How the names of all entries of one definition of a table begin. */
export function versionsPrefix({ schema, table, definitionHash }: EntryKey): string {
  return `${fileName(schema === "public" ? table : `${schema}.${table}`)}-${definitionHash}-`;
}

export function workspaceDirectory(directory: string, workspace: WorkspaceName): string {
  return join(directory, fileName(workspace));
}

/** Beside the workspaces' folders, for what is being built. */
export const TEMPORARY = "tmp";
const NAME_CHARACTERS = 60;

/** A name that every file system takes; what has to be changed gets a hash, to stay distinct. */
function fileName(name: string): string {
  if (name !== TEMPORARY && /^[a-z0-9_][a-z0-9_.]{0,59}$/.test(name)) return name;
  const plain = name.replace(/[^A-Za-z0-9_]+/g, "_").slice(0, NAME_CHARACTERS);
  return `${plain}.${digest([name]).slice(0, 8)}`;
}

function digest(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 24);
}
