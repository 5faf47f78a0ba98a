import { expect, test } from "vitest";
import type { Catalog } from "../../../src/catalog/catalog.ts";
import { diffCatalogs, isEmptyDiff } from "../../../src/catalog/diff.ts";
import { loadCatalog } from "../../../src/catalog/load.ts";
import type { StoreName } from "../../../src/core/brands.ts";
import { TemporaryFolder } from "../settings/marked-text.ts";

function catalogOf(files: Readonly<Record<string, string>>): Catalog {
  using folder = new TemporaryFolder(files);
  const loaded = loadCatalog({
    directory: folder.path,
    stores: new Map([["s" as StoreName, { type: "directory", path: "/data" }]]),
    declaredStores: new Set(["s"]),
    declaredUsers: new Set(["ana", "bob", "eve"]),
    environment: {},
  });
  if (loaded.outcome === "problems") throw new Error(JSON.stringify(loaded.problems));
  return loaded.catalog;
}

const ACME = `
workspace: acme
members: [ana, bob]
tables:
  a: { source: s:a.csv, csv: { null: [NA] }, columns: { x: { type: int } } }
  b: { source: s:b.csv }
  finance.b: { source: s:b.csv }
views:
  v: { sql: SELECT 1 }
`;

test("the same definitions from other files, in another order and other words, are no change", () => {
  const reordered = `
workspace: acme
views: { v: { sql: "SELECT 1;" } }
members: [bob, ana]
refresh: 30000ms
tables:
  finance.b: { source: s:b.csv }
  b: { source: s:b.csv, refresh: 30s, on_bad_value: reject }
  a: { source: s:a.csv, columns: { x: { type: integer } }, csv: { null: ["NA"] } }
`;
  const diff = diffCatalogs(catalogOf({ "a.yaml": ACME }), catalogOf({ "z.yml": reordered }));
  expect(isEmptyDiff(diff)).toBe(true);
});

test("added, removed and changed tables and views are told apart, by schema and name", () => {
  const after = ACME.replace("finance.b:", "sales.b:")
    .replace("null: [NA]", "null: [N]")
    .replace("SELECT 1", "SELECT 2");
  const diff = diffCatalogs(catalogOf({ "a.yaml": ACME }), catalogOf({ "a.yaml": after }));
  expect(diff.changedWorkspaces).toHaveLength(1);
  expect(diff.changedWorkspaces[0]).toMatchObject({
    name: "acme",
    tables: {
      added: [{ schema: "sales", name: "b" }],
      removed: [{ schema: "finance", name: "b" }],
      changed: [{ before: { name: "a" }, after: { name: "a" } }],
    },
    views: { added: [], removed: [], changed: [{ after: { sql: "SELECT 2" } }] },
    addedMembers: [],
    removedMembers: [],
    otherSettingsChanged: false,
  });
});

test("members and limits are changes of their own", () => {
  const after = ACME.replace("[ana, bob]", "[ana, eve]\nlimits: { threads: 2 }");
  const diff = diffCatalogs(catalogOf({ "a.yaml": ACME }), catalogOf({ "a.yaml": after }));
  expect(diff.changedWorkspaces[0]).toMatchObject({
    tables: { added: [], removed: [], changed: [] },
    addedMembers: ["eve"],
    removedMembers: ["bob"],
    otherSettingsChanged: true,
  });
});

test("workspaces come and go", () => {
  const before = catalogOf({ "a.yaml": ACME, "b.yaml": "workspace: old" });
  const after = catalogOf({ "a.yaml": ACME, "b.yaml": "workspace: new" });
  const diff = diffCatalogs(before, after);
  expect(diff).toMatchObject({
    addedWorkspaces: [{ name: "new" }],
    removedWorkspaces: [{ name: "old" }],
    changedWorkspaces: [],
  });
  expect(isEmptyDiff(diff)).toBe(false);
});
