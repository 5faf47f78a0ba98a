/** Workspace files of a test, loaded as the gateway would. */

import { type CatalogContext, loadCatalog } from "../../../src/catalog/load.ts";
import type { StoreName, WorkspaceName } from "../../../src/core/brands.ts";
import { formatProblem } from "../../../src/settings/problem.ts";
import type { StoreSettings } from "../../../src/settings/settings.ts";
import { TemporaryFolder } from "../settings/marked-text.ts";

const s3 = (bucket: string): StoreSettings => ({
  type: "s3",
  bucket,
  region: undefined,
  endpoint: undefined,
  pathStyle: false,
  credentials: undefined,
});

const STORES: Readonly<Record<string, StoreSettings>> = {
  lake: s3("acme-data"),
  one: s3("shared"),
  two: s3("shared"),
  samples: { type: "directory", path: "/data" },
};

export function contextOf(directory: string): CatalogContext {
  return {
    directory,
    stores: new Map(Object.entries(STORES).map(([name, store]) => [name as StoreName, store])),
    declaredStores: new Set(Object.keys(STORES)),
    declaredUsers: new Set(["ana", "bob"]),
    environment: {},
  };
}

export function load(
  files: Readonly<Record<string, string>>,
  changes: Partial<CatalogContext> = {},
) {
  using folder = new TemporaryFolder(files);
  return loadCatalog({ ...contextOf(folder.path), ...changes });
}

export function problemsOf(
  files: Readonly<Record<string, string>>,
  changes?: Partial<CatalogContext>,
) {
  const loaded = load(files, changes);
  return loaded.outcome === "problems" ? loaded.problems : [];
}

export function workspaceOf(yaml: string) {
  const loaded = load({ "acme.yaml": yaml });
  if (loaded.outcome === "problems") {
    throw new Error(loaded.problems.map((problem) => formatProblem(problem)).join("\n"));
  }
  const workspace = loaded.catalog.workspaces.get("acme" as WorkspaceName);
  if (workspace === undefined) throw new Error("there is no workspace acme");
  return workspace;
}

/** A table with this in its definition, on a line of its own. */
export function table(definition: string): string {
  return `tables:\n  t:\n    source: samples:t.csv\n    ${definition}`;
}
