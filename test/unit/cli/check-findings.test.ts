import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { CacheEntry } from "../../../src/cache/cache-entry.ts";
import type { TableDefinition } from "../../../src/catalog/catalog.ts";
import { checkStore, checkTable, isUnusable } from "../../../src/cli/check-findings.ts";
import { checkJson, checkText } from "../../../src/cli/check-report.ts";
import type { StoreName, WorkspaceName } from "../../../src/core/brands.ts";
import { PgError } from "../../../src/core/pg-error.ts";
import type { Loader, LoadOutcome } from "../../../src/loader/loader.ts";
import { createStore } from "../../../src/store/create-store.ts";

// Names of a checked catalog.
const SAMPLES = "samples" as StoreName;
const DEMO = "demo" as WorkspaceName;
const never = new AbortController().signal;

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "bucketgres-check-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

function table(name: string, schema = "public"): TableDefinition {
  return {
    schema,
    name,
    description: undefined,
    source: {
      text: `samples:${name}.csv`,
      store: SAMPLES,
      pattern: `${name}.csv`,
      isGlob: false,
      versionId: undefined,
    },
    options: { format: "csv", csv: {} },
    columns: new Map(),
    names: "normalized",
    primaryKey: [],
    foreignKeys: [],
    onBadValue: "reject",
    refreshMs: undefined,
  };
}

const ENTRY: CacheEntry = {
  path: "/cache/x.duckdb",
  columns: [
    { name: "id", duckdbType: "BIGINT", header: "id", notNull: true },
    { name: "total", duckdbType: "DECIMAL(12,2)", header: "Total", notNull: false },
  ],
  rowCount: 1000,
  rejectedCount: 3,
  warnings: ["column ordered: day and month cannot be told apart"],
  source: {
    identity: "x",
    objectCount: 1,
    bytes: 12_345,
    etag: "x",
    versionId: undefined,
    lastModified: new Date(0),
  },
  loadedAt: new Date(0),
  loadMs: 1,
  fileBytes: 1,
};

function loaderOf(load: () => Promise<LoadOutcome>): Loader {
  const listSheets = (): never => {
    throw new Error("not asked for");
  };
  return { load, listSheets, close: async () => undefined };
}

test("a store with files can be listed and read", async () => {
  const store = createStore(SAMPLES, {
    type: "directory",
    path: await folderWith({ "empty.csv": "", "orders.csv": "id\n1\n" }),
  });

  const finding = await checkStore(SAMPLES, store, never);

  expect(finding).toMatchObject({ list: { outcome: "ok" }, read: { outcome: "ok" } });
  expect(isUnusable(finding)).toBe(false);
});

test("reading is not tested where there is nothing to read", async () => {
  const store = createStore(SAMPLES, { type: "directory", path: await folderWith({}) });

  const finding = await checkStore(SAMPLES, store, never);

  expect(finding).toMatchObject({ list: { outcome: "ok" }, read: { outcome: "untested" } });
  expect(isUnusable(finding)).toBe(false);
});

test("a store that cannot be listed says why", async () => {
  const path = join(await folderWith({}), "missing");
  const store = createStore(SAMPLES, { type: "directory", path });

  const finding = await checkStore(SAMPLES, store, never);

  expect(finding.list).toMatchObject({
    outcome: "failed",
    error: { message: expect.stringContaining("missing") },
  });
  expect(finding.read).toEqual({ outcome: "untested" });
  expect(isUnusable(finding)).toBe(true);
});

test("a table that loads is usable, whatever was rejected in it", async () => {
  const loader = loaderOf(async () => ({ outcome: "loaded", entry: ENTRY }));

  const finding = await checkTable(loader, DEMO, table("orders"), never);

  expect(finding.result).toEqual({ outcome: "ok", entry: ENTRY });
  expect(isUnusable(finding)).toBe(false);
});

test("a table that fails, or whose loader dies, is not; the reason is kept", async () => {
  const error = new PgError("undefined_file", "no such object", { hint: "Look at the name." });
  const failing = loaderOf(async () => ({ outcome: "failed", error: error.toFields() }));
  const dying = loaderOf(() => Promise.reject(error));

  for (const loader of [failing, dying]) {
    const finding = await checkTable(loader, DEMO, table("orders"), never);
    expect(finding.result).toMatchObject({
      outcome: "failed",
      error: { sqlstate: "58P01", message: "no such object", hint: "Look at the name." },
    });
    expect(isUnusable(finding)).toBe(true);
  }
});

test("a bug in a loader is not a finding", async () => {
  const loader = loaderOf(() => Promise.reject(new TypeError("x is not a function")));

  await expect(checkTable(loader, DEMO, table("orders"), never)).rejects.toThrow(TypeError);
});

const FINDINGS = {
  file: "/etc/bucketgres.yaml",
  stores: [
    {
      name: SAMPLES,
      where: "/data",
      list: { outcome: "ok" },
      read: {
        outcome: "failed",
        error: { sqlstate: "58030", message: 'cannot read "orders.csv"', hint: "Give the right." },
      },
    },
  ],
  tables: [
    { workspace: DEMO, table: table("orders"), result: { outcome: "ok", entry: ENTRY } },
    {
      workspace: DEMO,
      table: table("ledger", "finance"),
      result: {
        outcome: "failed",
        error: { sqlstate: "58P01", message: "no such object", detail: "a detail" },
      },
    },
  ],
  views: [
    {
      workspace: DEMO,
      view: { schema: "public", name: "monthly" },
      result: { outcome: "ok", columns: [{ name: "month", duckdbType: "DATE" }] },
    },
    {
      workspace: DEMO,
      view: { schema: "finance", name: "broken" },
      result: {
        outcome: "failed",
        error: { sqlstate: "55000", message: "no such column", hint: "Mend it." },
      },
    },
  ],
} as const;

test("for people it is aligned tables, then the columns, then what is wrong", () => {
  expect(checkText(FINDINGS)).toBe(`Configuration: /etc/bucketgres.yaml: ok

STORE    LIST  READ    WHERE
samples  ok    failed  /data

TABLE                STATE   ROWS  REJECTED  COLUMNS  SOURCE
demo.orders          ready   1000         3        2  samples:orders.csv
demo.finance.ledger  failed     -         -        -  samples:ledger.csv

VIEW                 STATE   COLUMNS
demo.monthly         ready         1
demo.finance.broken  failed        -

demo.orders: id bigint, total numeric(12,2)
demo.monthly: month date

store samples: cannot read "orders.csv"
  Give the right.
demo.orders: warning: column ordered: day and month cannot be told apart
demo.finance.ledger: no such object (a detail)
demo.finance.broken: no such column
  Mend it.
`);
});

test("without stores and tables there are no empty tables", () => {
  expect(checkText({ file: "x.yaml", stores: [], tables: [], views: [] })).toBe(
    "Configuration: x.yaml: ok\n",
  );
});

test("for programs it is JSON with the same facts", () => {
  expect(JSON.parse(checkJson(FINDINGS))).toEqual({
    configuration: { file: "/etc/bucketgres.yaml", problems: [] },
    stores: [
      {
        name: "samples",
        where: "/data",
        list: { outcome: "ok" },
        read: {
          outcome: "failed",
          error: {
            sqlstate: "58030",
            message: 'cannot read "orders.csv"',
            hint: "Give the right.",
          },
        },
      },
    ],
    tables: [
      {
        workspace: "demo",
        schema: "public",
        name: "orders",
        source: "samples:orders.csv",
        state: "ready",
        rows: 1000,
        rejected: 3,
        bytes: 12_345,
        columns: [
          { name: "id", type: "bigint" },
          { name: "total", type: "numeric(12,2)" },
        ],
        warnings: ["column ordered: day and month cannot be told apart"],
      },
      {
        workspace: "demo",
        schema: "finance",
        name: "ledger",
        source: "samples:ledger.csv",
        state: "failed",
        error: { sqlstate: "58P01", message: "no such object", detail: "a detail" },
      },
    ],
    views: [
      {
        workspace: "demo",
        schema: "public",
        name: "monthly",
        state: "ready",
        columns: [{ name: "month", type: "date" }],
      },
      {
        workspace: "demo",
        schema: "finance",
        name: "broken",
        state: "failed",
        error: { sqlstate: "55000", message: "no such column", hint: "Mend it." },
      },
    ],
  });
});
