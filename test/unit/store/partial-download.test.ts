/** Large downloads that broke off go on where they stopped, in this process and after a crash. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ObjectKey } from "../../../src/core/brands.ts";
import { openLocally } from "../../../src/store/download.ts";
import { PartialFile } from "../../../src/store/partial-file.ts";
import type { S3Server } from "../../support/s3-server/s3-server.ts";
import { type S3Fixture, startS3Store } from "../../support/s3-store-fixture.ts";
import { patternedBytes, sha256 } from "../../support/store-behaviour.ts";

const KEY = "orders.csv" as ObjectKey;
const PART_BYTES = 8 * 1024 * 1024;
/** Six parts, of which four are fetched at a time. */
const BODY = patternedBytes(5 * PART_BYTES + 7);

test("what arrived before a failure is not fetched again", async () => {
  await using fixture = await startS3Store({ [KEY]: BODY }, { patience: { attempts: 1 } });
  await using folder = await makeFolder();
  fixture.s3.faults.next({ fault: "error", code: "AccessDenied", operation: "GetObject", skip: 5 });
  await expect(copy(fixture, folder)).rejects.toMatchObject({ sqlstate: "42501" });
  const before = partsAskedFor(fixture.s3);
  fixture.s3.forgetRequests();

  expect(await copy(fixture, folder)).toBe(sha256(BODY));

  const after = partsAskedFor(fixture.s3);
  expect(before).toHaveLength(6);
  // The fifth was asked for after the first had arrived.
  expect(after.length).toBeGreaterThan(0);
  expect(after.length).toBeLessThan(6);
  expect(await readdir(folder.partials)).toEqual([]);
});

test("another version, another length and another store begin anew", async () => {
  await using fixture = await startS3Store({ [KEY]: BODY }, { patience: { attempts: 1 } });
  await using folder = await makeFolder();
  const breakOff = async () => {
    fixture.s3.faults.next({ fault: "error", code: "AccessDenied", skip: 6 });
    await expect(copy(fixture, folder)).rejects.toMatchObject({ sqlstate: "42501" });
    fixture.s3.faults.clear();
    fixture.s3.forgetRequests();
  };
  await breakOff();
  expect(await copy(fixture, folder, "other")).toBe(sha256(BODY));
  expect(partsAskedFor(fixture.s3)).toHaveLength(6);

  const changed = Buffer.from(BODY).fill("x", 0, 1);
  await fixture.put(KEY, changed);
  fixture.s3.forgetRequests();

  expect(await copy(fixture, folder)).toBe(sha256(changed));
  expect(partsAskedFor(fixture.s3)).toHaveLength(6);
});

test("an object that changes in the middle leaves nothing behind, and is never a mixture", async () => {
  const after = patternedBytes(3 * PART_BYTES).swap32();
  await using fixture = await startS3Store({ [KEY]: BODY });
  await using folder = await makeFolder();
  fixture.s3.faults.next({ fault: "overwrite", body: after, operation: "GetObject", skip: 4 });

  expect(await copy(fixture, folder)).toBe(sha256(after));
  expect(await readdir(folder.partials)).toEqual([]);
});

test("a small object needs no such file", async () => {
  await using fixture = await startS3Store({ [KEY]: "x" });
  await using folder = await makeFolder();

  expect(await copy(fixture, folder)).toBe(sha256(Buffer.from("x")));
  await expect(readdir(folder.partials)).rejects.toMatchObject({ code: "ENOENT" });
});

test("a process that is killed leaves its parts to the next one", async () => {
  await using fixture = await startS3Store({ [KEY]: BODY });
  await using folder = await makeFolder();
  // The last two parts never arrive, so that the process is in the middle when it ends.
  fixture.s3.faults.next({ fault: "stall", afterBytes: 3, skip: 5, times: 2 });
  const child = downloadInChild(fixture.s3, folder);
  await untilRecorded(folder, 4);
  child.kill("SIGKILL");
  await once(child, "exit");
  fixture.s3.forgetRequests();

  expect(await copy(fixture, folder)).toBe(sha256(BODY));

  expect(partsAskedFor(fixture.s3)).toHaveLength(2);
  expect(await readdir(folder.partials)).toEqual([]);
});

test("two that fetch the same object at a time do not write into each other's file", async () => {
  await using fixture = await startS3Store({ [KEY]: BODY });
  await using folder = await makeFolder();

  const digests = await Promise.all([copy(fixture, folder), copy(fixture, folder)]);

  expect(new Set(digests)).toEqual(new Set([sha256(BODY)]));
  expect(partsAskedFor(fixture.s3)).toHaveLength(12);
});

test("a line that a crash cut short counts for nothing", async () => {
  await using folder = await makeFolder();
  const first = await PartialFile.claim(folder.partials, "object");
  await first.record(3);
  await first.record(12);
  await first.release();
  const [name = ""] = await readdir(folder.partials);
  await writeFile(join(folder.partials, name, "parts"), "3\n1");

  const second = await PartialFile.claim(folder.partials, "object");

  expect([...second.done]).toEqual([3]);
  await second.discard();
});

test("what nobody came back for within a day is removed, of any object", async () => {
  await using folder = await makeFolder();
  const old = await PartialFile.claim(folder.partials, "old");
  await old.release();
  const [name = ""] = await readdir(folder.partials);
  const yesterday = new Date(Date.now() - 25 * 3_600_000);
  await utimes(join(folder.partials, name, "parts"), yesterday, yesterday);
  const inUse = await PartialFile.claim(folder.partials, "in use");
  const foreign = "0123~another-machine~17~run~id";
  await mkdir(join(folder.partials, foreign));

  const next = await PartialFile.claim(folder.partials, "next");

  const names = await readdir(folder.partials);
  expect(names).not.toContain(name);
  expect(names).toContain(foreign);
  expect(names).toHaveLength(3);
  await inUse.discard();
  await next.discard();
});

interface Folder extends AsyncDisposable {
  readonly path: string;
  readonly partials: string;
}

async function makeFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "bucketgres-partial-"));
  return {
    path,
    partials: join(path, "partials"),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}

/** The digest of a local copy, which is given back. */
async function copy(
  { store }: S3Fixture,
  { path, partials }: Folder,
  storeName = "lake",
): Promise<string> {
  const options = { folder: path, partials: { folder: partials, storeName } };
  await using local = await openLocally(store, KEY, options);
  return sha256(await readFile(local.path));
}

function partsAskedFor({ requests }: S3Server): readonly unknown[] {
  return requests.filter(({ operation }) => operation === "GetObject");
}

/** The same copy, made by the built program in a process of its own. */
function downloadInChild({ endpoint, region, credentials }: S3Server, folder: Folder) {
  const built = process.env["BUCKETGRES_BUILT"] ?? "";
  const options = { bucket: "acme-data", endpoint, region, credentials };
  const local = {
    folder: folder.path,
    partials: { folder: folder.partials, storeName: "lake" },
  };
  const program = `
    const { S3Store } = await import(${JSON.stringify(join(built, "store/s3-store.js"))});
    const { openLocally } = await import(${JSON.stringify(join(built, "store/download.js"))});
    const store = new S3Store("lake", ${JSON.stringify(options)});
    await openLocally(store, ${JSON.stringify(KEY)}, ${JSON.stringify(local)});
  `;
  return spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: "ignore" });
}

async function untilRecorded({ partials }: Folder, parts: number): Promise<void> {
  await expect
    .poll(
      async () => {
        try {
          const [name = ""] = await readdir(partials);
          const lines = await readFile(join(partials, name, "parts"), "utf8");
          return lines.split("\n").length - 1;
        } catch {
          return 0; // It has not begun.
        }
      },
      { timeout: 20_000 },
    )
    .toBe(parts);
}
