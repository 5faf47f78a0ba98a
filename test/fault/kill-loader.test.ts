import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { recall } from "../../src/cache/recall.ts";
import type { StoreName, WorkspaceName } from "../../src/core/brands.ts";
import { openDatabase } from "../../src/duckdb/database.ts";
import { createLoader, type LoaderClient } from "../../src/loader/loader-client.ts";
import { createLogger } from "../../src/observe/logger.ts";
import { ask, GatewayProcess, makeInstallation, untilAnswer } from "../support/gateway-process.ts";
import { type S3Server, startS3Server } from "../support/s3-server/s3-server.ts";
import { open, temporaryDirectory } from "../unit/cache/entries.ts";
import { csvTable } from "../unit/loader/load-files.ts";
import { numbersCsv, seeded } from "./random.ts";

/** A round starts a process or two; on a machine that has much else to do there are fewer of them. */
const LOADER = { rounds: 45, withinMs: 35_000 };
const GATEWAY = { rounds: 5, withinMs: 20_000 };
const ACME = "acme" as WorkspaceName;
const FILES = "files" as StoreName;
const FOREVER = { signal: new AbortController().signal };
const TABLE = csvTable("numbers.csv");

function loaderOf(s3: S3Server, cacheDirectory: string): LoaderClient {
  const { endpoint, region, credentials } = s3;
  const loader = createLoader({
    stores: new Map([
      [FILES, { type: "s3", bucket: "b", region, endpoint, pathStyle: true, credentials }],
    ]),
    cacheDirectory,
    cacheSizeBytes: 1e9,
    memoryBytes: 1024 ** 3,
    log: createLogger({ level: "silent" }),
  });
  onTestFinished(() => loader.close());
  return loader;
}

/** On a slow machine fewer, but never before `isEnough`. */
function* limitedRounds(
  limits: { rounds: number; withinMs: number },
  isEnough: () => boolean = () => true,
): Generator<number> {
  const startedAt = performance.now();
  for (let round = 0; round < limits.rounds; round += 1) {
    if (performance.now() - startedAt > limits.withinMs && isEnough()) return;
    yield round;
  }
}

async function contentOf(path: string): Promise<{ count: number; sum: number }> {
  const database = await openDatabase({ path, readOnly: true });
  try {
    const connection = await database.connect();
    const [row = []] = await connection.rows("SELECT count(*), sum(amount) FROM main.data");
    connection.close();
    return { count: Number(row[0]), sum: Number(row[1]) };
  } finally {
    database.close();
  }
}

test("whenever the loader is killed, what the cache then has is whole, and the next load is right", async () => {
  const random = seeded("kill-loader");
  await using s3 = await startS3Server({ buckets: { b: {} } });
  const cache = await temporaryDirectory();
  const loader = loaderOf(s3, cache);
  const load = () => loader.load({ workspace: ACME, table: TABLE, known: undefined }, FOREVER);
  const contents = new Map<string | undefined, { count: number; sum: number }>();
  const put = (round: number): { count: number; sum: number } => {
    const { csv, ...content } = numbersCsv(round);
    contents.set(s3.put("b", "numbers.csv", csv).etag, content);
    return content;
  };
  put(0);
  await load();
  // What a build takes changes with what else the machine does.
  let buildMs = 100;
  let interrupted = 0;
  let rounds = 0;

  for (const round of limitedRounds(LOADER, () => interrupted >= 3)) {
    rounds += 1;
    const content = put(round + 2);
    const loading = load().then(
      () => undefined,
      () => {
        interrupted += 1;
      },
    );
    // Times vary: some kills come after the end, so that some come at the very end.
    await delay(random() * buildMs * 1.5);
    process.kill(loader.processId ?? 0, "SIGKILL");
    await loading;

    const found = (await recall(cache, ACME, [TABLE])).get(TABLE);
    if (found !== undefined) {
      expect(await contentOf(found.path)).toEqual(contents.get(found.source.etag));
    }
    const outcome = await load();
    if (outcome.outcome !== "loaded") throw new Error(JSON.stringify(outcome));
    expect(await contentOf(outcome.entry.path)).toEqual(content);
    buildMs = outcome.entry.loadMs;
    expect(await readdir(join(cache, "tmp"))).toEqual([]);
  }
  await (await open(cache)).sweep();
  expect((await readdir(join(cache, ACME))).filter((name) => name.includes("claim"))).toEqual([]);
  console.log(`${interrupted} of ${rounds} kills hit a build of some ${buildMs} ms`);
  expect(interrupted).toBeGreaterThanOrEqual(3);
  expect(interrupted).toBeGreaterThan(rounds / 4);
}, 120_000);

test("whenever all of a gateway is killed, the next one answers right and leaves nothing behind", async () => {
  const random = seeded("kill-gateway");
  await using installation = await makeInstallation({
    tables: { numbers: { source: "files:numbers.csv" }, fixed: { source: "files:fixed.csv" } },
  });
  const sums = "SELECT count(*), sum(amount) FROM ";
  const answer = ({ count, sum }: { count: number; sum: number }) => [[`${count}`, `${sum}`]];
  const fixed = numbersCsv(1_000);
  await installation.write("fixed.csv", fixed.csv);
  let readyMs = 1_500;

  for (const round of limitedRounds(GATEWAY)) {
    const numbers = numbersCsv(round);
    await installation.write("numbers.csv", numbers.csv);
    const killed = await GatewayProcess.start(installation);
    await delay(random() * readyMs);
    await killed.kill();

    const startedAt = performance.now();
    await using gateway = await GatewayProcess.start(installation);
    await using client = await gateway.connect();
    await untilAnswer(client, `${sums} numbers`, answer(numbers));
    readyMs = performance.now() - startedAt;
    expect(await ask(client, `${sums} fixed`)).toEqual(answer(fixed));
    const alive = `~${gateway.child.pid}~`;
    // The loader clears up, which is there a moment after what the cache holds is served.
    await vi.waitFor(async () => {
      const left = await readdir(join(installation.cache, "tmp"));
      expect(left.filter((name) => !name.includes(alive))).toEqual([]);
    }, 20_000);
  }
}, 120_000);
