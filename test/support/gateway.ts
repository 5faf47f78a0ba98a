import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { loadConfiguration } from "../../src/catalog/configuration.ts";
import { type Gateway, startGateway as start } from "../../src/gateway.ts";
import { createLogger } from "../../src/observe/logger.ts";
import { type Login, WireClient } from "./wire-client.ts";

export interface TestTable {
  /** A file in the test's store, by its content. */
  readonly content: string | Buffer;
  /** With its extension; default: the table's name and .csv. */
  readonly file?: string;
  readonly [yaml: string]: unknown;
}

export interface TestGatewayOptions {
  /** Tables of the workspace "test", by name: a file's content, or that and YAML keys of the table. */
  readonly tables?: Readonly<Record<string, string | Buffer | TestTable>>;
  readonly views?: Readonly<Record<string, string>>;
  /** More keys of the workspace's YAML. */
  readonly workspace?: Readonly<Record<string, unknown>>;
  /** More keys of the server's YAML. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** More workspace files, by name, as YAML text. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface TestGateway extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly port: number;
  readonly folder: string;
  /** For drivers: the user ana in the workspace test. */
  readonly url: string;
  /** What the gateway has logged so far, one JSON object a line. */
  readonly log: () => string;
  connect(parameters?: Readonly<Record<string, string>>): Promise<WireClient>;
  /** As another user, or with another password. */
  logIn(login: Partial<Login>): Promise<WireClient>;
  /** Replaces a source file. */
  write(file: string, content: string | Buffer): Promise<void>;
  /** Replaces the workspace's YAML. */
  writeWorkspace(yaml: Readonly<Record<string, unknown>> | string): Promise<void>;
}

export const USER = { user: "ana", password: "Kaltwasser 9", database: "test" } as const;

/** Made once for all tests of this machine: the same for every workspace. */
export const SHADOW_DIRECTORY = join(tmpdir(), "bucketgres-test-shadow");

/** A gateway of its own, in this process, on a free port, over files in a folder of its own. */
export async function startGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const folder = await mkdtemp(join(tmpdir(), "bucketgres-test-"));
  const data = join(folder, "data");
  const catalog = join(folder, "catalog");
  await mkdir(data);
  await mkdir(catalog);
  const write = async (file: string, content: string | Buffer): Promise<void> => {
    await mkdir(dirname(join(data, file)), { recursive: true });
    await writeFile(join(data, file), content);
  };
  const tables: Record<string, unknown> = {};
  for (const [name, table] of Object.entries(options.tables ?? {})) {
    const {
      content,
      file = `${name}.csv`,
      ...yaml
    } = typeof table === "string" || Buffer.isBuffer(table) ? { content: table } : table;
    await write(file, content);
    tables[name] = { source: `files:${file}`, ...yaml };
  }
  const views = Object.fromEntries(
    Object.entries(options.views ?? {}).map(([name, sql]) => [name, { sql }]),
  );
  const workspace = {
    workspace: "test",
    members: [USER.user],
    refresh: "off",
    tables,
    views,
    ...options.workspace,
  };
  const workspaceFile = join(catalog, "test.yaml");
  await writeFile(workspaceFile, stringify(workspace));
  for (const [name, text] of Object.entries(options.files ?? {}))
    await writeFile(join(catalog, name), text);
  const settingsFile = join(folder, "bucketgres.yaml");
  await writeFile(
    settingsFile,
    stringify({
      listen: { host: "127.0.0.1", port: 0 },
      http: "off",
      catalog: "catalog",
      cache: { directory: "cache" },
      stores: { files: { type: "directory", path: "data" } },
      users: { [USER.user]: { password: USER.password } },
      ...options.settings,
    }),
  );
  const lines: string[] = [];
  const log = createLogger({
    level: "debug",
    pretty: false,
    destination: { write: (line) => void lines.push(line) },
  });
  const load = () => loadConfiguration({ config: settingsFile, environment: process.env });
  const configuration = load();
  if (configuration.outcome === "problems") {
    throw new Error(configuration.problems.map(({ message }) => message).join("\n"));
  }
  const gateway = await start({
    configuration,
    load,
    log,
    version: "test",
    shadowDirectory: SHADOW_DIRECTORY,
  });
  await gateway.loaded;
  return {
    gateway,
    port: gateway.port,
    folder,
    url: `postgres://${USER.user}:${encodeURIComponent(USER.password)}@127.0.0.1:${gateway.port}/${USER.database}`,
    log: () => lines.join(""),
    connect: (parameters) =>
      WireClient.logIn(gateway.port, { ...USER, ...(parameters && { parameters }) }),
    logIn: (login) => WireClient.logIn(gateway.port, { ...USER, ...login }),
    write,
    writeWorkspace: (yaml) =>
      writeFile(
        workspaceFile,
        typeof yaml === "string" ? yaml : stringify({ ...workspace, ...yaml }),
      ),
    async [Symbol.asyncDispose]() {
      await gateway.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
