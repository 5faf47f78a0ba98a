import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { SourceReference } from "../../../src/catalog/catalog.ts";
import type { StoreName } from "../../../src/core/brands.ts";
import { ObjectFinder } from "../../../src/loader/object-finder.ts";
import { createStore } from "../../../src/store/create-store.ts";
import type { ObjectInfo, ObjectStore } from "../../../src/store/object-store.ts";
import {
  type S3Server,
  type S3ServerOptions,
  startS3Server,
} from "../../support/s3-server/s3-server.ts";

const LAKE = "lake" as StoreName;

function source(pattern: string, versionId?: string): SourceReference {
  const isGlob = /[*?]/.test(pattern);
  return { text: `s3://lake/${pattern}`, store: LAKE, pattern, isGlob, versionId };
}

/** A signal for each look, as each table has its own. */
function find(finder: ObjectFinder, wanted: SourceReference): Promise<readonly ObjectInfo[]> {
  return finder.find(wanted, new AbortController().signal);
}

interface Place {
  readonly s3: S3Server;
  readonly store: ObjectStore;
  readonly finder: ObjectFinder;
  /** What was asked for since the last call. */
  readonly requests: () => string[];
}

async function place(
  objects: Readonly<Record<string, string>>,
  options: S3ServerOptions = {},
): Promise<Place> {
  const s3 = await startS3Server({ buckets: { lake: objects }, ...options });
  const store = createStore(LAKE, {
    type: "s3",
    bucket: "lake",
    region: s3.region,
    endpoint: s3.endpoint,
    credentials: s3.credentials,
  });
  onTestFinished(async () => {
    store.close();
    await s3[Symbol.asyncDispose]();
  });
  const requests = (): string[] => {
    const made = s3.requests.map(({ operation, key, query }) =>
      operation === "ListObjectsV2" ? `list ${query["prefix"] ?? ""}` : `${operation} ${key}`,
    );
    s3.forgetRequests();
    return made.toSorted();
  };
  return { s3, store, finder: new ObjectFinder(store), requests };
}

const keysOf = (objects: readonly { readonly key: string }[]): string[] =>
  objects.map(({ key }) => key);

test("one paginated listing answers for all tables of a folder that are looked at together", async () => {
  const objects = Object.fromEntries(
    Array.from({ length: 25 }, (_, n) => [`sales/${String(n).padStart(2, "0")}.csv`, `id\n${n}\n`]),
  );
  const { finder, requests, s3 } = await place(objects, { pageSize: 10 });

  const looked = await Promise.all(Object.keys(objects).map((key) => find(finder, source(key))));

  expect(looked.map(keysOf)).toEqual(Object.keys(objects).map((key) => [key]));
  expect(requests()).toEqual(["list sales/", "list sales/", "list sales/"]);

  s3.put("lake", "sales/07.csv", "id\nnew\n");
  const again = await Promise.all(
    ["sales/06.csv", "sales/07.csv", "sales/08.csv"].map((key) => find(finder, source(key))),
  );
  expect(again[0]?.[0]?.etag).toBe(looked[6]?.[0]?.etag);
  expect(again[1]?.[0]?.etag).not.toBe(looked[7]?.[0]?.etag);
});

test("patterns with one prefix share a listing, which also shows single objects below it", async () => {
  const { finder, requests } = await place({
    "a/2023/x.csv": "1",
    "a/2024/": "",
    "a/2024/x.csv": "2",
    "a/2024/y.csv": "3",
    "b.csv": "4",
  });

  const found = await Promise.all([
    find(finder, source("a/2024/*.csv")),
    find(finder, source("a/**")),
    find(finder, source("a/2023/x.csv")),
    find(finder, source("b.csv")),
  ]);

  expect(found.map(keysOf)).toEqual([
    ["a/2024/x.csv", "a/2024/y.csv"],
    ["a/2023/x.csv", "a/2024/x.csv", "a/2024/y.csv"],
    ["a/2023/x.csv"],
    ["b.csv"],
  ]);
  expect(requests()).toEqual(["HeadObject b.csv", "list a/"]);
});

test("an object that a listing does not show is asked for by itself, and may be missing", async () => {
  const { finder, requests } = await place({ "a/1.csv": "1", "a/2.csv": "2" });

  const [first, second, third] = await Promise.allSettled([
    find(finder, source("a/1.csv")),
    find(finder, source("a/2.csv")),
    find(finder, source("a/3.csv")),
  ]);

  expect([first.status, second.status]).toEqual(["fulfilled", "fulfilled"]);
  expect(third).toMatchObject({
    status: "rejected",
    reason: { sqlstate: "58P01", message: 'there is no "a/3.csv" in s3://lake' },
  });
  expect(requests()).toContain("HeadObject a/3.csv");
});

test("a folder that is far larger than what is asked for is not listed to its end", async () => {
  const others = Array.from({ length: 100 }, (_, n) => [`a/${String(n).padStart(3, "0")}`, ""]);
  const { finder, requests } = await place(
    { ...Object.fromEntries(others), "a/x": "x", "a/y": "y", "a/z": "z" },
    { pageSize: 10 },
  );

  const found = await Promise.all(["a/x", "a/y", "a/z"].map((key) => find(finder, source(key))));

  expect(found.map(keysOf)).toEqual([["a/x"], ["a/y"], ["a/z"]]);
  const made = requests();
  expect(made.filter((request) => request.startsWith("list")).length).toBeLessThanOrEqual(3);
  expect(made.filter((request) => request.startsWith("HeadObject"))).toHaveLength(3);
});

test("who may read but not list is served by single requests, and the listing is not tried again", async () => {
  const { finder, requests, s3 } = await place({ "a/1": "1", "a/2": "2", "a/3": "3" });
  s3.faults.next({ operation: "ListObjectsV2", fault: "error", code: "AccessDenied" });
  const look = (): Promise<unknown> =>
    Promise.all(["a/1", "a/2", "a/3"].map((key) => find(finder, source(key))));

  await look();
  expect(requests()).toEqual(["HeadObject a/1", "HeadObject a/2", "HeadObject a/3", "list a/"]);
  await look();
  expect(requests()).toEqual(["HeadObject a/1", "HeadObject a/2", "HeadObject a/3"]);
});

test("a version that is pinned is asked for by itself, whatever the listing shows", async () => {
  const { finder, requests, s3 } = await place({}, { versioned: true });
  const old = s3.put("lake", "a/1", "old");
  for (const key of ["a/1", "a/2", "a/3", "a/4"]) s3.put("lake", key, "newer");

  const found = await Promise.all([
    find(finder, source("a/1", old.versionId)),
    ...["a/2", "a/3", "a/4"].map((key) => find(finder, source(key))),
  ]);

  expect(found[0]?.[0]?.sizeBytes).toBe(3);
  expect(found[1]?.[0]?.sizeBytes).toBe(5);
  expect(requests()).toEqual(["HeadObject a/1", "list a/"]);
});

test("one who no longer waits does not disturb the others", async () => {
  const { finder } = await place({ "a/1": "1", "a/2": "2", "a/3": "3" });
  const leaving = new AbortController();
  const reason = new Error("gone");
  const left = finder.find(source("a/1"), leaving.signal);
  const others = ["a/2", "a/3"].map((key) => find(finder, source(key)));
  leaving.abort(reason);

  await expect(left).rejects.toBe(reason);
  expect((await Promise.all(others)).map(keysOf)).toEqual([["a/2"], ["a/3"]]);
});

test("a directory's files are looked at one by one, and patterns work there, too", async () => {
  const folder = await mkdtemp(join(tmpdir(), "bucketgres-finder-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const name of ["1.csv", "2.csv", "3.csv"]) await writeFile(join(folder, name), name);
  const finder = new ObjectFinder(createStore(LAKE, { type: "directory", path: folder }));

  const found = await Promise.all(
    ["1.csv", "2.csv", "3.csv", "*.csv"].map((key) => find(finder, source(key))),
  );

  expect(found.map(keysOf)).toEqual([["1.csv"], ["2.csv"], ["3.csv"], ["1.csv", "2.csv", "3.csv"]]);
});
