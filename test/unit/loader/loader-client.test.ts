import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { TableDefinition } from "../../../src/catalog/catalog.ts";
import type { StoreName, WorkspaceName } from "../../../src/core/brands.ts";
import { createLoader, type LoaderClient } from "../../../src/loader/loader-client.ts";
import { createLogger } from "../../../src/observe/logger.ts";
import type { StoreOptions } from "../../../src/store/create-store.ts";
import { csvTable, readTable } from "./load-files.ts";

const ACME = "acme" as WorkspaceName;
const FILES = "files" as StoreName;
const STUCK = "stuck" as StoreName;
const SECRET = "a-secret-of-the-store";

interface Place {
  readonly loader: LoaderClient;
  readonly files: string;
  /** When the store that never sends an object has been asked for one. */
  readonly asked: (times?: number) => Promise<unknown>;
}

/** A loader with a directory, and an S3 store that has objects and never sends one. */
async function makePlace(): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), "bucketgres-loader-"));
  let gets = 0;
  const server = createServer((request, response) => {
    if (request.method !== "HEAD") gets += 1;
    else response.writeHead(200, { etag: '"a"', "content-length": "9" }).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A server that listens on TCP has an address of this kind.
  const { port } = server.address() as AddressInfo;
  const stores = new Map<StoreName, StoreOptions>([
    [FILES, { type: "directory", path: directory }],
    [
      STUCK,
      {
        type: "s3",
        bucket: "bucket",
        region: "us-east-1",
        endpoint: `http://127.0.0.1:${port}`,
        pathStyle: true,
        credentials: { accessKeyId: "key", secretAccessKey: SECRET },
      },
    ],
  ]);
  const loader = createLoader({
    stores,
    cacheDirectory: join(directory, "cache"),
    cacheSizeBytes: 1e9,
    memoryBytes: 1024 ** 3,
    log: createLogger({ level: "silent" }),
  });
  onTestFinished(async () => {
    await loader.close();
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true, force: true });
  });
  return {
    loader,
    files: directory,
    asked: (times = 1) => vi.waitFor(() => expect(gets).toBeGreaterThanOrEqual(times), 30_000),
  };
}

function inStore(store: StoreName, key: string): TableDefinition {
  const table = csvTable(key);
  return { ...table, source: { ...table.source, store } };
}

const FOREVER = { signal: new AbortController().signal };

test("a table definition with its Maps reaches the loader process, and the entry comes back", async () => {
  const { loader, files } = await makePlace();
  await writeFile(join(files, "a.csv"), "id,v\n1,x\n");
  const table = csvTable("a.csv", { columns: { id: { type: "numeric(5,1)" } } });

  const outcome = await loader.load({ workspace: ACME, table, known: undefined }, FOREVER);

  if (outcome.outcome !== "loaded") throw new Error(JSON.stringify(outcome));
  expect(outcome.entry.columns.map(({ duckdbType }) => duckdbType)).toEqual([
    "DECIMAL(5,1)",
    "VARCHAR",
  ]);
  expect(outcome.entry.loadedAt).toBeInstanceOf(Date);
  expect((await readTable(outcome.entry.path)).rows).toEqual([["1.0", "x"]]);
  const known = outcome.entry.source;
  expect(await loader.load({ workspace: ACME, table, known }, FOREVER)).toEqual({
    outcome: "unchanged",
  });
});

test("when the process dies its loads fail with 57P02, and the next load has a new process", async () => {
  const { loader, files, asked } = await makePlace();
  await writeFile(join(files, "a.csv"), "id\n1\n");
  const loading = loader.load(
    { workspace: ACME, table: inStore(STUCK, "a.csv"), known: undefined },
    FOREVER,
  );
  const failed = loading.catch((error: unknown) => error);
  await asked();
  const first = loader.processId;
  process.kill(first ?? 0, "SIGKILL");
  expect(await failed).toMatchObject({ sqlstate: "57P02" });

  const table = inStore(FILES, "a.csv");
  expect(await loader.load({ workspace: ACME, table, known: undefined }, FOREVER)).toMatchObject({
    outcome: "loaded",
    entry: { rowCount: 1 },
  });
  expect(loader.processId).not.toBe(first);
});

test("who waited for a turn when the process died gets it in the next one", async () => {
  const { loader, files, asked } = await makePlace();
  await writeFile(join(files, "a.csv"), "id\n1\n");
  // As many as may be loaded at a time, each looked at by itself.
  const stuck = ["a/1.csv", "b/1.csv", "c/1.csv"].map((key) =>
    loader
      .load({ workspace: ACME, table: inStore(STUCK, key), known: undefined }, FOREVER)
      .catch((error: unknown) => error),
  );
  await asked(stuck.length);
  const waiting = loader.load(
    { workspace: ACME, table: csvTable("a.csv"), known: undefined },
    FOREVER,
  );
  process.kill(loader.processId ?? 0, "SIGKILL");

  expect(await waiting).toMatchObject({ outcome: "loaded", entry: { rowCount: 1 } });
  expect(await Promise.race(stuck)).toMatchObject({ sqlstate: "57P02" });
});

test("an abort ends a load with its reason, also one that waits for its turn", async () => {
  const { loader, asked } = await makePlace();
  const aborting = new AbortController();
  const reason = new Error("enough");
  const loads = ["a.csv", "b.csv", "c.csv"].map((key) =>
    loader.load({ workspace: ACME, table: inStore(STUCK, key), known: undefined }, aborting),
  );
  const ended = Promise.all(loads.map((load) => expect(load).rejects.toBe(reason)));
  await asked();
  aborting.abort(reason);
  await ended;
});

test("the stores' secrets are in neither the arguments nor the environment of the process", async () => {
  const { loader, asked } = await makePlace();
  const aborting = new AbortController();
  const loading = loader.load(
    { workspace: ACME, table: inStore(STUCK, "a.csv"), known: undefined },
    aborting,
  );
  await asked();
  const pid = loader.processId;
  const visible = `${await readFile(`/proc/${pid}/cmdline`, "utf8")}${await readFile(`/proc/${pid}/environ`, "utf8")}`;
  expect(visible).toContain("main");
  expect(visible).not.toContain(SECRET);
  expect(await readFile(`/proc/${pid}/limits`, "utf8")).toMatch(/Max data size +2147483648 /);
  aborting.abort(new Error("enough"));
  await expect(loading).rejects.toThrowError("enough");
});

test("after close nothing is loaded any more", async () => {
  const { loader, files } = await makePlace();
  await writeFile(join(files, "a.csv"), "id\n1\n");
  await loader.close();
  const table = inStore(FILES, "a.csv");
  await expect(
    loader.load({ workspace: ACME, table, known: undefined }, FOREVER),
  ).rejects.toMatchObject({ sqlstate: "57P01" });
});
