import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { int32, message, startup, terminate } from "../support/frontend.ts";
import { scramFinal } from "../support/wire-client.ts";
import type { Script, Step } from "./script.ts";
import { traceLine } from "./trace-line.ts";

/** What a server has answered to each step, and last, what it still sent when the client left. */
export type Trace = readonly (readonly string[])[];

export interface Server {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** How the end of an answer is known that no message ends. */
export type Quiet =
  /** So long nothing has come. */
  | { readonly afterMs: number }
  /** As many messages have come as another server has sent. */
  | { readonly asIn: Trace };

/** How long any one step may take. */
const STEP_MS = 20_000;

export async function traceOf(script: Script, server: Server, quiet: Quiet): Promise<Trace> {
  const client = await TraceClient.logIn(server);
  try {
    const trace: string[][] = [];
    for (const step of script.steps) {
      const expected = "asIn" in quiet ? (quiet.asIn[trace.length]?.length ?? 0) : undefined;
      trace.push(await client.run(step, quiet, expected));
    }
    trace.push(await client.run({ writes: [terminate()], until: "closed" }, quiet, undefined));
    return trace;
  } finally {
    client.destroy();
  }
}

type Message = readonly [type: string, body: Buffer];

/** How many connections run scripts at a time. */
const CONCURRENT = 6;

/** All scripts, some at a time. A script that cannot be run has its error for a trace. */
export async function tracesOf(
  scripts: readonly Script[],
  server: Server,
  expected: (script: Script) => Trace,
): Promise<ReadonlyMap<string, Trace>> {
  const traces = new Map<string, Trace>();
  const left = [...scripts];
  const worker = async (): Promise<void> => {
    for (let script = left.shift(); script !== undefined; script = left.shift()) {
      const trace = traceOf(script, server, { asIn: expected(script) });
      traces.set(script.name, await trace.catch((error: unknown) => [[String(error)]]));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, worker));
  return traces;
}

class TraceClient {
  readonly #socket: Socket;
  #unread: Buffer = Buffer.alloc(0);
  readonly #messages: Message[] = [];
  #ended = false;
  #changed: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#ended = true;
      this.#changed();
    });
  }

  /** By SCRAM-SHA-256 where the server asks for it. What it says until then is no part of a trace. */
  static async logIn({ port, user, password, database }: Server): Promise<TraceClient> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    const client = new TraceClient(socket);
    socket.write(startup({ user, database }));
    let [type, body] = await client.#next();
    if (type === "R" && body.readInt32BE(0) === 10) {
      const bare = `n=,r=${randomBytes(12).toString("base64")}`;
      const initial = Buffer.from(`n,,${bare}`);
      socket.write(message("p", "SCRAM-SHA-256", int32(initial.length), initial));
      const [, challenge] = await client.#next();
      const final = scramFinal(bare, challenge.subarray(4).toString(), password);
      socket.write(message("p", Buffer.from(final)));
    }
    while (type !== "Z") {
      [type, body] = await client.#next();
      if (type === "E") throw new Error(traceLine(type, body));
    }
    return client;
  }

  async run(
    { writes, until }: Step,
    quiet: Quiet,
    expected: number | undefined,
  ): Promise<string[]> {
    for (const bytes of writes) {
      // A write that has left before the next one begins is a packet of its own.
      await new Promise((resolve) => this.#socket.write(bytes, resolve));
    }
    const isComplete = (): boolean => {
      if (until === "closed") return false;
      if (until === "quiet") return expected !== undefined && this.#messages.length >= expected;
      return this.#messages.filter(([type]) => type === "Z").length >= until.ready;
    };
    const patience = until === "quiet" && "afterMs" in quiet ? quiet.afterMs : STEP_MS;
    const isAnswered = await this.#wait(isComplete, patience);
    const lines = this.#messages.splice(0).map(([type, body]) => traceLine(type, body));
    if (!isAnswered && until !== "quiet") lines.push("nothing more came");
    if (this.#ended) lines.push("closed");
    return lines;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #next(): Promise<Message> {
    await this.#wait(() => this.#messages.length > 0, STEP_MS);
    const first = this.#messages.shift();
    if (first === undefined) throw new Error("the server does not let the client in");
    return first;
  }

  /** False where nothing has come for as long as `patienceMs`. */
  async #wait(isComplete: () => boolean, patienceMs: number): Promise<boolean> {
    while (!this.#ended && !isComplete()) {
      const timer = { rang: false };
      await new Promise<void>((resolve) => {
        const timeout = setTimeout(() => {
          timer.rang = true;
          resolve();
        }, patienceMs);
        this.#changed = () => {
          clearTimeout(timeout);
          resolve();
        };
      });
      if (timer.rang) return false;
    }
    return true;
  }

  #receive(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#unread, chunk]);
    let offset = 0;
    while (bytes.length - offset >= 5) {
      const end = offset + 1 + bytes.readUInt32BE(offset + 1);
      if (end > bytes.length) break;
      const type = bytes.toString("latin1", offset, offset + 1);
      this.#messages.push([type, bytes.subarray(offset + 5, end)]);
      offset = end;
    }
    this.#unread = bytes.subarray(offset);
    this.#changed();
  }
}
