import { copyFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { CacheEntry } from "../../src/cache/cache-entry.ts";
import { claimPath, manifestOfData } from "../../src/cache/entry-files.ts";
import { ownerName } from "../../src/cache/owner.ts";
import type { TableDefinition } from "../../src/catalog/catalog.ts";
import type { StoreName, WorkspaceName } from "../../src/core/brands.ts";
import { createLoader } from "../../src/loader/loader-client.ts";
import { createLogger } from "../../src/observe/logger.ts";
import { temporaryDirectory } from "../unit/cache/entries.ts";
import { csvTable, readTable } from "../unit/loader/load-files.ts";

const ACME = "acme" as WorkspaceName;

interface Place {
  readonly cache: string;
  readonly load: (table: TableDefinition) => Promise<CacheEntry>;
}

async function makePlace(): Promise<Place> {
  const files = await temporaryDirectory();
  const cache = await temporaryDirectory();
  await writeFile(join(files, "a.csv"), "id\n1\n2\n");
  await writeFile(join(files, "b.csv"), "id\n7\n");
  const loader = createLoader({
    stores: new Map([["files" as StoreName, { type: "directory", path: files }]]),
    cacheDirectory: cache,
    cacheSizeBytes: 1e9,
    memoryBytes: 1024 ** 3,
    log: createLogger({ level: "silent" }),
  });
  onTestFinished(() => loader.close());
  return {
    cache,
    async load(table) {
      const { signal } = new AbortController();
      const outcome = await loader.load({ workspace: ACME, table, known: undefined }, { signal });
      if (outcome.outcome !== "loaded") throw new Error(JSON.stringify(outcome));
      return outcome.entry;
    },
  };
}

const A = { ...csvTable("a.csv"), name: "a" };
const B = { ...csvTable("b.csv"), name: "b" };

const STATES: Readonly<Record<string, (entry: CacheEntry, other: CacheEntry) => Promise<unknown>>> =
  {
    "killed after the data was put in place, before its manifest": ({ path }) =>
      rm(manifestOfData(path)),
    "killed while an entry was retired, between manifest and data": ({ path }) => rm(path),
    "after a power failure that lost the end of the manifest": async ({ path }) => {
      const { size } = await stat(manifestOfData(path));
      await writeFile(manifestOfData(path), Buffer.alloc(size / 2, "{"));
    },
    "after a power failure that lost the content of the manifest": ({ path }) =>
      writeFile(manifestOfData(path), ""),
    "after a power failure that lost the content of the data": async ({ path }) => {
      await rm(path);
      await writeFile(path, "");
    },
    "with the data of another table under its name": async ({ path }, other) => {
      await rm(path);
      await copyFile(other.path, path);
    },
    "with the manifest of another table under its name": ({ path }, other) =>
      copyFile(manifestOfData(other.path), manifestOfData(path)),
  };

test.for(Object.entries(STATES))("a table is right %s", async ([, break_]) => {
  const { load } = await makePlace();
  const first = await load(A);
  const other = await load(B);
  await break_(first, other);

  const again = await load(A);

  expect((await readTable(again.path)).rows).toEqual([["1"], ["2"]]);
  expect(again.path).not.toBe(first.path);
  expect((await readTable((await load(B)).path)).rows).toEqual([["7"]]);
});

test("an entry that was put in place before the folder was synced is found", async () => {
  const { load, cache } = await makePlace();
  const first = await load(A);
  // The claim is given up after that.
  const [host, place] = ownerName().split("~");
  const claim = claimPath(manifestOfData(first.path).replace(/\.json$/, ""));
  await writeFile(claim, [host, place, 1, "1", "dead"].join("~"));

  expect(await load(A)).toEqual(first);
  expect((await readdir(join(cache, "tmp"))).length).toBe(0);
});

test("a dead builder's claim and its half file hold nobody up", async () => {
  const { load } = await makePlace();
  const { path } = await load(A);
  const manifest = manifestOfData(path);
  const [host, place] = ownerName().split("~");
  await rename(path, `${path}.gone`);
  await writeFile(
    claimPath(manifest.replace(/\.json$/, "")),
    [host, place, 1, "1", "dead"].join("~"),
  );
  const startedAt = performance.now();
  expect((await readTable((await load(A)).path)).rows).toEqual([["1"], ["2"]]);
  // Long before an owner that shows no life is given up.
  expect(performance.now() - startedAt).toBeLessThan(15_000);
});
