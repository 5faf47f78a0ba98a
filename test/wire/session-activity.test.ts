import { expect, test } from "vitest";
import { query } from "../support/frontend.ts";
import { startGateway, type TestGateway, USER } from "../support/gateway.ts";
import { WireClient } from "../support/wire-client.ts";

const ENDLESS = "SELECT count(*) FROM range(100000000000) AS r(i) WHERE i % 7 = 3";
const BOB = { user: "bob", password: "Warmwasser 7", database: "test" } as const;

async function run(client: WireClient, sql: string) {
  client.send(query(sql));
  return await client.untilReady();
}

async function rows(client: WireClient, sql: string): Promise<unknown[]> {
  const messages = await run(client, sql);
  expect(messages.filter(({ type }) => type === "ErrorResponse")).toEqual([]);
  return messages.filter(({ type }) => type === "DataRow").map(({ values }) => values);
}

function gatewayOfTwo(): Promise<TestGateway> {
  return startGateway({
    tables: { t: "a\n1\n" },
    workspace: { members: ["ana", "bob"] },
    settings: {
      users: { ana: { password: USER.password }, bob: { password: BOB.password } },
    },
  });
}

test("pg_stat_activity shows what each session of one's own role does", async () => {
  await using gateway = await startGateway({ tables: { t: "a\n1\n" } });
  await using idle = await gateway.connect({ application_name: "report" });
  await using open = await gateway.connect();
  await using failed = await gateway.connect();
  await using busy = await gateway.connect();
  await using viewer = await gateway.connect();
  await run(idle, "SELECT a FROM t");
  await run(open, "BEGIN");
  await run(failed, "BEGIN; SELECT 1/0");
  busy.send(query(ENDLESS));

  const activity = await rows(
    viewer,
    `SELECT state, query, wait_event, usename, datname, application_name, client_addr, backend_type,
       backend_start <= state_change, xact_start IS NOT NULL, pid = pg_backend_pid()
     FROM pg_stat_activity JOIN pg_database USING (datname) ORDER BY pid`,
  );
  await busy.cancel();

  const own = ["ana", "test", "", "127.0.0.1", "client backend", "t"];
  expect(activity).toEqual([
    ["idle", "SELECT a FROM t", "ClientRead", "ana", "test", "report", ...own.slice(3), "f", "f"],
    ["idle in transaction", "BEGIN", "ClientRead", ...own, "t", "f"],
    ["idle in transaction (aborted)", "BEGIN; SELECT 1/0", "ClientRead", ...own, "t", "f"],
    ["active", ENDLESS, null, ...own, "t", "f"],
    ["active", expect.stringContaining("wait_event"), null, ...own, "t", "t"],
  ]);
});

test("of another role's session it shows who is there, and not what it runs", async () => {
  await using gateway = await gatewayOfTwo();
  await using ana = await gateway.connect({ application_name: "secret project" });
  await using bob = await WireClient.logIn(gateway.port, BOB);
  await run(ana, "SELECT 'a secret'");

  const seen = await rows(
    bob,
    `SELECT usename, query, state, client_addr, query_start FROM pg_stat_activity
     WHERE usename = 'ana'`,
  );

  expect(seen).toEqual([["ana", "<insufficient privilege>", null, null, null]]);
});

test("another role's session can be neither cancelled nor ended", async () => {
  await using gateway = await gatewayOfTwo();
  await using ana = await gateway.connect();
  await using bob = await WireClient.logIn(gateway.port, BOB);
  const denied = (what: string) => ({
    code: "42501",
    message: `must be a member of the role whose ${what} or member of pg_signal_backend`,
  });

  for (const from of ["", " FROM pg_stat_activity WHERE usename = 'ana'"]) {
    const cancel = await run(bob, `SELECT pg_cancel_backend(${ana.processId})${from}`);
    expect(cancel[0]).toMatchObject(denied("query is being canceled"));
    const end = await run(bob, `SELECT pg_terminate_backend(${ana.processId})${from}`);
    expect(end[0]).toMatchObject(denied("process is being terminated"));
  }
  expect(await rows(ana, "SELECT 1")).toEqual([["1"]]);
});

test.each(["SELECT pg_cancel_backend(99999)", "SELECT pg_terminate_backend(99999), 1"])(
  "%s warns that there is no such session",
  async (sql) => {
    await using gateway = await startGateway();
    await using client = await gateway.connect();

    const messages = await run(client, sql);

    expect(messages[0]).toMatchObject({
      type: "NoticeResponse",
      severity: "WARNING",
      code: "01000",
      message: "PID 99999 is not a PostgreSQL backend process",
    });
    expect(messages.find(({ type }) => type === "DataRow")?.["values"]).toContain("f");
  },
);

test("pg_cancel_backend ends what another session of the role runs, also out of a query", async () => {
  await using gateway = await startGateway();
  await using busy = await gateway.connect();
  await using other = await gateway.connect();
  const canceled = expect.objectContaining({ code: "57014" });

  busy.send(query("SELECT pg_sleep(60)"));
  expect(await rows(other, `SELECT pg_cancel_backend(${busy.processId})`)).toEqual([["t"]]);
  expect((await busy.untilReady())[0]).toEqual(canceled);

  busy.send(query(ENDLESS));
  const sql = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT count%'`;
  expect(await rows(other, sql)).toEqual([["t"]]);
  expect((await busy.untilReady())[0]).toEqual(canceled);
});

test("pg_terminate_backend over pg_stat_activity ends all others, and waits for one if asked", async () => {
  await using gateway = await startGateway();
  await using first = await gateway.connect();
  await using second = await gateway.connect();
  await using busy = await gateway.connect();
  await using admin = await gateway.connect();
  const ended = expect.objectContaining({
    severity: "FATAL",
    code: "57P01",
    message: "terminating connection due to administrator command",
  });
  busy.send(query(ENDLESS));

  const sql =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()";
  expect(await rows(admin, sql)).toEqual([["t"], ["t"], ["t"]]);
  for (const client of [first, second, busy]) expect(await client.untilEnd()).toEqual([ended]);

  await using third = await gateway.connect();
  expect(await rows(admin, `SELECT pg_terminate_backend(${third.processId}, 5000)`)).toEqual([
    ["t"],
  ]);
  expect(await rows(admin, "SELECT count(*) FROM pg_stat_activity")).toEqual([["1"]]);
});

test("a session that ends itself hears why", async () => {
  await using gateway = await startGateway();
  await using client = await gateway.connect();

  client.send(query("SELECT pg_terminate_backend(pg_backend_pid())"));

  expect((await client.untilEnd()).at(-1)).toMatchObject({ severity: "FATAL", code: "57P01" });
});

test("dashboards' joins with other catalogs work", async () => {
  await using gateway = await startGateway();
  await using client = await gateway.connect();

  const counts = await rows(
    client,
    `SELECT count(*) FROM pg_stat_activity AS a LEFT JOIN pg_locks AS l ON l.pid = a.pid
       LEFT JOIN pg_stat_ssl AS s ON s.pid = a.pid JOIN pg_database AS d ON d.oid = a.datid
       JOIN pg_roles AS r ON r.oid = a.usesysid WHERE NOT s.ssl AND l.pid IS NULL
         AND a.client_addr = inet_client_addr() AND a.client_port = inet_client_port()
         AND a.backend_start > pg_postmaster_start_time()`,
  );

  expect(counts).toEqual([["1"]]);
});
