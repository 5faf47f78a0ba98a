import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { LIMITS } from "../../src/core/limits.ts";
import { type FuzzGateway, startFuzzGateway } from "../fuzz/fuzz-gateway.ts";
import { LiveConnection } from "../fuzz/live-connection.ts";

/** Enough for the gateway to run out of room three times over. */
const CLIENTS = 3 * LIMITS.halfOpenConnections;

/** Without the flood a login takes 20 ms; this machine may have much else to do. */
const PATIENCE_MS = 10_000;

test("thousands of clients that never log in keep nobody out, and take little memory", async () => {
  await using gateway = await startFuzzGateway();
  const before = gateway.resources();

  await using flood = await Flood.start(gateway, CLIENTS);
  const logins: number[] = [];
  while (!flood.isMade || logins.length < 5) {
    const startedAt = performance.now();
    const client = await LiveConnection.logIn({ port: gateway.port });
    expect(await client.counts("items")).toBe(true);
    client.destroy();
    logins.push(performance.now() - startedAt);
  }
  const during = gateway.resources();
  // What has not been dropped has authentication_timeout, and as long to close its side.
  await flood.closed;

  console.log(`the slowest login took ${Math.round(Math.max(...logins))} ms; ${during.rssMb} MB`);
  expect(Math.max(...logins)).toBeLessThan(PATIENCE_MS);
  expect(during.rssMb - before.rssMb).toBeLessThan(200);
  expect(during.files).toBeLessThan(before.files + LIMITS.halfOpenConnections + 50);
  expect(gateway.neighbour.failure).toBeUndefined();
});

/** Clients in a process of their own that send nothing, a byte, or the beginning of something. */
class Flood implements AsyncDisposable {
  readonly #child: ChildProcess;
  isMade = false;
  /** Resolves when the server has closed every one of them. */
  readonly closed: Promise<void>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.closed = new Promise((resolve) => {
      if (child.stdout === null) throw new Error("its output is piped");
      createInterface(child.stdout).on("line", (line) => {
        if (line === "made") this.isMade = true;
        if (line === "closed") resolve();
      });
    });
  }

  static async start(gateway: FuzzGateway, count: number): Promise<Flood> {
    const child = spawn(process.execPath, ["--eval", FLOOD, String(gateway.port), String(count)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child, "spawn");
    return new Flood(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }
}

const FLOOD = `
const { connect } = require("node:net");
const [port, count] = process.argv.slice(1).map(Number);
const BEGINNINGS = ["", "00", "000000320003000075736572", "1603010200010001fc0303aabbcc"];
let made = 0;
let closed = 0;
const open = () => {
  const socket = connect({ port, host: "127.0.0.1" });
  const beginning = BEGINNINGS[made % BEGINNINGS.length];
  socket.on("connect", () => beginning && socket.write(Buffer.from(beginning, "hex")));
  socket.on("error", () => undefined);
  socket.on("close", () => ++closed === count && console.log("closed"));
  socket.resume();
  made += 1;
};
const some = () => {
  for (let left = 100; left > 0 && made < count; left -= 1) open();
  if (made < count) setImmediate(some);
  else console.log("made");
};
some();
`;
