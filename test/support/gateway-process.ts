/** A gateway as a user starts it: `node dist/main.js serve`, in a process group of its own. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { stringify } from "yaml";
import { createLogger } from "../../src/observe/logger.ts";
import { DataDirectory } from "../../src/shadow/data-directory.ts";
import { query } from "./frontend.ts";
import { SHADOW_DIRECTORY, USER } from "./gateway.ts";
import { WireClient } from "./wire-client.ts";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

/** For what the gateway does by itself, on a machine that has much else to do. */
const PATIENCE_MS = 30_000;

/** What a gateway is started with, and what is left when it has ended. */
export interface Installation extends AsyncDisposable {
  readonly folder: string;
  readonly cache: string;
  readonly config: string;
  /** Writes a file of the store. */
  write(file: string, content: string): Promise<void>;
}

export interface InstallationOptions {
  /** YAML of the tables of the workspace "test". */
  readonly tables: Readonly<Record<string, unknown>>;
  readonly workspace?: Readonly<Record<string, unknown>>;
  readonly settings?: Readonly<Record<string, unknown>>;
}

export async function makeInstallation(options: InstallationOptions): Promise<Installation> {
  const folder = await mkdtemp(join(tmpdir(), "bucketgres-fault-"));
  for (const name of ["data", "catalog", "cache"]) await mkdir(join(folder, name));
  const { tables, workspace, settings } = options;
  await writeFile(
    join(folder, "catalog", "test.yaml"),
    stringify({ workspace: "test", members: [USER.user], refresh: "off", ...workspace, tables }),
  );
  const config = join(folder, "bucketgres.yaml");
  await writeFile(
    config,
    stringify({
      listen: { host: "127.0.0.1", port: 0 },
      http: "off",
      catalog: "catalog",
      cache: { directory: "cache" },
      stores: { files: { type: "directory", path: "data" } },
      users: { [USER.user]: { password: USER.password } },
      ...settings,
    }),
  );
  return {
    folder,
    cache: join(folder, "cache"),
    config,
    write: (file, content) => writeFile(join(folder, "data", file), content),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A file system of its own over the cache's directory, which only the gateway's processes see. */
export interface SmallDisk {
  readonly size: string;
  readonly inodes?: number;
}

export class GatewayProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #listening: Promise<number>;

  private constructor(child: ChildProcess) {
    this.child = child;
    this.#listening = new Promise((resolve, reject) => {
      child.once("exit", () => reject(new Error(`the gateway ended: ${this.log()}`)));
      if (child.stderr === null) throw new Error("its log is piped");
      createInterface(child.stderr).on("line", (line) => {
        this.#lines.push(line);
        const port = /"port":(\d+),.*"msg":"listening"/.exec(line)?.[1];
        if (port !== undefined) resolve(Number(port));
      });
    });
    this.#listening.catch(() => undefined);
  }

  static async start({ config, cache }: Installation, disk?: SmallDisk): Promise<GatewayProcess> {
    const serve = [MAIN, "serve", "--config", config];
    // It leads a process group, as it does under a shell or a service manager.
    const options: SpawnOptions = { detached: true, stdio: ["ignore", "ignore", "pipe"] };
    const child =
      disk === undefined
        ? spawn(process.execPath, serve, options)
        : spawn("unshare", [...onSmallDisk(cache, disk), process.execPath, ...serve], options);
    await once(child, "spawn");
    return new GatewayProcess(child);
  }

  get port(): Promise<number> {
    return this.#listening;
  }

  log(): string {
    return this.#lines.join("\n");
  }

  /** The cache's directory as the gateway sees it. */
  inside(path: string): string {
    return join(`/proc/${this.child.pid}/root`, path);
  }

  async connect(database: string = USER.database): Promise<WireClient> {
    return WireClient.logIn(await this.#listening, { ...USER, database });
  }

  /** Of its children the one that runs the engine's program. */
  engineProcess(): number {
    const { pid } = this.child;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    const engine = children.find((child) =>
      readFileSync(`/proc/${child}/cmdline`, "utf8").includes("engine-process"),
    );
    if (engine === undefined) throw new Error("the gateway has no engine");
    return Number(engine);
  }

  /** Everything that it has started ends with it, as in a power failure. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "exit");
    if (this.child.pid !== undefined) process.kill(-this.child.pid, "SIGKILL");
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** The values of a query's rows, or the error that it ended with. */
export async function ask(client: WireClient, sql: string): Promise<unknown> {
  client.send(query(sql));
  const messages = await client.untilReady();
  const error = messages.find(({ type }) => type === "ErrorResponse");
  return error ?? messages.filter(({ type }) => type === "DataRow").map(({ values }) => values);
}

/** Asks again until the answer is this one. */
export async function untilAnswer(client: WireClient, sql: string, answer: unknown): Promise<void> {
  const startedAt = performance.now();
  for (;;) {
    const last = await ask(client, sql);
    if (isDeepStrictEqual(last, answer)) return;
    if (performance.now() - startedAt > PATIENCE_MS) {
      throw new Error(`${sql} is still answered with ${JSON.stringify(last)}`);
    }
    await delay(50);
  }
}

/** Why no file systems can be mounted here; undefined where they can. */
export async function whyNoSmallDisks(): Promise<string | undefined> {
  await new DataDirectory(SHADOW_DIRECTORY, createLogger({ level: "silent" })).path();
  const child = spawn("unshare", [...onSmallDisk("/mnt", { size: "1m" }), "true"], {
    stdio: "ignore",
  });
  const code = await new Promise((resolve) => {
    child.once("error", () => resolve(-1));
    child.once("exit", resolve);
  });
  return code === 0 ? undefined : "unshare cannot make a mount namespace with a tmpfs here";
}

export function asRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The parameters of unshare that come before the program. */
function onSmallDisk(path: string, { size, inodes }: SmallDisk): string[] {
  const options = [`size=${size}`, ...(inodes === undefined ? [] : [`nr_inodes=${inodes}`])];
  // The shadow's archive would fill a small disk: it is linked from where all tests have it.
  const script =
    'mount -t tmpfs -o "$1" none "$2" && ln -s "$3"/shadow-*.tar "$2" && shift 3 && exec "$@"';
  return [
    asRoot() ? "-m" : "-Urm",
    "/bin/sh",
    "-c",
    script,
    "sh",
    options.join(","),
    path,
    SHADOW_DIRECTORY,
  ];
}
