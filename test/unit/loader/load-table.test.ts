import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openCache } from "../../../src/cache/cache.ts";
import type { TableDefinition } from "../../../src/catalog/catalog.ts";
import type { StoreName, WorkspaceName } from "../../../src/core/brands.ts";
import { LoadSlots } from "../../../src/loader/load-slots.ts";
import { type LoadTools, loadTable } from "../../../src/loader/load-table.ts";
import type { LoadOutcome } from "../../../src/loader/loader.ts";
import { Sources } from "../../../src/loader/sources.ts";
import { createLogger } from "../../../src/observe/logger.ts";
import { createStore } from "../../../src/store/create-store.ts";
import { csvTable, readTable } from "./load-files.ts";

const ACME = "acme" as WorkspaceName;

interface Place extends LoadTools {
  /** Of the store. */
  readonly files: string;
  readonly cacheDirectory: string;
  load(table: TableDefinition, known?: LoadOutcome): Promise<LoadOutcome>;
}

async function makePlace(): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), "bucketgres-place-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const files = join(directory, "files [1]");
  await mkdir(files);
  const log = createLogger({ level: "silent" });
  const name = "files" as StoreName;
  const cacheDirectory = join(directory, "cache");
  const tools: LoadTools = {
    sources: new Sources(new Map([[name, createStore(name, { type: "directory", path: files })]])),
    slots: new LoadSlots(),
    cache: await openCache({ directory: cacheDirectory, sizeBytes: 1e9, log }),
    limits: { memoryBytes: 512 * 1024 ** 2, threads: 2 },
    log,
  };
  return {
    ...tools,
    files,
    cacheDirectory,
    load: (table, known) =>
      loadTable(
        {
          workspace: ACME,
          table,
          known: known?.outcome === "loaded" ? known.entry.source : undefined,
        },
        tools,
        { signal: new AbortController().signal },
      ),
  };
}

async function rowsOf(outcome: LoadOutcome): Promise<readonly (readonly (string | null)[])[]> {
  if (outcome.outcome !== "loaded") throw new Error(JSON.stringify(outcome));
  return (await readTable(outcome.entry.path)).rows;
}

test("a source is loaded once, found in the cache after that, and again when it has changed", async () => {
  const place = await makePlace();
  const table = csvTable("a[b]*.csv");
  const literal = { ...table, source: { ...table.source, isGlob: false } };
  await writeFile(join(place.files, "a[b]*.csv"), "id,v\n1,x\n");

  const first = await place.load(literal);
  expect(await rowsOf(first)).toEqual([["1", "x"]]);
  expect(await place.load(literal, first)).toEqual({ outcome: "unchanged" });
  expect(await place.load(literal)).toEqual(first);

  await writeFile(join(place.files, "a[b]*.csv"), "id,v\n1,x\n2,y\n");
  const second = await place.load(literal, first);
  expect(await rowsOf(second)).toEqual([
    ["1", "x"],
    ["2", "y"],
  ]);
  // The old version is still there for whoever reads it.
  expect(await rowsOf(first)).toEqual([["1", "x"]]);
  expect(await readdir(join(place.cacheDirectory, "tmp"))).toEqual([]);
});

test("a pattern is one table of all objects that match, and a new object is a new version", async () => {
  const place = await makePlace();
  const table = csvTable("2024/*.csv");
  await mkdir(join(place.files, "2024"));
  await writeFile(join(place.files, "2024", "1.csv"), "id\n1\n");
  await writeFile(join(place.files, "2024", "2.csv"), "id\n2\n");
  await writeFile(join(place.files, "other.csv"), "id\n9\n");

  const first = await place.load(table);
  expect(await rowsOf(first)).toEqual([["1"], ["2"]]);
  expect(first).toMatchObject({
    entry: { source: { objectCount: 2, etag: undefined, bytes: 10 } },
  });

  await writeFile(join(place.files, "2024", "3.csv"), "id\nx\n");
  const second = await place.load(
    { ...table, columns: csvTable("", { columns: { id: { type: "int" } } }).columns },
    first,
  );
  expect(await rowsOf(second)).toEqual([["1"], ["2"], [null]]);
  if (second.outcome !== "loaded") return;
  expect((await readTable(second.entry.path)).rejects).toEqual([
    "2024/3.csv:2 id x: does not fit type int",
  ]);
});

test("what is wrong with a source is an outcome with a cure", async () => {
  const place = await makePlace();
  expect(await place.load(csvTable("missing.csv"))).toMatchObject({
    outcome: "failed",
    error: {
      sqlstate: "58P01",
      message: expect.stringContaining('no "missing.csv"'),
      hint: expect.any(String),
    },
  });
  expect(await place.load(csvTable("*.csv"))).toMatchObject({
    outcome: "failed",
    error: { sqlstate: "58P01" },
  });
  await writeFile(join(place.files, "empty.csv"), "");
  expect(await place.load(csvTable("empty.csv"))).toMatchObject({
    outcome: "failed",
    error: { sqlstate: "22P04", message: 'file "empty.csv" is empty', hint: expect.any(String) },
  });
  const table = csvTable("x.csv");
  const elsewhere = { ...table, source: { ...table.source, store: "nowhere" as StoreName } };
  expect(await place.load(elsewhere)).toMatchObject({
    outcome: "failed",
    error: { sqlstate: "F0000", message: 'there is no store "nowhere"' },
  });
});

test("when a new version is broken, the outcome has the last good one of the cache", async () => {
  const place = await makePlace();
  const table = csvTable("a.csv");
  await writeFile(join(place.files, "a.csv"), "id\n1\n");
  const good = await place.load(table);
  await writeFile(join(place.files, "a.csv"), 'id\n"1\n');

  const broken = await place.load(table);

  expect(broken).toMatchObject({ outcome: "failed", error: { sqlstate: "22P04" } });
  expect(broken.outcome === "failed" && broken.lastGood).toEqual(
    good.outcome === "loaded" && good.entry,
  );
});

test("an abort ends a load with its reason and leaves nothing behind", async () => {
  const place = await makePlace();
  await writeFile(join(place.files, "a.csv"), "id\n1\n");
  const reason = new Error("enough");
  const aborting = new AbortController();
  const loading = loadTable(
    { workspace: ACME, table: csvTable("a.csv"), known: undefined },
    place,
    aborting,
  );
  aborting.abort(reason);
  await expect(loading).rejects.toBe(reason);
  expect(await readdir(join(place.cacheDirectory, "tmp"))).toEqual([]);
});
