import { lstat, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { CatalogContext } from "../../../src/catalog/load.ts";
import { rewriteWorkspace } from "../../../src/catalog/rewrite-workspace.ts";
import type { StoreName } from "../../../src/core/brands.ts";
import { TemporaryFolder } from "../settings/marked-text.ts";

const BEFORE = "workspace: acme\n";

function contextOf(directory: string): CatalogContext {
  // The name of a store of the settings.
  const samples = "samples" as StoreName;
  return {
    directory,
    stores: new Map([[samples, { type: "directory", path: directory }]]),
    declaredStores: new Set(["samples"]),
    declaredUsers: new Set(),
    environment: {},
  };
}

test("a text that would not load is not written, and its problems are the file's", async () => {
  using folder = new TemporaryFolder();
  const file = join(folder.path, "acme.yaml");
  await writeFile(file, BEFORE);
  const after = `${BEFORE}tables:\n  t: { source: nowhere:t.csv }\n`;

  const rewriting = await rewriteWorkspace(file, { before: BEFORE, after }, contextOf(folder.path));

  expect(rewriting).toMatchObject({
    outcome: "problems",
    problems: [{ file, line: 3, message: expect.stringContaining("nowhere") }],
  });
  expect(await readFile(file, "utf8")).toBe(BEFORE);
  expect(await readdir(folder.path)).toEqual(["acme.yaml"]);
});

test("a file that somebody else has changed meanwhile is left alone", async () => {
  using folder = new TemporaryFolder();
  const file = join(folder.path, "acme.yaml");
  await writeFile(file, `${BEFORE}description: new\n`);

  const after = `${BEFORE}refresh: off\n`;
  await expect(
    rewriteWorkspace(file, { before: BEFORE, after }, contextOf(folder.path)),
  ).rejects.toMatchObject({ sqlstate: "55006" });
  expect(await readFile(file, "utf8")).toBe(`${BEFORE}description: new\n`);
});

test("behind a symbolic link the file itself is replaced", async () => {
  using folder = new TemporaryFolder();
  const catalog = join(folder.path, "catalog");
  await mkdir(catalog);
  const target = join(folder.path, "real.yaml");
  await writeFile(target, BEFORE);
  const link = join(catalog, "acme.yaml");
  await symlink(target, link);

  const after = `${BEFORE}refresh: off\n`;
  const rewriting = await rewriteWorkspace(link, { before: BEFORE, after }, contextOf(catalog));

  expect(rewriting.outcome).toBe("written");
  expect(await readFile(target, "utf8")).toBe(after);
  expect((await lstat(link)).isSymbolicLink()).toBe(true);
});
