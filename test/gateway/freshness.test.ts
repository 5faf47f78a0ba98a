import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { query } from "../support/frontend.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { rows } from "../support/rows.ts";
import { startS3Server } from "../support/s3-server/s3-server.ts";

test("a file that is replaced on S3 shows without a restart", async () => {
  await using s3 = await startS3Server({ buckets: { lake: { "sales/orders.csv": "id\n1\n" } } });
  await using gateway = await startGateway({
    settings: {
      stores: {
        lake: {
          type: "s3",
          bucket: "lake",
          endpoint: s3.endpoint,
          credentials: yamlCredentials(s3.credentials),
        },
      },
    },
    workspace: { refresh: "1s", tables: { orders: { source: "s3://lake/sales/orders.csv" } } },
  });
  await using client = await gateway.connect();
  expect(await rows(client, "SELECT id FROM orders")).toEqual([["1"]]);

  s3.put("lake", "sales/orders.csv", "id,extra\n1,a\n2,b\n");

  await vi.waitFor(
    async () =>
      expect(await rows(client, "SELECT id, extra FROM orders ORDER BY id")).toEqual([
        ["1", "a"],
        ["2", "b"],
      ]),
    {
      timeout: 20_000,
      interval: 100,
    },
  );
});

test("a broken new version leaves the last good one in place and says why", async () => {
  await using gateway = await startGateway({
    tables: {
      orders: { content: "id\n1\n", columns: { id: { type: "bigint" } }, on_bad_value: "fail" },
    },
  });
  await using client = await gateway.connect();

  await gateway.write("orders.csv", "id\n1\nnot a number\n");
  const [refused] = await rows(client, "REFRESH MATERIALIZED VIEW orders");

  expect(refused).toMatchObject({ type: "ErrorResponse" });
  expect(await rows(client, "SELECT id FROM orders")).toEqual([["1"]]);
  const [state] = await rows(
    client,
    "SELECT state, row_count, error IS NOT NULL FROM bucketgres.tables WHERE table_name = 'orders'",
  );
  expect(state).toEqual(["stale", "1", "t"]);
});

test("REFRESH MATERIALIZED VIEW answers when the new version is visible", async () => {
  await using gateway = await startGateway({ tables: { orders: "id\n1\n" } });
  await using client = await gateway.connect();

  await gateway.write("orders.csv", "id\n1\n2\n3\n");
  client.send(query("REFRESH MATERIALIZED VIEW orders"));

  expect((await client.untilReady())[0]).toEqual({
    type: "CommandComplete",
    tag: "REFRESH MATERIALIZED VIEW",
  });
  expect(await rows(client, "SELECT count(*) FROM orders")).toEqual([["3"]]);
});

test("a table whose columns have changed has the new ones, and says so", async () => {
  await using gateway = await startGateway({ tables: { orders: "id,total\n1,9.5\n" } });
  await using client = await gateway.connect();
  const hint = "SELECT state, hint FROM bucketgres.tables";
  expect(await rows(client, hint)).toEqual([["ready", null]]);

  await gateway.write("orders.csv", "id,net\nx,9\n");
  await rows(client, "REFRESH MATERIALIZED VIEW orders");

  expect(await rows(client, "SELECT id, net FROM orders")).toEqual([["x", "9"]]);
  expect(await rows(client, hint)).toEqual([
    [
      "ready",
      'the columns have changed: added "net"; removed "total"; other types for "id" (bigint to text)',
    ],
  ]);
  expect(await rows(client, "SELECT total FROM orders")).toMatchObject([{ code: "42703" }]);
  await gateway.write("orders.csv", "id,net\ny,10\n");
  await rows(client, "REFRESH MATERIALIZED VIEW orders");
  expect(await rows(client, hint)).toEqual([["ready", null]]);
});

test("a table whose file is missing is listed and answers with the reason, and others work", async () => {
  await using gateway = await startGateway({
    tables: { good: "a\n1\n" },
    workspace: {
      tables: { good: { source: "files:good.csv" }, lost: { source: "files:lost.csv" } },
    },
  });
  await using client = await gateway.connect();

  const [failure] = await rows(client, "SELECT * FROM lost");
  const [joined] = await rows(client, "SELECT count(*) FROM good JOIN lost USING (a)");

  expect(failure).toMatchObject({
    type: "ErrorResponse",
    code: "55000",
    message: expect.stringContaining('table "lost" has no data'),
  });
  expect(joined).toMatchObject({ code: "55000" });
  expect(await rows(client, "SELECT * FROM good")).toEqual([["1"]]);
  expect(await rows(client, "SELECT table_name, state FROM bucketgres.tables ORDER BY 1")).toEqual([
    ["good", "ready"],
    ["lost", "failed"],
  ]);
  await gateway.write("lost.csv", "b\n2\n");
  await rows(client, "REFRESH MATERIALIZED VIEW lost");
  expect(await rows(client, "SELECT * FROM lost")).toEqual([["2"]]);
});

test("cells that do not fit are NULL, listed with their place, and counted", async () => {
  await using gateway = await startGateway({
    tables: { t: { content: "id,n\n1,5\n2,five\n", columns: { n: { type: "integer" } } } },
  });
  await using client = await gateway.connect();

  expect(await rows(client, "SELECT id, n FROM t ORDER BY id")).toEqual([
    ["1", "5"],
    ["2", null],
  ]);
  expect(
    await rows(
      client,
      "SELECT table_name, file, row_number, column_name, value FROM bucketgres.rejects",
    ),
  ).toEqual([["t", "t.csv", "3", "n", "five"]]);
  expect(await rows(client, "SELECT rejected FROM bucketgres.tables")).toEqual([["1"]]);
});

test("a changed catalog is taken over while sessions go on, and a broken one is not", async () => {
  await using gateway = await startGateway({ tables: { orders: "id\n1\n" } });
  await using client = await gateway.connect();
  await gateway.write("more.csv", "x\n7\n");

  await gateway.writeWorkspace({
    tables: { orders: { source: "files:orders.csv" }, more: { source: "files:more.csv" } },
  });
  await vi.waitFor(async () => expect(await rows(client, "SELECT x FROM more")).toEqual([["7"]]), {
    timeout: 20_000,
    interval: 100,
  });
  await gateway.writeWorkspace("workspace: test\nmembers: [ana]\ntabels: {}\n");
  await logged(gateway, "configuration has a problem");

  expect(gateway.log()).toContain('test.yaml:3:1: unknown key \\"tabels\\"');
  expect(await rows(client, "SELECT x FROM more")).toEqual([["7"]]);
});

test("a workspace that is taken out of the catalog ends its sessions and no others", async () => {
  await using gateway = await startGateway({
    tables: { t: "a\n1\n" },
    files: { "other.yaml": "workspace: other\nmembers: [ana]\ntables: {}\n" },
  });
  await using client = await gateway.connect();

  await gateway.writeWorkspace("workspace: renamed\nmembers: [ana]\ntables: {}\n");

  expect(await client.untilEnd()).toMatchObject([
    { type: "ErrorResponse", severity: "FATAL", code: "57P01" },
  ]);
});

async function logged(gateway: TestGateway, text: string): Promise<void> {
  await vi.waitFor(() => expect(gateway.log()).toContain(text), { timeout: 20_000, interval: 50 });
}

function yamlCredentials(credentials: {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}): Record<string, string> {
  return { access_key_id: credentials.accessKeyId, secret_access_key: credentials.secretAccessKey };
}

test("the cache may be deleted while the gateway runs", async () => {
  await using gateway = await startGateway({ tables: { orders: "id\n1\n" } });
  await using client = await gateway.connect();

  await rm(join(gateway.folder, "cache", "test"), { recursive: true, force: true });
  process.kill(Number(await gateway.gateway.engine.processId()), "SIGKILL");
  await vi.waitFor(
    async () =>
      expect((await rows(client, "SELECT id FROM orders"))[0]).toMatchObject({ code: "55000" }),
    {
      timeout: 20_000,
      interval: 100,
    },
  );
  await rows(client, "REFRESH MATERIALIZED VIEW orders");

  expect(await rows(client, "SELECT id FROM orders")).toEqual([["1"]]);
});
