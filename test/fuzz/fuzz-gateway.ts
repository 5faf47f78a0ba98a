import { readdirSync, readFileSync } from "node:fs";
import { USER } from "../support/gateway.ts";
import { GatewayProcess, makeInstallation } from "../support/gateway-process.ts";
import { TABLES } from "../trace/tables.ts";
import { Finding, LiveConnection } from "./live-connection.ts";

/** A gateway in a process of its own that serves the tables of the byte traces, and a well-behaved client. */
export interface FuzzGateway extends AsyncDisposable {
  readonly port: number;
  readonly login: typeof USER;
  readonly process: GatewayProcess;
  /** Asks for something now and then, and says how long the longest answer took. */
  readonly neighbour: Neighbour;
  /** What the process holds, and what its engine does. */
  resources(): Resources;
}

export interface Resources {
  readonly rssMb: number;
  readonly files: number;
  readonly engineRssMb: number;
  readonly engineFiles: number;
}

/** Statements of mutants that would go on for ever end by this. */
const STATEMENT_TIMEOUT = "3s";

export async function startFuzzGateway(): Promise<FuzzGateway> {
  const installation = await makeInstallation({
    tables: Object.fromEntries(
      Object.entries(TABLES).map(([name, { columns }]) => [
        name,
        {
          source: `files:${name}.csv`,
          columns: Object.fromEntries(
            Object.entries(columns).map(([column, type]) => [column, { type }]),
          ),
        },
      ]),
    ),
    workspace: { limits: { statement_timeout: STATEMENT_TIMEOUT, memory: "1GB", threads: 2 } },
    settings: { limits: { message_size: "1MB", authentication_timeout: "5s" } },
  });
  for (const [name, { csv }] of Object.entries(TABLES))
    await installation.write(`${name}.csv`, csv);
  const gateway = await GatewayProcess.start(installation);
  const port = await gateway.port;
  const engine = await firstAnswer(port, gateway);
  const neighbour = new Neighbour(await LiveConnection.logIn({ port }));
  return {
    port,
    login: USER,
    process: gateway,
    neighbour,
    resources: () => ({
      rssMb: rssMb(gateway.child.pid),
      files: files(gateway.child.pid),
      engineRssMb: rssMb(engine),
      engineFiles: files(engine),
    }),
    async [Symbol.asyncDispose]() {
      await neighbour.stop();
      await gateway[Symbol.asyncDispose]();
      await installation[Symbol.asyncDispose]();
    },
  };
}

/** The engine's process id, once it has answered. */
async function firstAnswer(port: number, gateway: GatewayProcess): Promise<number> {
  const connection = await LiveConnection.logIn({ port });
  while (!(await connection.counts("items"))) continue;
  connection.destroy();
  return gateway.engineProcess();
}

export class Neighbour {
  readonly #connection: LiveConnection;
  readonly #running: Promise<void>;
  #isStopping = false;
  longestMs = 0;
  answers = 0;
  failure: string | undefined;

  constructor(connection: LiveConnection) {
    this.#connection = connection;
    this.#running = this.#ask();
  }

  async untilAnswers(count: number): Promise<void> {
    while (this.answers < count && this.failure === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#running;
    this.#connection.destroy();
  }

  async #ask(): Promise<void> {
    try {
      while (!this.#isStopping) {
        const startedAt = performance.now();
        if (!(await this.#connection.counts("items"))) throw new Finding("no answer");
        this.longestMs = Math.max(this.longestMs, performance.now() - startedAt);
        this.answers += 1;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    } catch (error) {
      this.failure = String(error);
    }
  }
}

function rssMb(pid: number | undefined): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Math.round(Number(kilobytes) / 1024);
}

function files(pid: number | undefined): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
