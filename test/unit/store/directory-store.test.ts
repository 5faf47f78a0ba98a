import { randomUUID } from "node:crypto";
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import type { ObjectKey } from "../../../src/core/brands.ts";
import { DirectoryStore } from "../../../src/store/directory-store.ts";
import { ObjectChangedError } from "../../../src/store/object-store.ts";
import {
  bytesOf,
  contentOf,
  describeStore,
  keysOf,
  pagesOf,
  type StoreFixture,
} from "../../support/store-behaviour.ts";

interface DirectoryFixture extends StoreFixture {
  readonly store: DirectoryStore;
  readonly path: string;
  /** A place beside the store, where nothing is meant for it. */
  readonly outside: string;
}

async function startDirectory(): Promise<DirectoryFixture> {
  const base = await mkdtemp(join(tmpdir(), "bucketgres-directory-"));
  const path = join(base, "root");
  const outside = join(base, "outside");
  await mkdir(path);
  await mkdir(outside);
  return {
    store: new DirectoryStore("samples", path),
    path,
    outside,
    put: async (key, body) => {
      await mkdir(dirname(join(path, key)), { recursive: true });
      const incoming = join(base, randomUUID());
      // Written beside and put in place, as a careful writer does: a new inode for new content.
      await writeFile(incoming, body);
      await rename(incoming, join(path, key));
    },
    [Symbol.asyncDispose]: () => rm(base, { recursive: true }),
  };
}

describeStore("a directory", { start: startDirectory, manyObjects: 1001 });

test.each(["../outside/secret.csv", "a/../../outside/secret.csv", "/etc/passwd", ".."])(
  "the key %s is refused",
  async (key) => {
    await using fixture = await startDirectory();
    await writeFile(join(fixture.outside, "secret.csv"), "secret");
    const refused = {
      name: "PgError",
      sqlstate: "42501",
      message: `"${key}" leads out of the directory of store "samples"`,
      hint: 'Keys are paths below the directory, without ".." and without links that lead elsewhere.',
    };

    await expect(fixture.store.head(key as ObjectKey)).rejects.toMatchObject(refused);
    await expect(fixture.store.get(key as ObjectKey)).rejects.toMatchObject(refused);
  },
);

test("a prefix that leads out is refused", async () => {
  await using fixture = await startDirectory();
  await symlink(fixture.outside, join(fixture.path, "link"));

  for (const prefix of ["../", "/etc/", "a/../../", "link/"]) {
    await expect(keysOf(fixture.store, prefix)).rejects.toMatchObject({ sqlstate: "42501" });
  }
});

test("links that lead out are refused, and not listed", async () => {
  await using fixture = await startDirectory();
  await writeFile(join(fixture.outside, "secret.csv"), "secret");
  await symlink(join(fixture.outside, "secret.csv"), join(fixture.path, "file.csv"));
  await symlink(fixture.outside, join(fixture.path, "folder"));
  await fixture.put("own.csv", "own");

  for (const key of ["file.csv", "folder/secret.csv"]) {
    await expect(fixture.store.head(key as ObjectKey)).rejects.toMatchObject({ sqlstate: "42501" });
    await expect(fixture.store.get(key as ObjectKey)).rejects.toMatchObject({ sqlstate: "42501" });
  }
  expect(await keysOf(fixture.store, "")).toEqual(["own.csv"]);
});

test("a directory whose name only begins like the root's is outside", async () => {
  await using fixture = await startDirectory();
  await mkdir(`${fixture.path}-other`);
  await writeFile(join(`${fixture.path}-other`, "secret.csv"), "secret");
  await symlink(`${fixture.path}-other`, join(fixture.path, "link"));

  await expect(contentOf(fixture.store, "link/secret.csv")).rejects.toMatchObject({
    sqlstate: "42501",
  });
});

test("links that stay inside are followed, but not in a circle", async () => {
  await using fixture = await startDirectory();
  await fixture.put("2024/a.csv", "a");
  await symlink("2024", join(fixture.path, "latest"));
  await symlink("..", join(fixture.path, "2024", "up"));
  await symlink("nowhere", join(fixture.path, "dangling"));

  expect(await keysOf(fixture.store, "latest/")).toContain("latest/a.csv");
  expect(await contentOf(fixture.store, "latest/a.csv")).toBe("a");
  expect(await keysOf(fixture.store, "2024/")).toContain("2024/a.csv");
  expect(await fixture.store.head("dangling" as ObjectKey)).toBeUndefined();
});

test("hidden files and the lock files of office programs are not listed", async () => {
  await using fixture = await startDirectory();
  for (const key of ["a.csv", ".hidden.csv", ".git/config", "sub/.tmp-1", "~$book.xlsx"]) {
    await fixture.put(key, "x");
  }

  expect(await keysOf(fixture.store, "")).toEqual(["a.csv"]);
});

test("a folder is no object, nor is a second spelling of a key", async () => {
  await using fixture = await startDirectory();
  await fixture.put("sub/a.csv", "a");

  for (const key of ["sub", "sub/", "sub//a.csv", "./sub/a.csv", "sub/a.csv/", "", "a\0b"]) {
    expect(await fixture.store.head(key as ObjectKey)).toBeUndefined();
    await expect(contentOf(fixture.store, key)).rejects.toMatchObject({ sqlstate: "58P01" });
  }
});

test("a missing root is named with its cure, until it is there", async () => {
  await using fixture = await startDirectory();
  const path = join(fixture.outside, "later");
  const store = new DirectoryStore("samples", path);
  const missing = {
    sqlstate: "58P01",
    message: `directory "${path}" of store "samples" does not exist`,
    hint: 'Create it, or correct "path" of store "samples".',
  };

  await expect(keysOf(store, "")).rejects.toMatchObject(missing);
  await expect(store.head("a.csv" as ObjectKey)).rejects.toMatchObject(missing);
  await expect(contentOf(store, "a.csv")).rejects.toMatchObject(missing);
  await mkdir(path);
  expect(await keysOf(store, "")).toEqual([]);
});

test("a root that is a file is said to be none", async () => {
  await using fixture = await startDirectory();
  await fixture.put("file", "x");
  const path = join(fixture.path, "file");

  await expect(keysOf(new DirectoryStore("samples", path), "")).rejects.toMatchObject({
    sqlstate: "42809",
    message: `"${path}" of store "samples" is not a directory`,
  });
});

const isRoot = process.getuid?.() === 0;
if (isRoot)
  console.warn("running as root, who may read every file: the test of permissions is skipped");

test.skipIf(isRoot)("a file without permission says so", async () => {
  await using fixture = await startDirectory();
  await fixture.put("a.csv", "x");
  await chmod(join(fixture.path, "a.csv"), 0);

  await expect(contentOf(fixture.store, "a.csv")).rejects.toMatchObject({
    sqlstate: "42501",
    message: 'could not read "a.csv" of store "samples": permission denied',
  });
});

test("the same size and time in another file is another ETag", async () => {
  await using fixture = await startDirectory();
  const time = new Date("2024-01-01T00:00:00Z");
  await fixture.put("a.csv", "one");
  await utimes(join(fixture.path, "a.csv"), time, time);
  const before = await fixture.store.head("a.csv" as ObjectKey);
  // Both exist at once, so the new file cannot get the old one's inode.
  await fixture.put("b.csv", "two");
  await utimes(join(fixture.path, "b.csv"), time, time);
  const after = await fixture.store.head("b.csv" as ObjectKey);

  expect(after?.lastModified).toEqual(before?.lastModified);
  expect(after?.etag).not.toBe(before?.etag);
});

test("a file that is written to while it is read says that it changed", async () => {
  await using fixture = await startDirectory();
  await fixture.put("a.csv", Buffer.alloc(2_000_000, "x"));
  const stream = await fixture.store.get("a.csv" as ObjectKey);

  const reading = (async () => {
    for await (const _ of stream) await appendFile(join(fixture.path, "a.csv"), "more");
  })();

  await expect(reading).rejects.toThrow(ObjectChangedError);
});

test("a file that another replaces while it is read is read to its end", async () => {
  await using fixture = await startDirectory();
  await fixture.put("a.csv", "old");
  const stream = await fixture.store.get("a.csv" as ObjectKey);
  await rm(join(fixture.path, "a.csv"));
  await fixture.put("a.csv", "new");

  expect((await bytesOf(stream)).toString()).toBe("old");
});

test("aborting in the middle of a file ends it with the signal's reason", async () => {
  await using fixture = await startDirectory();
  await fixture.put("a.csv", Buffer.alloc(2_000_000, "x"));
  const controller = new AbortController();
  const reason = new Error("canceled");
  const stream = await fixture.store.get("a.csv" as ObjectKey, { signal: controller.signal });

  const reading = (async () => {
    for await (const _ of stream) controller.abort(reason);
  })();

  await expect(reading).rejects.toBe(reason);
});

test("a listing can be left after its first page", async () => {
  await using fixture = await startDirectory();
  await mkdir(join(fixture.path, "many"));
  await Promise.all(
    Array.from({ length: 1100 }, (_, index) =>
      writeFile(join(fixture.path, "many", `${index}`), ""),
    ),
  );

  for await (const page of fixture.store.list("many/")) {
    expect(page).toHaveLength(1000);
    break;
  }
  expect((await pagesOf(fixture.store, "many/")).map((page) => page.length)).toEqual([1000, 100]);
});
