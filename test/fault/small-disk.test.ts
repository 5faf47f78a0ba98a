import { execFileSync } from "node:child_process";
import { mkdir, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, type TestContext, test } from "vitest";
import {
  ask,
  asRoot,
  GatewayProcess,
  makeInstallation,
  untilAnswer,
  whyNoSmallDisks,
} from "../support/gateway-process.ts";
import { startS3Server } from "../support/s3-server/s3-server.ts";

const whyNot = await whyNoSmallDisks();

beforeEach(({ skip }: TestContext) => {
  if (whyNot === undefined) return;
  console.log(`skipped: ${whyNot}`);
  skip(whyNot);
});

/** Takes all space of the gateway's disk except for so many bytes. */
async function fill(gateway: GatewayProcess, cache: string, leaveBytes = 0): Promise<void> {
  const path = join(gateway.inside(cache), "filler");
  await rm(path, { force: true });
  const { bavail, bsize } = await statfs(gateway.inside(cache));
  const bytes = Math.max(0, Math.floor((bavail * bsize - leaveBytes) / bsize) * bsize);
  await writeFile(path, Buffer.alloc(bytes));
}

async function free(gateway: GatewayProcess, cache: string): Promise<void> {
  await rm(join(gateway.inside(cache), "filler"), { force: true });
}

function notes(count: number): string {
  return `id,note\n${Array.from({ length: count }, (_, id) => `${id},note ${(id * 7919) % count}\n`).join("")}`;
}

const errorOf = (table: string): string =>
  `SELECT state, error FROM bucketgres.tables WHERE table_name = '${table}'`;

test("a disk that is full during a download fails that table, and it recovers by itself", async () => {
  await using s3 = await startS3Server({ buckets: { lake: { "big.csv": notes(10) } } });
  const { accessKeyId, secretAccessKey } = s3.credentials;
  const credentials = { access_key_id: accessKeyId, secret_access_key: secretAccessKey };
  await using installation = await makeInstallation({
    tables: { big: { source: "s3://lake/big.csv" }, small: { source: "files:small.csv" } },
    workspace: { refresh: "1s" },
    settings: {
      stores: {
        files: { type: "directory", path: "data" },
        lake: { type: "s3", bucket: "lake", endpoint: s3.endpoint, credentials },
      },
    },
  });
  await installation.write("small.csv", "a\n1\n");
  await using gateway = await GatewayProcess.start(installation, { size: "24m" });
  await using client = await gateway.connect();
  await untilAnswer(client, "SELECT count(*) FROM big", [["10"]]);

  await fill(gateway, installation.cache);
  s3.put("lake", "big.csv", notes(100_000));
  await untilAnswer(client, errorOf("big"), [["stale", "no space is left for the cache"]]);

  expect(await ask(client, "REFRESH MATERIALIZED VIEW big")).toMatchObject({ code: "53100" });
  expect(await ask(client, "SELECT count(*) FROM big")).toEqual([["10"]]);
  expect(await ask(client, "SELECT * FROM small")).toEqual([["1"]]);
  await free(gateway, installation.cache);
  await untilAnswer(client, "SELECT count(*) FROM big", [["100000"]]);
  await untilAnswer(client, errorOf("big"), [["ready", null]]);
});

test("with any amount of free space a build ends with a whole table or with 53100", async () => {
  await using installation = await makeInstallation({
    tables: { notes: { source: "files:notes.csv" }, small: { source: "files:small.csv" } },
  });
  await installation.write("small.csv", "a\n1\n");
  await installation.write("notes.csv", notes(1));
  await using gateway = await GatewayProcess.start(installation, { size: "24m" });
  await using client = await gateway.connect();
  await untilAnswer(client, "SELECT count(*) FROM notes", [["1"]]);
  let served = 1;
  const outcomes = new Set<string>();

  for (const [step, kilobytes] of [0, 4, 16, 64, 200, 400, 520, 540, 600, 800, 6_000].entries()) {
    await installation.write("notes.csv", notes(20_000 + step));
    await fill(gateway, installation.cache, kilobytes * 1024);
    const answer = await ask(client, "REFRESH MATERIALIZED VIEW notes");
    if (Array.isArray(answer)) served = 20_000 + step;
    else expect(answer).toMatchObject({ code: "53100", message: "no space is left for the cache" });
    outcomes.add(Array.isArray(answer) ? "loaded" : "refused");
    expect(await ask(client, "SELECT count(*), max(id) FROM notes")).toEqual([
      [`${served}`, `${served - 1}`],
    ]);
    expect(await ask(client, "SELECT * FROM small")).toEqual([["1"]]);
  }
  expect(outcomes).toEqual(new Set(["refused", "loaded"]));
});

test("a disk without free inodes is a full disk, too", async () => {
  await using installation = await makeInstallation({
    tables: { notes: { source: "files:notes.csv" } },
  });
  await installation.write("notes.csv", notes(1));
  await using gateway = await GatewayProcess.start(installation, { size: "24m", inodes: 100 });
  await using client = await gateway.connect();
  await untilAnswer(client, "SELECT count(*) FROM notes", [["1"]]);
  const many = join(gateway.inside(installation.cache), "many");
  await mkdir(many);
  const { ffree } = await statfs(many);
  for (let index = 0; index < ffree; index += 1) await writeFile(join(many, `${index}`), "");

  await installation.write("notes.csv", notes(2));
  expect(await ask(client, "REFRESH MATERIALIZED VIEW notes")).toMatchObject({ code: "53100" });
  expect(await ask(client, "SELECT count(*) FROM notes")).toEqual([["1"]]);

  await rm(many, { recursive: true });
  expect(await ask(client, "REFRESH MATERIALIZED VIEW notes")).toEqual([]);
  expect(await ask(client, "SELECT count(*) FROM notes")).toEqual([["2"]]);
});

test("a statement that fills the disk with its temporary data fails alone with 53100", async () => {
  await using installation = await makeInstallation({
    tables: { notes: { source: "files:notes.csv" } },
    workspace: { limits: { memory: "64MB", threads: 2 } },
  });
  await installation.write("notes.csv", notes(10));
  await using gateway = await GatewayProcess.start(installation, { size: "24m" });
  await using client = await gateway.connect();
  await untilAnswer(client, "SELECT count(*) FROM notes", [["10"]]);

  const sorted = "SELECT md5(i::text) FROM generate_series(1, 3000000) AS g(i) ORDER BY 1";
  expect(await ask(client, sorted)).toMatchObject({ code: "53100" });

  expect(await ask(client, "SELECT count(*) FROM notes")).toEqual([["10"]]);
});

test("a disk that becomes read-only serves what it has, and loads again when it is not any more", async ({
  skip,
}) => {
  if (!asRoot()) skip("only root can mount a disk of another process again");
  await using installation = await makeInstallation({
    tables: { notes: { source: "files:notes.csv" } },
  });
  await installation.write("notes.csv", notes(1));
  await using gateway = await GatewayProcess.start(installation, { size: "24m" });
  await using client = await gateway.connect();
  await untilAnswer(client, "SELECT count(*) FROM notes", [["1"]]);
  const remount = (mode: string): void => {
    const mount = ["mount", "-o", `remount,${mode}`, installation.cache];
    execFileSync("nsenter", ["-t", `${gateway.child.pid}`, "-m", ...mount]);
  };
  // A claim, or a file that is being built, would keep it from becoming so.
  await expect.poll(() => remount("ro"), { timeout: 10_000 }).toBeUndefined();

  await installation.write("notes.csv", notes(2));
  expect(await ask(client, "REFRESH MATERIALIZED VIEW notes")).toMatchObject({
    code: "58030",
    message: "the cache cannot be written: EROFS",
  });
  expect(await ask(client, "SELECT count(*) FROM notes")).toEqual([["1"]]);

  remount("rw");
  expect(await ask(client, "REFRESH MATERIALIZED VIEW notes")).toEqual([]);
  expect(await ask(client, "SELECT count(*) FROM notes")).toEqual([["2"]]);
});
