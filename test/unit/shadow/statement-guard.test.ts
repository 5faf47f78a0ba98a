import { expect, test } from "vitest";
import { PgError } from "../../../src/core/pg-error.ts";
import { checkStatementKind } from "../../../src/shadow/statement-guard.ts";

test.each([
  "SELECT 1",
  "select 1",
  "  \n\t(((select 1)))",
  "-- note\nselect 1",
  "/* a /* nested */ note */ values (1)",
  "with x as (select 1) table x",
  "table pg_class",
  "show timezone",
  "EXPLAIN SELECT 1",
  "",
  " ; -- nothing",
  "/* never closed",
])("%j may run", (sql) => {
  expect(() => checkStatementKind(sql)).not.toThrow();
});

test.each([
  ["RESET SESSION AUTHORIZATION", "RESET"],
  [";;reset role", "RESET"],
  ["/* select */ SET ROLE none", "SET"],
  ["/* /* */ select 1 */ do $$ begin end $$", "DO"],
  ["-- select\rcopy (select 1) to program 'id'", "COPY"],
  ["(  create table t ()", "CREATE"],
  ["execute x", "EXECUTE"],
  ["begin", "BEGIN"],
  ['"select" 1', '"'],
])("%j may not run", (sql, word) => {
  expect(() => checkStatementKind(sql)).toThrow(
    new PgError("feature_not_supported", `${word} cannot run on the system catalogs`),
  );
});
