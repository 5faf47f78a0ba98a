/** A PgBouncer of its own in front of the server that the environment names. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client, type ClientConfig } from "pg";

const PATH = `${process.env["PATH"]}:/usr/sbin`;

export interface PgBouncer extends AsyncDisposable {
  /** Where its clients find it. */
  readonly address: ClientConfig;
}

/** `1.18.0`. */
export function pgbouncerVersion(): string {
  const text = execFileSync("pgbouncer", ["--version"], { encoding: "utf8", env: { PATH } });
  return /\d+(\.\d+)+/.exec(text)?.[0] ?? "of an unknown version";
}

export async function startPgBouncer(
  settings: Readonly<Record<string, string | number>>,
  database = "",
): Promise<PgBouncer> {
  const folder = await mkdtemp(join(tmpdir(), "bucketgres-pgbouncer-"));
  await chmod(folder, 0o755);
  const port = await freePort();
  const { PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD, PGSSLROOTCERT } = process.env;
  const users = join(folder, "users.txt");
  await writeFile(users, `"${PGUSER}" "${PGPASSWORD}"\n`);
  const options = {
    listen_addr: "127.0.0.1",
    listen_port: port,
    unix_socket_dir: "",
    auth_type: "scram-sha-256",
    auth_file: users,
    server_tls_sslmode: "verify-ca",
    server_tls_ca_file: PGSSLROOTCERT ?? "",
    default_pool_size: 4,
    server_reset_query: "DISCARD ALL",
    ...settings,
  };
  const lines = Object.entries(options).map(([name, value]) => `${name} = ${value}`);
  const target = `host=${PGHOST} port=${PGPORT} dbname=${PGDATABASE} ${database}`;
  const file = join(folder, "pgbouncer.ini");
  await writeFile(
    file,
    `[databases]\n${PGDATABASE} = ${target}\n[pgbouncer]\n${lines.join("\n")}\n`,
  );
  // It refuses to run as root.
  const account = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  const child = spawn("pgbouncer", [...account, file], {
    stdio: "ignore",
    env: { PATH },
    cwd: folder,
  });
  await listening(port, child);
  return {
    address: { host: "127.0.0.1", port, ssl: false },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function withClient<T>(
  config: ClientConfig,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client(config);
  // When the pool cannot reach the server, it also closes the connection.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`pgbouncer ended with ${child.exitCode}`);
    const socket = connect(port, "127.0.0.1");
    const connected = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    socket.destroy();
    if (connected) return;
    await delay(50);
  }
  throw new Error("pgbouncer does not listen");
}
