import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { createLogger, type LoggerOptions } from "../../../src/observe/logger.ts";

function captured(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const log = createLogger({
    level: "info",
    pretty: false,
    destination: { write: (line) => lines.push(line) },
    ...options,
  });
  const entries = () => lines.map((line): unknown => JSON.parse(line));
  return { log, lines, entries };
}

test("a line is one JSON object with level, time, message and fields", () => {
  const { log, lines, entries } = captured();

  log.info({ table: "orders", rows: 12 }, "table cached");
  log.warn("disk nearly full");

  expect(lines.every((line) => line.endsWith("}\n"))).toBe(true);
  expect(entries()).toEqual([
    {
      level: "info",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      table: "orders",
      rows: 12,
      msg: "table cached",
    },
    { level: "warn", time: expect.any(String), msg: "disk nearly full" },
  ]);
});

test("children carry their fields and their parents'", () => {
  const { log, entries } = captured();

  log.child({ session: 7 }).child({ role: "ana" }).error("failed");

  expect(entries()).toEqual([expect.objectContaining({ session: 7, role: "ana", msg: "failed" })]);
});

test("what is below the level is not written, and a changed level counts for children too", () => {
  const { log, entries } = captured({ level: "warn" });
  const child = log.child({ session: 1 });

  child.info("before");
  log.setLevel("debug");
  child.debug("between");
  log.setLevel("silent");
  child.error("after");

  expect(entries()).toEqual([expect.objectContaining({ msg: "between" })]);
});

test("no secret is written, wherever it stands", () => {
  const { log, lines } = captured();

  log
    .child({ password: "hunter2", url: "postgres://demo:hunter2@h/d" })
    .error({ err: new Error("login as postgres://demo:hunter2@h/d"), token: "hunter2" }, "failed");
  log.info("SCRAM-SHA-256$4096:hunter2$hunter2:hunter2");

  expect(lines).toHaveLength(2);
  expect(lines.join("")).not.toContain("hunter2");
});

test("an error is written with its cause and its SQLSTATE", () => {
  const { log, entries } = captured();
  const err = Object.assign(new Error("outer", { cause: new Error("inner") }), {
    sqlstate: "42P01",
  });

  log.error({ err }, "failed");

  expect(entries()).toEqual([
    expect.objectContaining({
      err: expect.objectContaining({
        message: "outer",
        sqlstate: "42P01",
        cause: expect.objectContaining({ message: "inner" }),
      }),
    }),
  ]);
});

test("for people it writes text", () => {
  const { log, lines } = captured({ pretty: true });

  log.info({ table: "orders" }, "table cached");

  expect(lines.join("")).toMatch(/INFO.*table cached.*"table":"orders"/s);
});

test("by default it writes JSON to stderr when that is no terminal, at once, and nothing to stdout", () => {
  const script = `
    import { createLogger } from "./src/observe/logger.ts";
    createLogger({ level: "info" }).info("last words");
    process.kill(process.pid, "SIGKILL");
  `;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "--eval", script],
    { encoding: "utf8", timeout: 20_000 },
  );

  expect(stdout).toBe("");
  expect(JSON.parse(stderr)).toMatchObject({ level: "info", msg: "last words" });
});
