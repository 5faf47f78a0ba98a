import { setImmediate } from "node:timers/promises";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LIMITS } from "../../../src/core/limits.ts";
import { PgError } from "../../../src/core/pg-error.ts";
import {
  ACME,
  context,
  failure,
  model,
  readDataRows,
  rowsOf,
  shadowPool,
  statement,
  table,
  workspaceName,
} from "./shadow-fixture.ts";

/** Runs for hours: nothing but the end of its process stops it. */
const ENDLESS = statement("SELECT count(*) FROM pg_attribute a, pg_attribute b, pg_attribute c");
const OTHER = workspaceName("other");
const CANCELED = new PgError("query_canceled", "canceling statement due to user request");

function isAlive(pid: number | undefined): boolean {
  try {
    return process.kill(pid ?? Number.NaN, 0);
  } catch {
    return false;
  }
}

describe("one process", () => {
  const pool = shadowPool();
  afterAll(() => pool.close());
  beforeEach(async () => {
    pool.update(
      ACME,
      model({ tables: [table("orders", { id: "bigint", total: "numeric(12,2)" })] }),
    );
    // The session's state is applied once, so that what follows is sent at once.
    await rowsOf(pool, "SELECT 1");
  });

  test("values come back in the format that was asked for", async () => {
    const answer = await pool.execute(
      statement("SELECT $1::int4 + 1, $2::text, NULL, 258::int8", {
        parameterOids: [23],
        parameterFormats: [1, 0],
        parameters: [Buffer.from("00000101", "hex"), Buffer.from("grün")],
        resultFormats: [1, 0, 0, 1],
      }),
      context(),
    );

    expect(answer.tag).toBe("SELECT 1");
    expect(answer.fields?.map(({ typeOid }) => typeOid)).toEqual([23, 25, 25, 20]);
    expect(readDataRows(answer.rows)).toEqual([
      [
        Buffer.from("00000102", "hex"),
        Buffer.from("grün"),
        null,
        Buffer.from("0000000000000102", "hex"),
      ],
    ]);
  });

  test("NULL, the empty text and no row are three different answers", async () => {
    const sql = "SELECT $1::text WHERE $2::bool";
    const ask = (value: Buffer | undefined, when: string) =>
      rowsOf(pool, sql, {}, { parameters: [value, Buffer.from(when)] });

    expect(await ask(undefined, "t")).toEqual([[null]]);
    expect(await ask(Buffer.alloc(0), "t")).toEqual([[""]]);
    expect(await ask(Buffer.alloc(0), "f")).toEqual([]);
  });

  test.each([
    ["SELECT 1, nosuch FROM pg_class", { sqlstate: "42703", position: 11 }],
    [
      "SELECT * FROM nosuch",
      { sqlstate: "42P01", message: 'relation "nosuch" does not exist', position: 15 },
    ],
    [
      "SELECT '🙂', nosuch(1)",
      { sqlstate: "42883", position: 13, hint: expect.stringContaining("cast") },
    ],
    ["SELECT d.daticulocale, nosuch FROM pg_database d", { sqlstate: "42703", position: 24 }],
    ["SELECT 1/0", { sqlstate: "22012", message: "division by zero", position: undefined }],
  ])("%s fails as on PostgreSQL", async (sql, expected) => {
    expect(await failure(pool.execute(statement(sql), context()))).toMatchObject(expected);
  });

  test("a description fails with the position too, and says nothing of rows for a command", async () => {
    const describe = (sql: string) => pool.describe({ sql, parameterOids: [] }, context());

    expect(await failure(describe("SELECT totl FROM orders"))).toMatchObject({
      sqlstate: "42703",
      hint: 'Perhaps you meant to reference the column "orders.total".',
      position: 8,
    });
    expect(await describe("DELETE FROM orders")).toMatchObject({
      parameterOids: [],
      fields: undefined,
    });
    expect(await describe("")).toMatchObject({ fields: undefined });
  });

  test("the empty statement has an empty tag", async () => {
    expect(await pool.execute(statement(" -- nothing"), context())).toMatchObject({
      tag: "",
      fields: undefined,
      rowCount: 0,
    });
  });

  test("notices are whole messages", async () => {
    const long = "n".repeat(70);

    const answer = await pool.execute(statement(`SELECT 1 AS ${long}`), context());

    expect(answer.notices).toHaveLength(1);
    expect(String(answer.notices[0])).toMatch(/^N.*will be truncated/s);
    expect(answer.fields?.[0]?.name).toBe("n".repeat(63));
  });

  test("each session has its own settings", async () => {
    const sql =
      "SELECT timestamptz '2024-03-01 12:00+00', current_schemas(false), interval '1 day 2 hours'";
    const tokyo = new Map([
      ["TimeZone", "Asia/Tokyo"],
      ["DateStyle", "German, DMY"],
      ["IntervalStyle", "iso_8601"],
      ["search_path", "pg_catalog, public"],
    ]);

    expect(await rowsOf(pool, sql, { session: 1, settings: tokyo })).toEqual([
      ["01.03.2024 21:00:00 JST", "{pg_catalog,public}", "P1DT2H"],
    ]);
    expect(await rowsOf(pool, sql, { session: 2 })).toEqual([
      ["2024-03-01 12:00:00+00", "{public}", "1 day 02:00:00"],
    ]);
  });

  test("a setting that PostgreSQL refuses fails its own request only", async () => {
    const wrong = new Map([["TimeZone", "Mars/Olympus"]]);

    expect(await failure(rowsOf(pool, "SELECT 1", { settings: wrong }))).toMatchObject({
      sqlstate: "22023",
      message: 'invalid value for parameter "TimeZone": "Mars/Olympus"',
    });
    expect(await rowsOf(pool, "SHOW TimeZone")).toEqual([["UTC"]]);
  });

  test("who asks at the same time is answered one after the other", async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        rowsOf(pool, `SELECT ${n}, current_setting('application_name')`, {
          session: n % 4,
          settings: new Map([["application_name", `app ${n % 4}`]]),
        }),
      ),
    );

    expect(answers).toEqual(Array.from({ length: 40 }, (_, n) => [[String(n), `app ${n % 4}`]]));
  });

  test("an expression too deep for PostgreSQL is its own error, and nothing is lost", async () => {
    const pid = pool.processId(ACME);
    const deep = statement(`SELECT ${Array.from({ length: 50_000 }, () => "1").join("+")}`);

    expect(await failure(pool.execute(deep, context()))).toMatchObject({ sqlstate: "54001" });
    expect(await rowsOf(pool, "SELECT 1")).toEqual([["1"]]);
    expect(pool.processId(ACME)).toBe(pid);
  });

  test("what overflows the stack before PostgreSQL notices costs the process, not the truth", async () => {
    const pid = pool.processId(ACME);
    const deep = statement(`SELECT '${"[".repeat(40_000)}${"]".repeat(40_000)}'::json`);

    expect(await failure(pool.execute(deep, context()))).toMatchObject({ sqlstate: "54001" });
    expect(await rowsOf(pool, "SELECT 1")).toEqual([["1"]]);
    expect(pool.processId(ACME)).not.toBe(pid);
  });

  test("memory has a bound, and so has what spills to disk", async () => {
    const huge = statement("SELECT length(repeat('x', 900000000))");
    const spilled = statement(
      "WITH x AS MATERIALIZED (SELECT repeat('x', 10000) FROM generate_series(1, 20000)) SELECT count(*) FROM x",
    );

    expect(await failure(pool.execute(huge, context()))).toMatchObject({ sqlstate: "53200" });
    expect(await failure(pool.execute(spilled, context()))).toMatchObject({ sqlstate: "53400" });
    expect(await rowsOf(pool, "SELECT 1")).toEqual([["1"]]);
  });

  test("an answer beyond the limit is refused", async () => {
    const rows = LIMITS.shadowAnswerBytes / 1024 / 1024 + 1;
    const large = statement(`SELECT repeat('x', 1024 * 1024) FROM generate_series(1, ${rows})`);

    expect(await failure(pool.execute(large, context()))).toMatchObject({
      sqlstate: "54000",
      message: "catalog answer exceeds 64 MB",
      hint: expect.any(String),
    });
    expect(await rowsOf(pool, "SELECT 1")).toEqual([["1"]]);
  });

  test("an aborted statement ends with its process, and with the reason", async () => {
    const pid = pool.processId(ACME);
    const abort = new AbortController();
    const running = failure(pool.execute(ENDLESS, context({ signal: abort.signal })));
    await setImmediate();

    abort.abort(CANCELED);

    expect(await running).toBe(CANCELED);
    expect(isAlive(pid)).toBe(false);
    expect(await rowsOf(pool, "SELECT count(*) FROM orders")).toEqual([["0"]]);
    expect(pool.processId(ACME)).not.toBe(pid);
  });

  test("whoever gives up while another one's statement runs does not disturb it", async () => {
    const pid = pool.processId(ACME);
    const first = new AbortController();
    const second = new AbortController();
    const running = failure(pool.execute(ENDLESS, context({ signal: first.signal })));
    const waiting = failure(
      pool.execute(statement("SELECT 1"), context({ signal: second.signal })),
    );
    await setImmediate();

    second.abort(CANCELED);

    expect(await waiting).toBe(CANCELED);
    expect(isAlive(pid)).toBe(true);
    first.abort(CANCELED);
    await running;
  });

  test("a killed process costs the running statement, and the next one starts another", async () => {
    const pid = pool.processId(ACME);
    const running = failure(pool.execute(ENDLESS, context()));
    const behind = rowsOf(pool, "SELECT count(*) FROM orders");
    await setImmediate();

    process.kill(pid ?? Number.NaN, "SIGKILL");

    expect(await running).toMatchObject({
      sqlstate: "57P02",
      message: "the catalog's server process ended unexpectedly",
    });
    expect(await behind).toEqual([["0"]]);
  });

  test("a process that dies while nobody asks is not noticed", async () => {
    const pid = pool.processId(ACME);
    process.kill(pid ?? Number.NaN, "SIGKILL");
    await vi.waitFor(() => expect(pool.processId(ACME)).toBeUndefined());

    expect(await rowsOf(pool, "SELECT count(*) FROM orders")).toEqual([["0"]]);
  });

  test("a workspace that nobody made known does not exist", async () => {
    expect(await failure(rowsOf(pool, "SELECT 1", { workspace: OTHER }))).toMatchObject({
      sqlstate: "3D000",
      message: 'database "other" does not exist',
    });
  });
});

describe("several processes", () => {
  const pools: ReturnType<typeof shadowPool>[] = [];
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((pool) => pool.close()));
  });

  function poolOf(options: Parameters<typeof shadowPool>[0]) {
    const pool = shadowPool(options);
    pools.push(pool);
    pool.update(ACME, model());
    pool.update(OTHER, model({ database: "other" }));
    return pool;
  }

  const name = "SELECT current_database()";

  test("a workspace that hangs does not hold up another one", async () => {
    const pool = poolOf({ maxProcesses: 2 });
    await pool.warm(ACME);
    const abort = new AbortController();
    const running = failure(pool.execute(ENDLESS, context({ signal: abort.signal })));

    expect(await rowsOf(pool, name, { workspace: OTHER })).toEqual([["other"]]);

    abort.abort(CANCELED);
    expect(await running).toBe(CANCELED);
  });

  test("the least recently used makes room for the next", async () => {
    const pool = poolOf({ maxProcesses: 1 });
    await rowsOf(pool, name);
    const pid = pool.processId(ACME);

    expect(await rowsOf(pool, name, { workspace: OTHER })).toEqual([["other"]]);

    expect(isAlive(pid)).toBe(false);
    expect(pool.processId(ACME)).toBeUndefined();
  });

  test("where all are busy, the next one waits for its turn", async () => {
    const pool = poolOf({ maxProcesses: 1 });
    await rowsOf(pool, name);
    const abort = new AbortController();
    const running = failure(pool.execute(ENDLESS, context({ signal: abort.signal })));
    await setImmediate();
    const waiting = rowsOf(pool, name, { workspace: OTHER });
    await setImmediate();
    expect(isAlive(pool.processId(ACME))).toBe(true);

    abort.abort(CANCELED);

    expect(await running).toBe(CANCELED);
    expect(await waiting).toEqual([["other"]]);
  });

  test("a process ends when nobody has asked for a while", async () => {
    const pool = poolOf({ idleMs: 1 });
    await pool.warm(ACME);

    await vi.waitFor(() => expect(pool.processId(ACME)).toBeUndefined());

    expect(await rowsOf(pool, name)).toEqual([["acme"]]);
  });

  test("a shadow that is asked by many at once is started once, whoever gives up", async () => {
    const pool = poolOf({ maxProcesses: 1 });
    const abort = new AbortController();
    const impatient = failure(pool.execute(statement(name), context({ signal: abort.signal })));
    const others = Promise.all([rowsOf(pool, name), rowsOf(pool, name), pool.warm(ACME)]);
    await setImmediate();

    abort.abort(CANCELED);

    expect(await impatient).toBe(CANCELED);
    expect(await others).toEqual([[["acme"]], [["acme"]], undefined]);
  });

  test("who waits for a workspace that is removed hears that it is gone", async () => {
    const pool = poolOf({ maxProcesses: 1 });
    await rowsOf(pool, name);
    const pid = pool.processId(ACME);
    const running = failure(pool.execute(ENDLESS, context()));
    const waiting = failure(rowsOf(pool, name));
    await setImmediate();

    await pool.remove(ACME);

    expect(isAlive(pid)).toBe(false);
    expect(await running).toMatchObject({ sqlstate: "57P02" });
    expect(await waiting).toMatchObject({ sqlstate: "3D000" });
    expect(await rowsOf(pool, name, { workspace: OTHER })).toEqual([["other"]]);
  });

  test("closing ends every process, also one that starts, and nothing starts any more", async () => {
    const pool = poolOf({ maxProcesses: 2 });
    await pool.warm(ACME);
    const pid = pool.processId(ACME);
    const starting = failure(rowsOf(pool, name, { workspace: OTHER }));
    await setImmediate();

    await pool.close();

    expect(isAlive(pid)).toBe(false);
    expect(await starting).toMatchObject({ sqlstate: "57P03" });
    expect(await failure(rowsOf(pool, name))).toMatchObject({ sqlstate: "57P01" });
  });
});
