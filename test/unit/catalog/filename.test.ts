import { expect, test } from "vitest";
import { loadCatalog } from "../../../src/catalog/load.ts";
import type { StoreName } from "../../../src/core/brands.ts";
import { TemporaryFolder } from "../settings/marked-text.ts";

/** What `filename` comes to, or the problems. */
function fileNameColumn(definition: string): unknown {
  const yaml = `tables:\n  t:\n    source: samples:t.csv\n    ${definition}\n`;
  using folder = new TemporaryFolder({ "acme.yaml": yaml });
  const loaded = loadCatalog({
    directory: folder.path,
    stores: new Map([["samples" as StoreName, { type: "directory", path: "/data" }]]),
    declaredStores: new Set(["samples"]),
    declaredUsers: new Set(),
    environment: {},
  });
  if (loaded.outcome === "problems") return loaded.problems.map(({ message }) => message);
  const [workspace] = loaded.catalog.workspaces.values();
  return workspace?.tables[0]?.fileNameColumn;
}

test("filename is a column's name, or true for the usual one, or nothing", () => {
  expect(fileNameColumn("filename: true")).toBe("filename");
  expect(fileNameColumn("filename: source_file")).toBe("source_file");
  expect(fileNameColumn("filename: false")).toBeUndefined();
  expect(fileNameColumn("names: as_is")).toBeUndefined();
});

test("a name that another column has, or that no column can have, is a problem", () => {
  expect(fileNameColumn("filename: xmin")).toEqual([
    'the column name "xmin" is one of PostgreSQL\'s system columns',
  ]);
  expect(fileNameColumn("columns: { File Name: {} }\n    filename: file_name")).toEqual([
    'the column "File Name" is called "file_name" in SQL, too',
  ]);
  expect(fileNameColumn("columns: { File Name: { hidden: true } }\n    filename: file_name")).toBe(
    "file_name",
  );
  expect(fileNameColumn(`filename: ${"x".repeat(64)}`)).toEqual([
    `the name "${"x".repeat(64)}" is longer than 63 bytes`,
  ]);
});
