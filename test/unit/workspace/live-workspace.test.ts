import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { TableDefinition, Workspace } from "../../../src/catalog/catalog.ts";
import type { RoleName, WorkspaceName } from "../../../src/core/brands.ts";
import { PgError } from "../../../src/core/pg-error.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import type { Loader, LoadOutcome, SheetsOutcome } from "../../../src/loader/loader.ts";
import { createLogger } from "../../../src/observe/logger.ts";
import { LiveWorkspace } from "../../../src/workspace/live-workspace.ts";
import { csvTable } from "../loader/load-files.ts";

const ACME = "acme" as WorkspaceName;
const FAILED: LoadOutcome = {
  outcome: "failed",
  error: new PgError("undefined_file", "there is no file").toFields(),
};

/** Doubles at our own borders: the engine and the loader are processes of their own. */
interface Doubles {
  readonly configure: Engine["configure"];
  readonly load?: Loader["load"];
  readonly listSheets?: Loader["listSheets"];
}

interface Place {
  readonly workspace: LiveWorkspace;
  /** What was called, in order. */
  readonly calls: string[];
}

async function place(tables: readonly TableDefinition[], doubles: Doubles): Promise<Place> {
  const cacheDirectory = await mkdtemp(join(tmpdir(), "bucketgres-workspace-"));
  onTestFinished(() => rm(cacheDirectory, { recursive: true, force: true }));
  const calls: string[] = [];
  const unused = (): never => {
    throw new Error("not asked for");
  };
  const definition: Workspace = {
    name: ACME,
    description: undefined,
    members: new Set(["ana" as RoleName]),
    limits: {
      memoryBytes: undefined,
      threads: undefined,
      connections: undefined,
      statementTimeoutMs: 0,
      queue: 1,
      tempDiskBytes: undefined,
      resultSizeBytes: 0,
    },
    upload: undefined,
    exportTargets: [],
    tables,
    views: [],
    file: "acme.yaml",
  };
  const workspace = new LiveWorkspace(definition, {
    engine: {
      configure: doubles.configure,
      remove: async () => void calls.push("engine removed"),
      describe: unused,
      endTransaction: unused,
      openSession: unused,
      endSessionTransaction: unused,
      closeSession: unused,
      open: unused,
      copyIn: unused,
      close: unused,
    },
    loader: {
      load: doubles.load ?? (async () => FAILED),
      listSheets: doubles.listSheets ?? unused,
      close: unused,
    },
    shadow: {
      update: () => undefined,
      remove: async () => void calls.push("shadow removed"),
      warm: async () => void calls.push("shadow warmed"),
    },
    looked: (_workspace, outcome) => calls.push(`looked: ${outcome}`),
    cacheDirectory,
    defaults: { memoryBytes: 1e9, threads: 1, tempDiskBytes: 1e9 },
    log: createLogger({ level: "silent" }),
  });
  return { workspace, calls };
}

const TABLE = csvTable("orders.csv");
const BOOK: TableDefinition = {
  ...csvTable("book.xlsx"),
  name: "book",
  options: { format: "xlsx", xlsx: { sheets: "all" } },
};

test("tables are looked at, sessions go on and the workspace can be removed though the engine fails", async () => {
  const { workspace, calls } = await place([TABLE], {
    configure: () => Promise.reject(new PgError("admin_shutdown", "the engine has ended")),
  });
  const opened = workspace.opened();

  await workspace.start().catch(() => undefined);
  await opened;
  expect(workspace.tables[0]?.state.name).toBe("failed");
  await workspace.close();

  expect(calls).toEqual(["shadow warmed", "looked: failed", "engine removed", "shadow removed"]);
});

test("a refresh waits for a look that began after it was asked for", async () => {
  const begun: (() => void)[] = [];
  const { workspace } = await place([TABLE], {
    configure: async () => ({ views: [], unattached: [] }),
    load: () => new Promise((resolve) => begun.push(() => resolve(FAILED))),
  });
  const started = workspace.start();
  await vi.waitFor(() => expect(begun).toHaveLength(1));
  const signal = new AbortController().signal;
  const refreshed = Promise.allSettled([
    workspace.refresh("public", "orders", signal),
    workspace.refresh("public", "orders", signal),
  ]);

  begun[0]?.();
  await started;
  await vi.waitFor(() => expect(begun).toHaveLength(2));
  begun[1]?.();

  expect(await refreshed).toMatchObject([
    { reason: { sqlstate: "58P01" } },
    { reason: { sqlstate: "58P01" } },
  ]);
  expect(begun).toHaveLength(2);
  await workspace.close();
});

test("a workbook that is closed while it is listed makes no tables", async () => {
  let listed: (outcome: SheetsOutcome) => void = () => undefined;
  let loads = 0;
  const { workspace } = await place([BOOK], {
    configure: async () => ({ views: [], unattached: [] }),
    load: async () => {
      loads += 1;
      return FAILED;
    },
    listSheets: () =>
      new Promise((resolve) => {
        listed = resolve;
      }),
  });
  const started = workspace.start();
  await vi.waitFor(() => expect(listed.length).toBe(1));

  await workspace.close();
  listed({
    outcome: "listed",
    sheets: ["a"],
    source: {
      identity: "1",
      objectCount: 1,
      bytes: 1,
      etag: "1",
      versionId: undefined,
      lastModified: new Date(0),
    },
  });
  await started;

  expect(loads).toBe(0);
  expect(workspace.tables.map(({ state }) => state.name)).toEqual(["loading"]);
});
