import { expect, test } from "vitest";
import { load, workspaceOf } from "./catalog-files.ts";

test("the contract's example becomes the model", () => {
  const workspace = workspaceOf(
    `
workspace: acme
description: Sales and finance
members: [ana, bob]
limits: { memory: 2GB, threads: 4, connections: 50, statement_timeout: 60s, queue: 100, temp_disk: 10GB, result_size: 0 }
refresh: 45s
upload: { store: lake, prefix: files/ }
export: [lake:exports/]
tables:
  orders:
    source: s3://acme-data/sales/2024/*.csv
    description: One row per order line
    csv: { delimiter: ";", quote: '"', escape: '"', header: true, skip: 0, skip_footer: 0, comment: "#", null: ["", "NA"], encoding: utf-8, decimal: ",", thousands: ".", date_format: "%d.%m.%Y", true: ["ja"], false: ["nein"], compression: auto, max_line_size: 16MB }
    columns:
      order_id: { type: int8 }
      amount: { type: decimal( 12 , 2 ), description: Net, in euro }
      internal_note: { hidden: true }
      Kunde: { name: customer_id }
    primary_key: [order_id]
    foreign_keys: [{ columns: [customer_id], references: customers(id) }]
    on_bad_value: fail
  customers: { source: "lake:c.csv?versionId=v1", refresh: off, names: as_is }
  finance.ledger: { source: lake:finance/ledger.tsv.gz, refresh: 5m }
  budget:
    source: lake:finance/budget.xlsx
    xlsx: { sheet: "2024", range: "B3:H", header: true, header_row: 3, skip_footer: 1 }
  '"odd.name"': { source: lake:odd.dat, format: txt }
views:
  monthly:
    description: Revenue by month
    sql: SELECT date_trunc('month', ordered_at) AS month, sum(amount) AS revenue FROM orders GROUP BY 1;
`,
  );
  expect(workspace).toMatchObject({
    name: "acme",
    description: "Sales and finance",
    members: new Set(["ana", "bob"]),
    limits: {
      memoryBytes: 2 * 1024 ** 3,
      threads: 4,
      connections: 50,
      statementTimeoutMs: 60_000,
      queue: 100,
      tempDiskBytes: 10 * 1024 ** 3,
      resultSizeBytes: 0,
    },
    upload: { store: "lake", prefix: "files/" },
    exportTargets: [{ store: "lake", prefix: "exports/" }],
  });
  const [orders, customers, ledger, budget, odd] = workspace.tables;
  expect(orders).toMatchObject({
    schema: "public",
    name: "orders",
    source: { store: "lake", pattern: "sales/2024/*.csv", isGlob: true, versionId: undefined },
    options: { format: "csv", csv: { null: ["", "NA"], true: ["ja"], thousands: "." } },
    names: "normalized",
    primaryKey: ["order_id"],
    foreignKeys: [
      {
        columns: ["customer_id"],
        references: { schema: "public", table: "customers", columns: ["id"] },
      },
    ],
    onBadValue: "fail",
    refreshMs: 45_000,
  });
  expect(Object.fromEntries(orders?.columns ?? [])).toEqual({
    order_id: { type: "bigint", hidden: false },
    amount: { type: "numeric(12,2)", description: "Net, in euro", hidden: false },
    internal_note: { hidden: true },
    Kunde: { name: "customer_id", hidden: false },
  });
  expect(customers).toMatchObject({
    source: { pattern: "c.csv", versionId: "v1", isGlob: false },
    names: "as_is",
    refreshMs: undefined,
    onBadValue: "reject",
  });
  expect(ledger).toMatchObject({
    schema: "finance",
    name: "ledger",
    options: { format: "tsv" },
    refreshMs: 300_000,
  });
  expect(budget?.options).toMatchObject({ format: "xlsx", xlsx: { sheet: "2024", header_row: 3 } });
  expect(odd).toMatchObject({ schema: "public", name: "odd.name", options: { format: "txt" } });
  expect(workspace.views[0]?.sql).toMatch(/GROUP BY 1$/);
});

test.each([
  ["lake:a/b.csv", false],
  ["lake:a [b.csv", false],
  ["lake:{x}.csv", false],
  ["lake:a/*.csv", true],
  ["lake:a?.csv", true],
  ["lake:**/a.csv", true],
  ["lake:[ab].csv", true],
  ["lake:{a,b}.csv", true],
  // The backslash makes it a pattern for one key that has a star in its name.
  ["lake:a\\*.csv", true],
])("whether %j is a pattern: %j", (source, isGlob) => {
  const yaml = `tables: { t: { source: '${source}' } }`;
  expect(workspaceOf(yaml).tables[0]?.source.isGlob).toBe(isGlob);
});

test("what is not said has a default", () => {
  const workspace = workspaceOf("tables: { t: { source: samples:t.csv } }");
  expect(workspace).toMatchObject({
    name: "acme",
    members: new Set(),
    limits: { memoryBytes: undefined, statementTimeoutMs: 0, queue: 100, resultSizeBytes: 0 },
    upload: undefined,
    exportTargets: [],
    tables: [{ refreshMs: 30_000, onBadValue: "reject", names: "normalized", primaryKey: [] }],
  });
});

test("features that come later are named, each with its file", () => {
  const loaded = load({
    "a.yaml": "upload: { store: lake }\nexport: [lake:x/]\nlimits: { queue: 5, result_size: 1GB }",
  });
  expect(loaded).toMatchObject({
    notYet: [
      { key: "upload", message: "upload in a.yaml is accepted, but has no effect yet" },
      { key: "export", message: "export in a.yaml is accepted, but has no effect yet" },
      { key: "limits.queue", message: "limits.queue in a.yaml is accepted, but has no effect yet" },
      { key: "limits.result_size" },
    ],
  });
});
