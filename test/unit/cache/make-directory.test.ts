import { stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeDirectory } from "../../../src/cache/make-directory.ts";
import { temporaryDirectory } from "./entries.ts";

test("a directory is made with all above it, and again without effect", async () => {
  const path = join(await temporaryDirectory(), "a", "b", "c");
  await makeDirectory(path);
  await makeDirectory(path);
  expect((await stat(path)).isDirectory()).toBe(true);
});

test("below a link that leads nowhere there is none, which is told at once", async () => {
  const folder = await temporaryDirectory();
  await symlink(join(folder, "missing"), join(folder, "link"));
  await expect(makeDirectory(join(folder, "link", "a"))).rejects.toThrowError(/ENOENT|ENOTDIR/);
});
