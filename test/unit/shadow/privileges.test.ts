import { afterAll, beforeAll, expect, test } from "vitest";
import {
  ACME,
  context,
  failure,
  model,
  rowsOf,
  shadowPool,
  statement,
  table,
} from "./shadow-fixture.ts";

const pool = shadowPool();
beforeAll(() => pool.update(ACME, model({ tables: [table("orders", { id: "bigint" })] })));
afterAll(() => pool.close());

test.each([
  [
    "SELECT bucketgres_builtin_set_config('session_authorization', 'bucketgres_admin', false)",
    "42501",
  ],
  ["SELECT bucketgres_builtin_set_config('role', 'bucketgres_owner', true)", "42501"],
  ["SELECT query_to_xml('SET SESSION AUTHORIZATION bucketgres_admin', true, true, '')", "42501"],
  ["SELECT query_to_xml('RESET SESSION AUTHORIZATION', true, true, '')", "42501"],
  [
    "SELECT query_to_xml($$SELECT bucketgres_builtin_set_config('session_authorization', 'bucketgres_admin', false)$$, true, true, '')",
    "42501",
  ],
  ["SELECT query_to_xml('DO $$ BEGIN END $$', true, true, '')", "42501"],
  [
    "SELECT * FROM ts_stat($$SELECT bucketgres_builtin_set_config('role', 'none', false)::tsvector$$)",
    "42501",
  ],
  ["SELECT pg_read_file('PG_VERSION')", "42501"],
  ["SELECT pg_read_binary_file('global/pg_control')", "42501"],
  ["SELECT pg_ls_dir('.')", "42501"],
  ["SELECT lo_import('/etc/passwd')", "42501"],
  ["SELECT lo_from_bytea(0, 'kept')", "42501"],
  ["SELECT query_to_xml('SELECT 1', true, true, '')", "42501"],
  ["SELECT * FROM ts_stat('SELECT ''a''::tsvector')", "42501"],
  ["SELECT ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, ''b''::tsquery')", "42501"],
  ["SELECT pg_reload_conf()", "42501"],
  ["SELECT bucketgres_builtin_pg_cancel_backend(42)", "42501"],
  ["SELECT bucketgres_builtin_pg_terminate_backend(42)", "42501"],
  ["SELECT bucketgres_builtin_pg_notify('a', 'b')", "42501"],
  ["SELECT current_setting('data_directory')", "42501"],
  ["SELECT rolpassword FROM pg_authid", "42501"],
  ["SELECT pg_import_system_collations('public')", "42501"],
  ["SELECT 1 AS kept INTO kept", "42501"],
  ["SELECT 1 AS kept INTO TEMPORARY kept", "42501"],
  ["EXPLAIN ANALYZE CREATE TABLE kept AS SELECT 1", "42501"],
  ["WITH gone AS (DELETE FROM pg_class RETURNING 1) SELECT * FROM gone", "42501"],
  ["SELECT * FROM orders FOR UPDATE", "42501"],
  ["DO $$ BEGIN EXECUTE 'RESET SESSION AUTHORIZATION'; END $$", "0A000"],
  ["RESET SESSION AUTHORIZATION", "0A000"],
  ["COPY (SELECT 1) TO PROGRAM 'id'", "0A000"],
  ["SELECT 1; RESET SESSION AUTHORIZATION", "42601"],
])("%s is refused with %s", async (sql, sqlstate) => {
  expect(await failure(pool.execute(statement(sql), context()))).toMatchObject({ sqlstate });
  expect(
    await rowsOf(pool, "SELECT session_user, current_user, current_setting('is_superuser')"),
  ).toEqual([["ana", "ana", "off"]]);
});

test("what only the gateway can do comes back as effects, and does nothing here", async () => {
  const sql = `SELECT set_config('role', 'bucketgres_owner', false), pg_notify('a', 'b'),
    set_config('session_authorization', 'bucketgres_admin', true), pg_terminate_backend(7)`;
  const live = JSON.stringify({ activity: [{ processId: 7, isOwn: true }] });

  const { effects, notices } = await pool.execute(statement(sql), context({ live }));

  expect(effects).toEqual([
    { call: "set_config", name: "role", value: "bucketgres_owner", local: false },
    { call: "notify", channel: "a", payload: "b" },
    { call: "set_config", name: "session_authorization", value: "bucketgres_admin", local: true },
    { call: "terminate", processId: 7 },
  ]);
  expect(notices).toEqual([]);
  expect(
    await rowsOf(pool, "SELECT session_user, current_user, current_setting('is_superuser')"),
  ).toEqual([["ana", "ana", "off"]]);
});

test("what a parameter holds is a value and nothing else", async () => {
  const value = "'; RESET SESSION AUTHORIZATION; --";

  expect(await rowsOf(pool, "SELECT $1::text", {}, { parameters: [Buffer.from(value)] })).toEqual([
    [value],
  ]);
});

test("a setting cannot carry statements, even after standard_conforming_strings was off", async () => {
  const off = new Map([["standard_conforming_strings", "off"]]);
  const evil = new Map([["search_path", "x\\'; SET SESSION AUTHORIZATION bucketgres_admin; --"]]);
  await rowsOf(pool, "SELECT 1", { settings: off });

  const error = await failure(pool.execute(statement("SELECT 1"), context({ settings: evil })));

  expect(error).toMatchObject({ sqlstate: "22023" });
  expect(await rowsOf(pool, "SELECT session_user")).toEqual([["ana"]]);
});

test("advisory locks of one session are gone in the next", async () => {
  await rowsOf(pool, "SELECT pg_advisory_lock(7)", { session: 1 });

  expect(
    await rowsOf(pool, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'", { session: 2 }),
  ).toEqual([["0"]]);
});
