import { beforeAll, describe, expect, test } from "vitest";
import { PgError } from "../../../src/core/pg-error.ts";
import { loadParser, parseStatements } from "../../../src/sql/parse.ts";
import type { Route } from "../../../src/sql/statement.ts";

beforeAll(loadParser);

function routeOf(sql: string): Route | undefined {
  return parseStatements(sql)[0]?.route;
}

function errorOf(sql: string): PgError {
  try {
    parseStatements(sql);
  } catch (error) {
    if (error instanceof PgError) return error;
    throw error;
  }
  throw new Error(`${sql} was not refused`);
}

test.each([
  "select 1",
  "select version(), current_user",
  "select * from pg_class",
  "select * from pg_catalog.pg_class c join pg_namespace n on n.oid = c.relnamespace",
  "select * from information_schema.tables",
  "with t as (select oid from pg_class) select * from t",
  "select * from pg_index, unnest(indkey)",
  "select a from unnest(current_schemas(true)) a",
  "select * from (values (1)) v",
  "explain select * from pg_class",
])("%s goes to the shadow", (sql) => {
  expect(routeOf(sql)).toEqual({ to: "shadow" });
});

test.each([
  "select * from orders",
  "select * from public.orders o, sales.customers",
  "select (select max(id) from orders)",
  "select 1 where exists (select from orders)",
  "with x as (select 1) select * from x, orders",
  "with orders as (select * from orders) select * from orders",
  "select * from bucketgres.tables",
  "select * from generate_series(1, 3)",
  "select list_sort(array[2,1])",
  "select id from orders for update",
  "table orders",
  "select 1 union select id from orders",
  "values ((select max(id) from orders))",
])("%s goes to the engine", (sql) => {
  expect(routeOf(sql)).toEqual({ to: "engine", dialect: "postgresql" });
});

test("the name of a WITH query is no table, except inside itself", () => {
  expect(routeOf("with x as (select 1) select * from x")).toEqual({ to: "shadow" });
  expect(
    routeOf("with recursive x as (select 1 union all select * from x) select * from x"),
  ).toEqual({ to: "shadow" });
  expect(routeOf("with a as (select * from b), b as (select 1) select * from a")).toMatchObject({
    to: "engine",
  });
  expect(routeOf("select * from (with x as (select 1) select * from x) s, x")).toMatchObject({
    to: "engine",
  });
});

test("EXPLAIN of a table says how it is to be shown", () => {
  expect(routeOf("explain (analyze, format json) select * from orders")).toEqual({
    to: "engine",
    dialect: "postgresql",
    explain: { analyze: true, format: "json" },
  });
  expect(routeOf("explain select * from orders")).toMatchObject({
    explain: { analyze: false, format: "text" },
  });
});

test("a system catalog and a table in one query are refused by name", () => {
  expect(errorOf("select * from orders join pg_class on relname = name")).toMatchObject({
    sqlstate: "0A000",
    message: 'system catalog "pg_class" and table "orders" cannot be used in one query',
    position: 27,
  });
});

describe("the gateway's own commands", () => {
  test.each([
    [
      'set search_path = a, "B c"',
      { kind: "set", name: "search_path", value: 'a, "B c"', local: false },
    ],
    [
      "set local statement_timeout to '5s'",
      { kind: "set", name: "statement_timeout", value: "5s", local: true },
    ],
    ["set x to default", { kind: "set", name: "x", value: undefined, local: false }],
    [
      "set time zone 'Europe/Berlin'",
      { kind: "set", name: "timezone", value: "Europe/Berlin", local: false },
    ],
    ["set time zone -8", { kind: "set", name: "timezone", value: "<-08>+08", local: false }],
    [
      "set time zone interval '+02:00' hour to minute",
      { kind: "set", name: "timezone", value: "<+02>-02", local: false },
    ],
    ["set time zone local", { kind: "set", name: "timezone", value: undefined, local: false }],
    ["set names 'utf8'", { kind: "set", name: "client_encoding", value: "utf8", local: false }],
    [
      "set datestyle to iso, mdy",
      { kind: "set", name: "datestyle", value: "iso, mdy", local: false },
    ],
    ["reset all", { kind: "reset", name: "all" }],
    ["reset x", { kind: "reset", name: "x" }],
    ["show time zone", { kind: "show", name: "timezone" }],
    ["show all", { kind: "show", name: "all" }],
    ["begin", { kind: "begin", tag: "BEGIN", options: {} }],
    [
      "start transaction isolation level repeatable read, read only, not deferrable",
      {
        kind: "begin",
        tag: "START TRANSACTION",
        options: { isolation: "repeatable read", readOnly: true, deferrable: false },
      },
    ],
    [
      "set transaction read write",
      { kind: "set-transaction", options: { readOnly: false }, session: false },
    ],
    [
      "set session characteristics as transaction isolation level serializable",
      { kind: "set-transaction", options: { isolation: "serializable" }, session: true },
    ],
    ["end", { kind: "commit", chain: false }],
    ["commit and chain", { kind: "commit", chain: true }],
    ["abort", { kind: "rollback", chain: false }],
    ["savepoint a", { kind: "savepoint", name: "a" }],
    ["release a", { kind: "release", name: "a" }],
    ["rollback to a", { kind: "rollback-to", name: "a" }],
    ["discard temp", { kind: "discard", target: "temp" }],
    ["deallocate all", { kind: "deallocate", name: "all" }],
    ["deallocate p", { kind: "deallocate", name: "p" }],
    ["listen x", { kind: "listen", channel: "x" }],
    ["notify x, 'y'", { kind: "notify", channel: "x", payload: "y" }],
    ["unlisten *", { kind: "unlisten" }],
    ["lock table orders", { kind: "lock" }],
    [
      "refresh materialized view sales.orders",
      { kind: "refresh", schema: "sales", name: "orders" },
    ],
    [
      "select set_config('search_path', '', false)",
      {
        kind: "set-config",
        settings: [{ name: "search_path", value: "", local: false, label: "set_config" }],
      },
    ],
    [
      "select pg_catalog.set_config('a', 'b', true) as x, set_config('c', 'd', 'off')",
      {
        kind: "set-config",
        settings: [
          { name: "a", value: "b", local: true, label: "x" },
          { name: "c", value: "d", local: false, label: "set_config" },
        ],
      },
    ],
    [
      "select pg_sleep(0.5)",
      { kind: "call", function: "pg_sleep", arguments: [{ value: 0.5 }], label: "pg_sleep" },
    ],
    [
      "select pg_cancel_backend($1::int) as ok",
      { kind: "call", function: "pg_cancel_backend", arguments: [{ parameter: 1 }], label: "ok" },
    ],
    ["execute p", { kind: "execute", name: "p", argumentsSql: [] }],
    [
      "execute p (1, 'a, b', f(2, 3), array[1, 2])",
      { kind: "execute", name: "p", argumentsSql: ["1", "'a, b'", "f(2, 3)", "array[1, 2]"] },
    ],
  ])("%s", (sql, command) => {
    expect(routeOf(sql)).toEqual({ to: "gateway", command });
  });

  test("PREPARE holds its statement, with the place it has in the message", () => {
    expect(
      parseStatements("begin; prepare p (int, text[]) as select $1 from orders where 'é' = $2")[1],
    ).toMatchObject({
      offset: 7,
      route: {
        command: {
          kind: "prepare",
          name: "p",
          parameterTypes: ["int4", "text[]"],
          statement: {
            text: "select $1 from orders where 'é' = $2",
            offset: 34,
            parameterCount: 2,
            route: { to: "engine" },
          },
        },
      },
    });
  });
});

describe("COPY TO STDOUT", () => {
  const defaults = {
    format: "text",
    header: false,
    delimiter: "\t",
    nullText: "\\N",
    quote: '"',
    escape: '"',
    forceQuote: [],
    encoding: "UTF8",
  };

  test.each([
    ["copy orders to stdout", defaults],
    [
      "copy (select 1) to stdout with (format csv, header)",
      { ...defaults, format: "csv", header: true, delimiter: ",", nullText: "" },
    ],
    [
      "copy orders to stdout csv header delimiter ';' null 'NULL' quote '''' escape '\\' force quote a, b",
      {
        format: "csv",
        header: true,
        delimiter: ";",
        nullText: "NULL",
        quote: "'",
        escape: "\\",
        forceQuote: ["a", "b"],
      },
    ],
    [
      "copy orders to stdout (format csv, force_quote *, header off, encoding 'UTF-8')",
      { ...defaults, format: "csv", delimiter: ",", nullText: "", forceQuote: "all" },
    ],
    ["copy orders to stdout (format binary)", { ...defaults, format: "binary" }],
    ["copy binary orders to stdout", { ...defaults, format: "binary" }],
  ])("%s", (sql, options) => {
    expect(routeOf(sql)).toMatchObject({ to: "copy-out", options });
  });

  test("of a query has the query as a statement of its own", () => {
    expect(routeOf("copy (select ')' from orders where (a)) to stdout")).toMatchObject({
      query: { text: "select ')' from orders where (a)", offset: 6, route: { to: "engine" } },
    });
    expect(routeOf("copy (select 1 from pg_class) to stdout")).toMatchObject({
      query: { route: { to: "shadow" } },
    });
  });

  test("of a table selects its columns, quoted", () => {
    expect(routeOf('copy "My Orders" (id, "B") to stdout')).toMatchObject({
      query: { text: 'SELECT "id", "B" FROM "My Orders"' },
    });
    expect(routeOf("copy sales.orders to stdout")).toMatchObject({
      query: { text: 'SELECT * FROM "sales"."orders"' },
    });
  });
});

describe("what would write", () => {
  test.each([
    ["merge into t using s on true when matched then delete", "MERGE"],
    ["drop materialized view t", "DROP MATERIALIZED VIEW"],
    ["create table t (a int)", "CREATE TABLE"],
    ["create table t as select 1", "CREATE TABLE AS"],
    ["create view v as select 1", "CREATE VIEW"],
    ["create materialized view v as select 1", "CREATE MATERIALIZED VIEW"],
    ["comment on table t is 'x'", "COMMENT"],
    ["grant select on t to x", "GRANT"],
    ["revoke select on t from x", "REVOKE"],
    ["create role x", "CREATE ROLE"],
    ["with x as (delete from t returning *) select * from x", "DELETE"],
  ])("%s cannot be executed in a read-only transaction", (sql, command) => {
    const error = errorOf(sql);
    expect(error).toMatchObject({
      sqlstate: "25006",
      message: `cannot execute ${command} in a read-only transaction`,
    });
    expect(error.hint).toMatch(/read from files|TEMP TABLE/);
  });

  test.each([
    ["do $$ begin end $$", "DO"],
    ["call p()", "CALL"],
    ["load 'x'", "LOAD"],
    ["checkpoint", "CHECKPOINT"],
    ["prepare transaction 'x'", "a prepared transaction"],
    ["explain insert into t values (1)", "EXPLAIN of other statements than queries"],
    ["explain (format xml) select 1", 'EXPLAIN in format "xml"'],
  ])("%s is not supported, by name", (sql, feature) => {
    expect(errorOf(sql)).toMatchObject({
      sqlstate: "0A000",
      message: `${feature} is not supported`,
    });
  });

  test.each([
    ["create temp table t (a int)", { kind: "create", object: "table", name: "t" }],
    ["create table pg_temp.t as select 1", { kind: "create", object: "table", filled: true }],
    [
      "create or replace temp view v as select 1",
      { kind: "create", object: "view", replace: true },
    ],
    ["select 1 into temp t", { kind: "create", name: "t", filled: true }],
    ["insert into t values (1) returning a", { kind: "rows", command: "INSERT", returning: true }],
    ["update t set a = 1", { kind: "rows", command: "UPDATE", returning: false }],
    ["delete from t", { kind: "rows", command: "DELETE" }],
    ["truncate t, u", { kind: "truncate", targets: [{ name: "t" }, { name: "u" }] }],
    ["drop table if exists pg_temp.t", { kind: "drop", ifExists: true, targets: [{ name: "t" }] }],
    ["alter table t rename to u", { kind: "alter", newName: "u" }],
    ["create index on t (a)", { kind: "index", targets: [{ name: "t" }] }],
  ])("%s is about temporary tables", (sql, write) => {
    expect(routeOf(sql)).toMatchObject({ to: "temporary", write });
  });

  test("nobody may change a system catalog", () => {
    expect(errorOf("update pg_class set relname = 'x'")).toMatchObject({ sqlstate: "42501" });
  });

  test("a sleep that nobody could interrupt is refused", () => {
    expect(errorOf("select pg_sleep(1), 2")).toMatchObject({ sqlstate: "0A000", position: 8 });
    expect(errorOf("select * from orders where pg_sleep(1) is null")).toMatchObject({
      sqlstate: "0A000",
    });
  });
});
