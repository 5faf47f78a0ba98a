import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { query } from "../support/frontend.ts";
import { startGateway } from "../support/gateway.ts";
import type { WireClient } from "../support/wire-client.ts";

const CURSORS = 40;
const ROWS = 1_000_000;

async function tagOf(client: WireClient, sql: string): Promise<unknown> {
  client.send(query(sql));
  const messages = await client.untilReady();
  const last = messages.findLast(
    ({ type }) => type === "CommandComplete" || type === "ErrorResponse",
  );
  return last?.["tag"] ?? last?.["code"];
}

function residentBytes(processId: number): number {
  const status = readFileSync(`/proc/${processId}/status`, "latin1");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

test.skipIf(!existsSync("/proc/self/status"))(
  "forty cursors over a million rows each take turns in little memory",
  async () => {
    await using gateway = await startGateway();
    await using client = await gateway.connect();
    const engine = Number(await gateway.gateway.engine.processId());
    const names = Array.from({ length: CURSORS }, (_, index) => `c${index}`);
    await tagOf(client, "BEGIN");
    await tagOf(client, "SELECT count(*) FROM generate_series(1, 10)");
    const before = { engine: residentBytes(engine), gateway: residentBytes(process.pid) };

    for (const [index, name] of names.entries()) {
      const scroll = index % 2 === 0 ? "SCROLL" : "NO SCROLL";
      const rows = `SELECT n, 'row ' || n FROM generate_series(1, ${ROWS}) AS s(n)`;
      expect(await tagOf(client, `DECLARE ${name} ${scroll} CURSOR FOR ${rows}`)).toBe(
        "DECLARE CURSOR",
      );
    }
    for (const count of [100, 2_500, 1]) {
      for (const name of names) {
        expect(await tagOf(client, `FETCH ${count} FROM ${name}`)).toBe(`FETCH ${count}`);
      }
    }

    const after = { engine: residentBytes(engine), gateway: residentBytes(process.pid) };
    console.info("40 open cursors", { before, after });
    expect(after.engine - before.engine).toBeLessThan(250 * 1024 * 1024);
    expect(after.gateway - before.gateway).toBeLessThan(150 * 1024 * 1024);
    expect(await tagOf(client, "MOVE ALL IN c1")).toBe(`MOVE ${ROWS - 2_601}`);
  },
  60_000,
);

test("a session has a limited number of portals", async () => {
  await using gateway = await startGateway();
  await using client = await gateway.connect();
  const declare = (index: number): string => `DECLARE c${index} CURSOR FOR SELECT 1`;
  await tagOf(client, "BEGIN");

  const all = Array.from({ length: 1_000 }, (_, index) => declare(index)).join(";");
  expect(await tagOf(client, all)).toBe("DECLARE CURSOR");

  expect(await tagOf(client, declare(1_000))).toBe("54000");
}, 60_000);

test("a cursor does not outlive the engine's process, but its session does", async () => {
  await using gateway = await startGateway({ tables: { t: "n\n1\n2\n" } });
  await using client = await gateway.connect();
  await tagOf(client, "DECLARE c CURSOR WITH HOLD FOR SELECT n FROM t ORDER BY n");
  expect(await tagOf(client, "FETCH c")).toBe("FETCH 1");

  process.kill(Number(await gateway.gateway.engine.processId()), "SIGKILL");

  expect(await tagOf(client, "FETCH c")).toBe("57P01");
  expect(await tagOf(client, "FETCH c")).toBe("55000");
  expect(await tagOf(client, "CLOSE c")).toBe("CLOSE CURSOR");
  expect(await tagOf(client, "SELECT n FROM t")).toBe("SELECT 2");
});
