import { expect, test, vi } from "vitest";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { rows } from "../support/rows.ts";
import { type S3Server, startS3Server } from "../support/s3-server/s3-server.ts";

function gatewayOver(
  s3: S3Server,
  refresh: string,
  tables: Readonly<Record<string, unknown>>,
): Promise<TestGateway> {
  const { accessKeyId, secretAccessKey } = s3.credentials;
  const credentials = { access_key_id: accessKeyId, secret_access_key: secretAccessKey };
  const lake = { type: "s3", bucket: "lake", endpoint: s3.endpoint, credentials };
  return startGateway({ settings: { stores: { lake } }, workspace: { refresh, tables } });
}

test("a version that the source pins is served whatever is written over it", async () => {
  await using s3 = await startS3Server({ buckets: { lake: {} }, versioned: true });
  const first = s3.put("lake", "orders.csv", "id\n1\n");
  s3.put("lake", "orders.csv", "id\n1\n2\n");
  await using gateway = await gatewayOver(s3, "off", {
    pinned: { source: `s3://lake/orders.csv?versionId=${first.versionId}` },
    latest: { source: "s3://lake/orders.csv" },
  });
  await using client = await gateway.connect();

  const counts = "SELECT (SELECT count(*) FROM pinned), (SELECT count(*) FROM latest)";
  expect(await rows(client, counts)).toEqual([["1", "2"]]);
  const latest = s3.put("lake", "orders.csv", "id\n1\n2\n3\n");
  await rows(client, "REFRESH MATERIALIZED VIEW pinned");
  await rows(client, "REFRESH MATERIALIZED VIEW latest");

  expect(await rows(client, counts)).toEqual([["1", "3"]]);
  expect(
    await rows(client, "SELECT table_name, version_id FROM bucketgres.tables ORDER BY 1"),
  ).toEqual([
    ["latest", latest.versionId],
    ["pinned", first.versionId],
  ]);
});

test("one listing looks at all tables of a folder, again and again", async () => {
  const names = Array.from({ length: 12 }, (_, n) => `t${n}`);
  const objects = Object.fromEntries(names.map((name) => [`sales/${name}.csv`, "id\n1\n"]));
  await using s3 = await startS3Server({ buckets: { lake: objects } });
  await using gateway = await gatewayOver(
    s3,
    "1s",
    Object.fromEntries(names.map((name) => [name, { source: `s3://lake/sales/${name}.csv` }])),
  );
  await using client = await gateway.connect();

  s3.forgetRequests();
  await vi.waitFor(() => expect(s3.requests.length).toBeGreaterThanOrEqual(3), 20_000);
  const made = s3.requests.map(({ operation, query: { prefix } }) => `${operation} ${prefix}`);
  expect(new Set(made)).toEqual(new Set(["ListObjectsV2 sales/"]));

  s3.put("lake", "sales/t7.csv", "id\n1\n2\n");
  await vi.waitFor(async () => {
    expect(await rows(client, "SELECT count(*) FROM t7")).toEqual([["2"]]);
  }, 20_000);
});

test("a large load delays neither queries nor the refresh of other tables", async () => {
  await using s3 = await startS3Server({
    buckets: { lake: { "big.csv": "id\n1\n", "small.csv": "id\n1\n" } },
  });
  await using gateway = await gatewayOver(s3, "1s", {
    big: { source: "s3://lake/big.csv" },
    small: { source: "s3://lake/small.csv" },
  });
  await using client = await gateway.connect();
  // The object's bytes stay away until the end of the test.
  s3.faults.next({
    operation: "GetObject",
    key: "big.csv",
    fault: "stall",
    afterBytes: 0,
    times: 99,
  });
  s3.put("lake", "big.csv", "id\n1\n2\n");
  await vi.waitFor(
    () =>
      expect(s3.requests.filter(({ key }) => key === "big.csv").at(-1)?.operation).toBe(
        "GetObject",
      ),
    20_000,
  );

  s3.put("lake", "small.csv", "id\n1\n2\n3\n");
  await vi.waitFor(async () => {
    expect(await rows(client, "SELECT count(*) FROM small")).toEqual([["3"]]);
  }, 20_000);
  expect(await rows(client, "SELECT count(*) FROM big")).toEqual([["1"]]);
});
