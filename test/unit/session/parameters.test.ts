import { expect, test } from "vitest";
import { durationMs, showDuration } from "../../../src/session/parameter-values.ts";
import { SessionParameters } from "../../../src/session/parameters.ts";

const parameters = () => new SessionParameters("15.18", "ana");

test("a name is found however it is written, and shown as PostgreSQL spells it", () => {
  const settings = parameters();

  settings.set("timezone", "Europe/Berlin", "session");

  expect(settings.get("TIMEZONE")).toBe("Europe/Berlin");
  expect(settings.canonicalName("timezone")).toBe("TimeZone");
});

test("only what the client was told and is no longer true is reported", () => {
  const settings = parameters();
  settings.takeChanges();

  settings.set("application_name", "psql", "session");
  settings.set("statement_timeout", "5s", "session");

  expect(settings.takeChanges()).toEqual([{ name: "application_name", value: "psql" }]);
  expect(settings.takeChanges()).toEqual([]);
});

test("RESET goes back to what the startup packet said", () => {
  const settings = parameters();
  settings.initialize("TimeZone", "Asia/Tokyo");
  settings.set("TimeZone", "Europe/Berlin", "session");

  settings.set("TimeZone", undefined, "session");

  expect(settings.get("TimeZone")).toBe("Asia/Tokyo");
});

test("SET LOCAL ends with its transaction, and a SET behind it counts at once", () => {
  const settings = parameters();
  settings.set("search_path", "a", "session");
  settings.set("search_path", "b", "local");
  expect(settings.get("search_path")).toBe("b");

  settings.set("search_path", "c", "session");
  expect(settings.get("search_path")).toBe("c");

  settings.set("search_path", "d", "local");
  settings.endLocal();
  expect(settings.get("search_path")).toBe("c");
});

test.each([
  ["client_encoding", "utf-8", "UTF8"],
  ["DateStyle", "iso, dmy", "ISO, DMY"],
  ["statement_timeout", "90000", "90s"],
  ["statement_timeout", "1.5min", "90s"],
  ["extra_float_digits", "3", "3"],
  ["extra_float_digits", "2.5", "2"],
  ["work_mem", "5.5MB", "5632kB"],
  ["effective_cache_size", "4GB", "4GB"],
  ["vacuum_cost_delay", "1.5", "1500us"],
  ["enable_seqscan", "of", "off"],
  ["TimeZone", "us/pacific", "US/Pacific"],
  ["TimeZone", "-5.5", "<-05:30>+05:30"],
  ["application_name", "Größe", "Gr????e"],
  ["default_transaction_isolation", "SERIALIZABLE", "serializable"],
])("%s takes %s and keeps %s", (name, value, kept) => {
  expect(parameters().set(name, value, "session")).toBe(kept);
});

test.each([
  ["client_encoding", "EUC_JP", "0A000"],
  ["DateStyle", "German", "0A000"],
  ["DateStyle", "backwards", "22023"],
  ["TimeZone", "Mars/Olympus", "22023"],
  ["extra_float_digits", "4", "22023"],
  ["work_mem", "1", "22023"],
  ["work_mem", "5 parsec", "22023"],
  ["bucketgres.live", "{}", "42602"],
  ["x-y.z", "1", "42602"],
  ["nosuch", "1", "42704"],
  ["log_statement", "all", "42501"],
  ["max_connections", "5", "55P02"],
  ["statement_timeout", "soon", "22023"],
  ["server_version", "16", "55P02"],
  ["session_authorization", "root", "42501"],
  ["role", "root", "42501"],
])("%s refuses %s with %s", (name, value, sqlstate) => {
  expect(() => parameters().set(name, value, "session")).toThrow(
    expect.objectContaining({ sqlstate }),
  );
});

test.each([
  [0, "0"],
  [250, "250ms"],
  [30_000, "30s"],
  [90_000, "90s"],
  [3_600_000, "1h"],
])("%i ms are shown as %s", (ms, shown) => {
  expect(showDuration(ms)).toBe(shown);
  expect(durationMs(shown)).toBe(ms);
});
