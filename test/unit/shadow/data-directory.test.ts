import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { DataDirectory } from "../../../src/shadow/data-directory.ts";
import {
  ACME,
  CACHE_DIRECTORY,
  failure,
  model,
  rowsOf,
  SILENT,
  shadowPool,
} from "./shadow-fixture.ts";

test("a damaged archive is replaced, and two processes may make the new one at once", async () => {
  const directory = await mkdtemp(join(tmpdir(), "bucketgres-shadow-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const name = basename(await new DataDirectory(CACHE_DIRECTORY, SILENT).path());
  await writeFile(join(directory, name), "not an archive");
  await using pool = shadowPool({ cacheDirectory: directory });
  pool.update(ACME, model());

  expect(await failure(rowsOf(pool, "SELECT 1"))).toMatchObject({ sqlstate: "57P03" });
  expect(await readdir(directory)).toEqual([]);

  const paths = await Promise.all([1, 2].map(() => new DataDirectory(directory, SILENT).path()));

  expect(paths).toEqual([join(directory, name), join(directory, name)]);
  expect(await readdir(directory)).toEqual([name]);
  expect((await stat(join(directory, name))).size).toBeLessThan(16 * 1024 * 1024);
  expect(await rowsOf(pool, "SELECT 1")).toEqual([["1"]]);
});
