import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Cache, ClaimOutcome } from "../../../src/cache/cache.ts";
import type { Claim } from "../../../src/cache/claim.ts";
import { claimPath } from "../../../src/cache/entry-files.ts";
import { entryKey, entryPath } from "../../../src/cache/entry-key.ts";
import { ownerName } from "../../../src/cache/owner.ts";
import { ACME, ORDERS, open, publish, temporaryDirectory } from "./entries.ts";

const V1 = entryKey(ACME, ORDERS, "v1");
const FOREVER = new AbortController().signal;
/** With an hour of silence nobody is taken for dead because of it. */
const PATIENT = { heartbeatMs: 10, silenceMs: 3_600_000, pollMs: 5 };
const STRICT = { heartbeatMs: 3_600_000, silenceMs: 50, pollMs: 5 };

function claimed(outcome: ClaimOutcome): Claim {
  if (outcome.outcome !== "claimed") throw new Error("the entry is there already");
  return outcome.claim;
}

/** Writes the claim of an owner that is made up. */
async function claimAs(owner: string, directory: string): Promise<string> {
  const path = claimPath(entryPath(directory, V1));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, owner);
  return path;
}

function ownerWith(pid: number | undefined, start: string): string {
  const [host, place] = ownerName().split("~");
  return [host, place, pid, start, "id"].join("~");
}

test("of many who want to build an entry one does, and the others get what it has built", async () => {
  const directory = await temporaryDirectory();
  const caches = await Promise.all(
    Array.from({ length: 3 }, () => open(directory, { claimTiming: PATIENT })),
  );
  let builds = 0;
  const load = async (cache: Cache): Promise<string> => {
    const turn = await cache.claim(V1, FOREVER);
    if (turn.outcome === "built") return turn.entry.path;
    await using _claim = turn.claim;
    builds += 1;
    return (await publish(cache, "v1")).path;
  };
  const paths = await Promise.all([...caches, ...caches, ...caches].map(load));
  expect(builds).toBe(1);
  expect(new Set(paths).size).toBe(1);
  expect(await readdir(dirname(paths[0] ?? ""))).toHaveLength(2);
});

test("when a build fails the next one who waits may try", async () => {
  const cache = await open(await temporaryDirectory(), { claimTiming: PATIENT });
  const first = claimed(await cache.claim(V1, FOREVER));
  const second = cache.claim(V1, FOREVER);
  await first[Symbol.asyncDispose]();
  await claimed(await second)[Symbol.asyncDispose]();
});

test("waiting ends with the reason of its signal, and the claim stays with its owner", async () => {
  const cache = await open(await temporaryDirectory(), { claimTiming: PATIENT });
  await using _claim = claimed(await cache.claim(V1, FOREVER));
  const aborting = new AbortController();
  const waiting = cache.claim(V1, aborting.signal);
  const ended = waiting.catch((error: unknown) => error);
  aborting.abort(new Error("enough"));
  expect(await ended).toMatchObject({ message: "enough" });
  expect(await stat(claimPath(entryPath(cache.directory, V1)))).toBeDefined();
});

test("the claim of a process that is gone is taken over at once", async () => {
  const cache = await open(await temporaryDirectory(), { claimTiming: PATIENT });
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  await claimAs(ownerWith(pid, "1"), cache.directory);
  await claimed(await cache.claim(V1, FOREVER))[Symbol.asyncDispose]();
});

test("when its owner is killed one of those who wait takes over, and the other waits on", async () => {
  const cache = await open(await temporaryDirectory(), { claimTiming: PATIENT });
  const child = spawn(process.execPath, ["-e", "setInterval(() => 0, 1000)"]);
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child, "spawn");
  const stats = await readFile(`/proc/${child.pid}/stat`, "utf8");
  const start = stats.split(") ").at(-1)?.split(" ")[19] ?? "";
  await claimAs(ownerWith(child.pid, start), cache.directory);
  const aborting = new AbortController();
  const waiting = [cache.claim(V1, aborting.signal), cache.claim(V1, aborting.signal)];
  const outcomes = Promise.allSettled(waiting);

  child.kill("SIGKILL");
  const first = claimed(await Promise.race(waiting));
  aborting.abort(new Error("enough"));

  expect((await outcomes).map(({ status }) => status).toSorted()).toEqual([
    "fulfilled",
    "rejected",
  ]);
  await first[Symbol.asyncDispose]();
});

test("an owner elsewhere that shows no life is given up, and one that does is waited for", async () => {
  const directory = await temporaryDirectory();
  await claimAs("other-host~0123456789ab~1~1~id", directory);
  const strict = await open(directory, { claimTiming: STRICT });
  const taken = claimed(await strict.claim(V1, FOREVER));
  await taken[Symbol.asyncDispose]();

  await using _claim = claimed(
    await (await open(directory, { claimTiming: PATIENT })).claim(V1, FOREVER),
  );
  const watching = await open(directory, { claimTiming: { ...STRICT, silenceMs: 300 } });
  await expect(watching.claim(V1, AbortSignal.timeout(900))).rejects.toMatchObject({
    name: "TimeoutError",
  });
});

test("a damaged claim stops nobody for long, and neither does a folder that cannot be written", async () => {
  const directory = await temporaryDirectory();
  await claimAs("", directory);
  const cache = await open(directory, { claimTiming: STRICT });
  await claimed(await cache.claim(V1, FOREVER))[Symbol.asyncDispose]();

  const other = await temporaryDirectory();
  await writeFile(`${other}/acme`, "a file where the folder of the workspace is to be");
  const blocked = await open(other, { claimTiming: PATIENT });
  await claimed(await blocked.claim(V1, FOREVER))[Symbol.asyncDispose]();
});

test("whoever was taken for dead does not give up the claim of its successor", async () => {
  const cache = await open(await temporaryDirectory(), { claimTiming: STRICT });
  const slow = claimed(await cache.claim(V1, FOREVER));
  const successor = claimed(await cache.claim(V1, FOREVER));
  await slow[Symbol.asyncDispose]();
  expect(await stat(claimPath(entryPath(cache.directory, V1)))).toBeDefined();
  await successor[Symbol.asyncDispose]();
});
