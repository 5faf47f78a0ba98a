import { expect, test } from "vitest";
import { checkMember, ownerKey, sessionStateSql } from "../../../src/shadow/session-state.ts";
import { failure } from "./shadow-fixture.ts";

const settings = (...entries: [string, string][]) => new Map(entries);

test("the role comes last, and only settings of the list come through", () => {
  const sql = sessionStateSql({
    session: 1,
    role: 'a"b',
    settings: settings(
      ["TimeZone", "Europe/Berlin"],
      ["session_authorization", "bucketgres_admin"],
      ["role", "bucketgres_owner"],
      ["client_encoding", "LATIN1"],
      ["temp_file_limit", "-1"],
      ["DateStyle", "ISO, DMY"],
    ),
  });

  expect(sql.split("; ")).toEqual([
    "SET SESSION AUTHORIZATION bucketgres_admin",
    "RESET ALL",
    "SELECT pg_advisory_unlock_all()",
    "SELECT bucketgres_builtin_set_config('bucketgres.process_id', '1', false)",
    "SELECT bucketgres_builtin_set_config(E'datestyle', E'ISO, DMY', false)",
    "SELECT bucketgres_builtin_set_config(E'timezone', E'Europe/Berlin', false)",
    'SET SESSION AUTHORIZATION "a""b"',
  ]);
});

test("a value cannot end its literal, whatever standard_conforming_strings was before", () => {
  const value = String.raw`x\'; SET SESSION AUTHORIZATION postgres; --`;

  const sql = sessionStateSql({ session: 1, role: "ana", settings: settings(["TimeZone", value]) });

  expect(sql).toContain(
    String.raw`set_config(E'timezone', E'x\\''; SET SESSION AUTHORIZATION postgres; --', false)`,
  );
});

test("another session, role or setting is another owner; an ignored setting is not", () => {
  const owner = { session: 1, role: "ana", settings: settings(["TimeZone", "UTC"]) };
  const key = ownerKey(owner);

  expect(ownerKey({ ...owner, settings: settings(["timezone", "UTC"]) })).toBe(key);
  expect(ownerKey({ ...owner, settings: settings(["TimeZone", "UTC"], ["work_mem", "1GB"]) })).toBe(
    key,
  );
  expect(ownerKey({ ...owner, session: 2 })).not.toBe(key);
  expect(ownerKey({ ...owner, role: "bob" })).not.toBe(key);
  expect(ownerKey({ ...owner, settings: settings(["TimeZone", "Asia/Tokyo"]) })).not.toBe(key);
});

test.each(["bob", "bucketgres_admin", "pg_read_all_data"])("%s is not let in", async (role) => {
  const members = ["ana", "bucketgres_admin", "pg_read_all_data"];

  const error = await failure(Promise.resolve().then(() => checkMember(role, members)));

  expect(error).toMatchObject({ sqlstate: "28000", message: `role "${role}" does not exist` });
});
