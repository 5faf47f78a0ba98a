import type { CacheEntry } from "../cache/cache-entry.ts";
import type { TableDefinition } from "../catalog/catalog.ts";
import { assert } from "../core/assert.ts";
import type { StoreName, WorkspaceName } from "../core/brands.ts";
import { PgError, type PgErrorFields } from "../core/pg-error.ts";
import type { ViewColumn } from "../engine/engine.ts";
import type { Loader } from "../loader/loader.ts";
import type { ObjectInfo, ObjectStore } from "../store/object-store.ts";

/** What one step came to. */
export type Finding =
  | { readonly outcome: "ok" }
  /** There was nothing to try it on, or an earlier step failed. */
  | { readonly outcome: "untested" }
  | { readonly outcome: "failed"; readonly error: PgErrorFields };

export interface StoreFinding {
  readonly name: StoreName;
  /** The bucket or the directory. */
  readonly where: string;
  readonly list: Finding;
  readonly read: Finding;
}

export interface TableFinding {
  readonly workspace: WorkspaceName;
  readonly table: TableDefinition;
  readonly result:
    | { readonly outcome: "ok"; readonly entry: CacheEntry }
    | { readonly outcome: "failed"; readonly error: PgErrorFields };
}

export interface ViewFinding {
  readonly workspace: WorkspaceName;
  readonly view: { readonly schema: string; readonly name: string };
  readonly result:
    | { readonly outcome: "ok"; readonly columns: readonly ViewColumn[] }
    | { readonly outcome: "failed"; readonly error: PgErrorFields };
}

/** Lists the store's first page and reads the first byte of its first object. */
export async function checkStore(
  name: StoreName,
  store: ObjectStore,
  signal: AbortSignal,
): Promise<StoreFinding> {
  const where = store.description;
  let objects: readonly ObjectInfo[] = [];
  const list = await attempt(async () => {
    for await (const page of store.list("", { signal })) {
      objects = page;
      break;
    }
  });
  const object = objects.find(({ sizeBytes }) => sizeBytes > 0);
  if (list.outcome !== "ok" || object === undefined) {
    return { name, where, list, read: { outcome: "untested" } };
  }
  const read = await attempt(async () => {
    const body = await store.get(object.key, { range: { from: 0, to: 1 }, signal });
    for await (const _ of body) continue;
  });
  return { name, where, list, read };
}

/** Loads the table as the gateway would: the whole file, into the same cache. */
export async function checkTable(
  loader: Loader,
  workspace: WorkspaceName,
  table: TableDefinition,
  signal: AbortSignal,
): Promise<TableFinding> {
  try {
    const loaded = await loader.load({ workspace, table, known: undefined }, { signal });
    if (loaded.outcome === "failed") return { workspace, table, result: loaded };
    assert(loaded.outcome === "loaded", "a table without a known version cannot be unchanged");
    return { workspace, table, result: { outcome: "ok", entry: loaded.entry } };
  } catch (error) {
    return { workspace, table, result: failure(error) };
  }
}

/** Stores, tables and views that do not do what they are there for. */
export function isUnusable(finding: StoreFinding | TableFinding | ViewFinding): boolean {
  return "result" in finding
    ? finding.result.outcome === "failed"
    : finding.list.outcome === "failed" || finding.read.outcome === "failed";
}

async function attempt(step: () => Promise<void>): Promise<Finding> {
  try {
    await step();
    return { outcome: "ok" };
  } catch (error) {
    return failure(error);
  }
}

/** What the user is to hear; our own bugs pass. */
function failure(error: unknown): Extract<Finding, { outcome: "failed" }> {
  if (error instanceof PgError) return { outcome: "failed", error: error.toFields() };
  throw error;
}
