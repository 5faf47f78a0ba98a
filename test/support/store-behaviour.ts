/** What every ObjectStore does, whatever is behind it: one suite for all of them. */
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import type { ETag, ObjectKey } from "../../src/core/brands.ts";
import { download } from "../../src/store/download.ts";
import {
  type ByteRange,
  ObjectChangedError,
  type ObjectInfo,
  type ObjectStore,
} from "../../src/store/object-store.ts";
import { matchKeys } from "./match-keys.ts";

/** A store with nothing in it but what the test puts there. */
export interface StoreFixture extends AsyncDisposable {
  readonly store: ObjectStore;
  put(key: string, body: string | Buffer): Promise<void>;
}

export interface StoreKind {
  readonly start: () => Promise<StoreFixture>;
  /** More than one page of a listing holds. */
  readonly manyObjects: number;
}

/** Names that something on the way would like to change. */
const ODD_KEYS = [
  "a b+c%d.csv",
  "q?x&y=z#f.csv",
  "\"quoted\" and 'quoted'.csv",
  "tab\there.csv",
  "brackets[1]{2}*.csv",
  "ümläut/日本/😀.csv",
  "%2F.csv",
  "back\\slash.csv",
  " spaces around .csv ",
];

export function describeStore(name: string, { start, manyObjects }: StoreKind): void {
  describe(name, () => {
    test("a listing has all objects under the prefix, in key order", async () => {
      await using fixture = await start();
      const keys = ["a!.csv", "a.csv", "a/b.csv", "a/b/c.csv", "a0.csv", "b/a.csv", "Z.csv"];
      for (const key of keys) await fixture.put(key, key);

      expect(await keysOf(fixture.store, "")).toEqual([
        "Z.csv",
        "a!.csv",
        "a.csv",
        "a/b.csv",
        "a/b/c.csv",
        "a0.csv",
        "b/a.csv",
      ]);
      expect(await keysOf(fixture.store, "a/")).toEqual(["a/b.csv", "a/b/c.csv"]);
      expect(await keysOf(fixture.store, "a/b")).toEqual(["a/b.csv", "a/b/c.csv"]);
      expect(await keysOf(fixture.store, "a/b/")).toEqual(["a/b/c.csv"]);
      expect(await keysOf(fixture.store, "nothing/here")).toEqual([]);
    });

    test("a listing of several pages is whole", async () => {
      await using fixture = await start();
      const keys = Array.from({ length: manyObjects }, (_, index) => `many/${1_000_000 + index}`);
      for (let from = 0; from < keys.length; from += 20) {
        await Promise.all(keys.slice(from, from + 20).map((key) => fixture.put(key, "x")));
      }

      const pages = await pagesOf(fixture.store, "many/");

      expect(pages.length).toBeGreaterThan(1);
      expect(pages.flat().map(({ key }) => String(key))).toEqual(keys);
    });

    test("odd names are listed as they are, and can be read", async () => {
      await using fixture = await start();
      for (const key of ODD_KEYS) await fixture.put(key, `content of ${key}`);

      expect(new Set(await keysOf(fixture.store, ""))).toEqual(new Set(ODD_KEYS));
      for (const key of ODD_KEYS) {
        expect(await fixture.store.head(key as ObjectKey)).toMatchObject({ key });
        expect(await contentOf(fixture.store, key)).toBe(`content of ${key}`);
      }
    });

    test("a listing and a head show the same version of an object", async () => {
      await using fixture = await start();
      const before = Date.now();
      await fixture.put("orders.csv", "id,total\n1,9.50\n");

      const listed = (await pagesOf(fixture.store, "")).flat()[0];
      const head = await fixture.store.head("orders.csv" as ObjectKey);

      expect(head).toMatchObject({ key: "orders.csv", sizeBytes: 16 });
      expect(listed).toMatchObject({ key: "orders.csv", sizeBytes: 16, etag: head?.etag });
      // Some servers keep whole seconds only.
      expect(head?.lastModified.getTime()).toBeGreaterThan(before - 2000);
      expect(head?.lastModified.getTime()).toBeLessThan(Date.now() + 2000);
    });

    test("an object that is not there has no head, and cannot be read", async () => {
      await using fixture = await start();
      const key = "missing.csv" as ObjectKey;

      expect(await fixture.store.head(key)).toBeUndefined();
      await expect(contentOf(fixture.store, key)).rejects.toMatchObject({
        name: "PgError",
        sqlstate: "58P01",
        message: expect.stringContaining("missing.csv"),
        hint: expect.stringContaining("Correct the key"),
      });
    });

    test("other content has another ETag", async () => {
      await using fixture = await start();
      await fixture.put("a.csv", "one");
      const before = await fixture.store.head("a.csv" as ObjectKey);
      await fixture.put("a.csv", "two");
      const after = await fixture.store.head("a.csv" as ObjectKey);

      expect(after?.etag).not.toBe(before?.etag);
    });

    test.each<[string, ByteRange | undefined, string]>([
      ["the whole", undefined, "0123456789"],
      ["the beginning", { from: 0, to: 4 }, "0123"],
      ["the middle", { from: 3, to: 5 }, "34"],
      ["the last byte", { from: 9, to: 10 }, "9"],
      ["what there is of a range that ends later", { from: 8, to: 99 }, "89"],
      ["nothing of a range that begins later", { from: 10, to: 99 }, ""],
      ["nothing of an empty range", { from: 4, to: 4 }, ""],
    ])("a get reads %s", async (_, range, expected) => {
      await using fixture = await start();
      await fixture.put("digits", "0123456789");

      expect(await contentOf(fixture.store, "digits", range === undefined ? {} : { range })).toBe(
        expected,
      );
    });

    test("an empty object is read as nothing, with and without a range", async () => {
      await using fixture = await start();
      await fixture.put("empty.csv", "");
      const head = await fixture.store.head("empty.csv" as ObjectKey);
      const range = { from: 0, to: 100 };

      expect(head?.sizeBytes).toBe(0);
      expect(await contentOf(fixture.store, "empty.csv")).toBe("");
      expect(await contentOf(fixture.store, "empty.csv", { range })).toBe("");
      expect(
        await contentOf(fixture.store, "empty.csv", head ? { range, ifMatch: head.etag } : {}),
      ).toBe("");
    });

    test("a get of a version reads that version or says that the object changed", async () => {
      await using fixture = await start();
      await fixture.put("a.csv", "first");
      const first = await fixture.store.head("a.csv" as ObjectKey);
      const ifMatch = first?.etag ?? ("" as ETag);
      const range = { from: 1, to: 3 };

      expect(await contentOf(fixture.store, "a.csv", { ifMatch })).toBe("first");
      expect(await contentOf(fixture.store, "a.csv", { ifMatch, range })).toBe("ir");
      await fixture.put("a.csv", "second");
      await expect(contentOf(fixture.store, "a.csv", { ifMatch })).rejects.toThrow(
        ObjectChangedError,
      );
      await expect(contentOf(fixture.store, "a.csv", { ifMatch, range })).rejects.toThrow(
        ObjectChangedError,
      );
    });

    test("an aborted signal ends each operation with its own reason", async () => {
      await using fixture = await start();
      await fixture.put("a.csv", "first");
      const reason = new Error("canceled by the user");
      const signal = AbortSignal.abort(reason);
      const key = "a.csv" as ObjectKey;

      await expect(fixture.store.head(key, { signal })).rejects.toBe(reason);
      await expect(fixture.store.get(key, { signal })).rejects.toBe(reason);
      await expect(pagesOf(fixture.store, "", signal)).rejects.toBe(reason);
    });

    test.each([0, 1, 300_000, 20 * 1024 * 1024 + 7])(
      "a download of %d bytes is exact",
      async (sizeBytes) => {
        await using fixture = await start();
        const folder = await mkdtemp(join(tmpdir(), "bucketgres-download-"));
        try {
          const body = patternedBytes(sizeBytes);
          await fixture.put("big/file.bin", body);

          const path = join(folder, "copy");
          const object = await download(fixture.store, "big/file.bin" as ObjectKey, path);

          expect(object).toMatchObject({ key: "big/file.bin", sizeBytes });
          expect(sha256(await readFile(path))).toBe(sha256(body));
        } finally {
          await rm(folder, { recursive: true });
        }
      },
    );

    test("a pattern finds its objects", async () => {
      await using fixture = await start();
      for (const key of ["s/2023/a.csv", "s/2024/a.csv", "s/2024/b.xlsx", "s/2025/x/a.csv"]) {
        await fixture.put(key, key);
      }
      const matching = async (pattern: string) => {
        const keys: ObjectKey[] = [];
        for await (const page of matchKeys(fixture.store, pattern)) {
          keys.push(...page.map(({ key }) => key));
        }
        return keys;
      };

      expect(await matching("s/*/*.csv")).toEqual(["s/2023/a.csv", "s/2024/a.csv"]);
      expect(await matching("s/{2024,2025}/**/*.csv")).toEqual(["s/2024/a.csv", "s/2025/x/a.csv"]);
      expect(await matching("s/202[!3]/?.xlsx")).toEqual(["s/2024/b.xlsx"]);
    });
  });
}

export async function pagesOf(
  store: ObjectStore,
  prefix: string,
  signal?: AbortSignal,
): Promise<readonly (readonly ObjectInfo[])[]> {
  const pages: (readonly ObjectInfo[])[] = [];
  for await (const page of store.list(prefix, signal === undefined ? {} : { signal })) {
    pages.push(page);
  }
  return pages;
}

export async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  return (await pagesOf(store, prefix)).flat().map(({ key }) => String(key));
}

export async function contentOf(
  store: ObjectStore,
  key: string,
  options: Parameters<ObjectStore["get"]>[1] = {},
): Promise<string> {
  return (await bytesOf(await store.get(key as ObjectKey, options))).toString();
}

export async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Bytes in which every position can be told from its neighbours and from other blocks. */
export function patternedBytes(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0; at + 4 <= sizeBytes; at += 4) bytes.writeUInt32LE(at, at);
  return bytes;
}

export function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
