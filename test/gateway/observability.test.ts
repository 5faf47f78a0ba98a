import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { bind, execute, parse, query, sync } from "../support/frontend.ts";
import { startGateway, type TestGateway, USER } from "../support/gateway.ts";
import { WireClient } from "../support/wire-client.ts";

const HTTP = { host: "127.0.0.1", port: 0 };

async function get(
  gateway: TestGateway,
  path: string,
): Promise<{ readonly status: number; readonly body: string }> {
  const answer = await fetch(new URL(path, gateway.gateway.httpUrl));
  return { status: answer.status, body: await answer.text() };
}

test("the metrics count what happened: loads, logins, statements and what they sent", async () => {
  await using gateway = await startGateway({
    tables: { t: "a\n1\n2\n" },
    workspace: {
      tables: { t: { source: "files:t.csv" }, lost: { source: "files:lost.csv" } },
      limits: { connections: 1 },
    },
    settings: { http: HTTP },
  });
  await using client = await gateway.connect();
  client.send(
    query("SELECT a FROM t"),
    query("SELECT nope FROM t"),
    query("REFRESH MATERIALIZED VIEW t"),
  );
  for (let answer = 0; answer < 3; answer += 1) await client.untilReady();
  await using wrong = await WireClient.open(gateway.port);
  await wrong.authenticate({ ...USER, password: "wrong" });
  await using tooMany = await WireClient.open(gateway.port);
  await tooMany.authenticate(USER);

  await vi.waitFor(async () => {
    const { body } = await get(gateway, "/metrics");
    for (const line of [
      'bucketgres_table_loads_total{workspace="test",outcome="loaded"} 1',
      'bucketgres_table_loads_total{workspace="test",outcome="unchanged"} 1',
      'bucketgres_table_loads_total{workspace="test",outcome="failed"} 1',
      'bucketgres_table_load_seconds_count{workspace="test"} 1',
      "bucketgres_connections 1",
      'bucketgres_connections_total{outcome="accepted"} 1',
      'bucketgres_connections_total{outcome="failed"} 1',
      'bucketgres_connections_total{outcome="rejected"} 1',
      'bucketgres_auth_failures_total{reason="password"} 1',
      'bucketgres_statements_total{workspace="test",sqlstate_class="00"} 2',
      'bucketgres_statements_total{workspace="test",sqlstate_class="42"} 1',
      'bucketgres_rows_sent_total{workspace="test"} 2',
    ]) {
      expect(body.split("\n")).toContain(line);
    }
  }, 10_000);
});

test("a client that does not log in in time is counted as such", async () => {
  await using gateway = await startGateway({
    settings: { http: HTTP, limits: { authentication_timeout: "1s" } },
  });
  await using client = await WireClient.open(gateway.port);

  await client.untilEnd();

  await vi.waitFor(async () => {
    const { body } = await get(gateway, "/metrics");
    expect(body).toContain('bucketgres_auth_failures_total{reason="timeout"} 1\n');
  });
});

test("it is ready while every store answers, and says which does not", async () => {
  await using gateway = await startGateway({ tables: { t: "a\n1\n" }, settings: { http: HTTP } });
  const ready = await get(gateway, "/readyz");

  await rm(join(gateway.folder, "data"), { recursive: true });
  const broken = await get(gateway, "/readyz");

  expect(ready.status).toBe(200);
  expect(JSON.parse(ready.body)).toEqual({
    ready: true,
    checks: { configuration: "ok", catalog: "ok", "store files": "ok" },
  });
  expect(broken.status).toBe(503);
  expect(JSON.parse(broken.body).checks["store files"]).toContain("does not exist");
  expect((await get(gateway, "/healthz")).status).toBe(200);
});

test("the text of statements is logged only where that was asked for, and parameters never", async () => {
  for (const statements of [false, true]) {
    await using gateway = await startGateway({
      tables: { t: "a\nx\n" },
      settings: { log: { level: "debug", statements } },
    });
    await using client = await gateway.connect();

    client.send(
      parse("SELECT a AS marked FROM t WHERE a = $1"),
      bind({ values: ["only a parameter"] }),
      execute(),
      sync(),
    );
    await client.untilReady();

    expect(gateway.log().includes("AS marked")).toBe(statements);
    expect(gateway.log()).not.toContain("only a parameter");
  }
});
