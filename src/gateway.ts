/** The composition root: checked configuration in, running gateway out. */
import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { LoginThrottle } from "./auth/throttle.ts";
import type { Configuration, LoadedConfiguration } from "./catalog/configuration.ts";
import { ConfigurationWatch } from "./catalog/watch.ts";
import { Closers } from "./core/closers.ts";
import { SERVER_VERSION } from "./core/server-version.ts";
import { EnginePool } from "./engine/engine-pool.ts";
import { startHttpServer } from "./http/http-server.ts";
import { createLoader } from "./loader/loader-client.ts";
import { Logins } from "./logins.ts";
import type { RootLogger } from "./observe/logger.ts";
import { Metrics, reportEventLoopDelay } from "./observe/metrics.ts";
import { readiness } from "./readiness.ts";
import { Listener } from "./server/listener.ts";
import { LiveTls, type TlsOptions } from "./server/live-tls.ts";
import { Channels } from "./session/channels.ts";
import { SessionRegistry } from "./session/session-registry.ts";
import type { SessionServices } from "./session/session-services.ts";
import { formatProblem } from "./settings/problem.ts";
import { needsRestart, type Settings } from "./settings/settings.ts";
import { ShadowPool } from "./shadow/shadow-pool.ts";
import { loadParser } from "./sql/parse.ts";
import { Workspaces } from "./workspace/workspaces.ts";

export interface GatewayOptions {
  readonly configuration: Configuration;
  /** Reads the configuration again, from the same places and under the same flags. */
  readonly load: () => LoadedConfiguration | Promise<LoadedConfiguration>;
  readonly log: RootLogger;
  readonly version: string;
  /** Where the shadows' prepared data is kept; default: with the cache. */
  readonly shadowDirectory?: string;
}

export interface Gateway {
  readonly host: string;
  /** The port that was really taken. */
  readonly port: number;
  /** Undefined when HTTP is off. */
  readonly httpUrl: string | undefined;
  /** Something that psql takes: with a password only where the configuration shows it to anyone. */
  readonly url: string;
  /** Resolves when every table was looked at once. */
  readonly loaded: Promise<void>;
  readonly engine: EnginePool;
  readonly workspaces: Workspaces;
  /** Says in the log what came of it, and keeps the old configuration if the new one is wrong. */
  reload(): Promise<void>;
  /** Lets running statements end, within limits. */
  stop(): Promise<void>;
}

/** How long after SIGTERM a running statement may go on, and a killed one after its interrupt. */
const DRAIN_MS = 10_000;
const INTERRUPT_GRACE_MS = 5_000;
const DEFAULT_TEMP_DISK_BYTES = 10 * 1024 ** 3;
/** The loader streams: it needs little, whatever the size of the files. */
const LOADER_MEMORY_BYTES = 2 * 1024 ** 3;

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { log } = options;
  await loadParser();
  let { settings } = options.configuration;
  const metrics = new Metrics();
  await using opened = new Closers();
  const delay = reportEventLoopDelay(metrics);
  opened.add(() => delay[Symbol.dispose]());

  const scratch = join(settings.cache.directory, "tmp");
  mkdirSync(scratch, { recursive: true });
  const loader = createLoader({
    stores: settings.stores,
    cacheDirectory: settings.cache.directory,
    cacheSizeBytes: settings.cache.sizeBytes,
    memoryBytes: LOADER_MEMORY_BYTES,
    log,
  });
  opened.add(() => loader.close());
  const engine = new EnginePool({
    memoryBytes: settings.limits.memoryBytes,
    statements: settings.limits.connections,
    tempDirectory: scratch,
    graceMs: INTERRUPT_GRACE_MS,
    log,
    restarted: () => metrics.add("bucketgres_engine_restarts_total", {}),
    damaged: (workspace, paths) => workspaces.get(workspace)?.suspect(paths),
  });
  opened.add(() => engine.close());
  const shadow = new ShadowPool({
    cacheDirectory: options.shadowDirectory ?? settings.cache.directory,
    log,
  });
  opened.add(() => shadow.close());
  const workspaces = new Workspaces({
    engine,
    loader,
    shadow,
    looked: (workspace, outcome, loadMs) => {
      metrics.add("bucketgres_table_loads_total", { workspace, outcome });
      if (loadMs !== undefined) {
        metrics.observe("bucketgres_table_load_seconds", { workspace }, loadMs / 1000);
      }
    },
    cacheDirectory: settings.cache.directory,
    defaults: {
      memoryBytes: settings.limits.memoryBytes,
      threads: availableParallelism(),
      tempDiskBytes: DEFAULT_TEMP_DISK_BYTES,
    },
    log,
  });
  opened.add(() => workspaces.close());

  const tls = new LiveTls({
    options: tlsOptionsOf(settings),
    folder: `${settings.cache.directory}-tls`,
    host: settings.listen.host,
    log,
  });
  opened.add(() => tls[Symbol.dispose]());
  const sessions = new SessionRegistry(() => ({
    connections: settings.limits.connections,
    connectionsPerUser: settings.limits.connectionsPerUser,
    connectionsOf: (workspace) => workspaces.connectionsOf(workspace),
  }));
  metrics.collect(() => metrics.set("bucketgres_connections", {}, sessions.size));

  const logins = await Logins.open(settings.users, {
    isMember: (role, workspace) => workspaces.isMember(role, workspace),
    sessions,
    log,
  });
  opened.add(() => logins[Symbol.dispose]());
  const services: SessionServices = {
    access: () => logins.access,
    throttle: new LoginThrottle(),
    engine,
    shadow,
    sessions,
    channels: new Channels(),
    workspaces,
    serverVersion: SERVER_VERSION,
    startedAt: new Date(),
    idleTimeoutMs: () => settings.limits.idleTimeoutMs,
    observer: statementObserver(metrics),
    logStatements: () => settings.log.statements,
    log,
  };
  const listener = await Listener.listen({
    ...settings.listen,
    settings: () => ({
      messageBytes: settings.limits.messageSizeBytes,
      writeTimeoutMs: settings.limits.writeTimeoutMs,
      authenticationTimeoutMs: settings.limits.authenticationTimeoutMs,
      tls: tls.endpoint,
      requireTls: settings.tls.mode === "require",
    }),
    services,
    observer: {
      began: (outcome) => metrics.add("bucketgres_connections_total", { outcome }),
      timedOut: () => metrics.add("bucketgres_auth_failures_total", { reason: "timeout" }),
      handshakeFailed: () => metrics.add("bucketgres_auth_failures_total", { reason: "tls" }),
      cancelRequest: (outcome) => metrics.add("bucketgres_cancel_requests_total", { outcome }),
    },
    log,
  });
  opened.add(() => listener.drain(DRAIN_MS));
  const loaded = workspaces.apply(options.configuration.catalog);
  // Reported by whoever waits for it; nobody has to.
  loaded.catch((error: unknown) => log.error({ err: error }, "workspaces could not be opened"));
  let isLoaded = false;
  loaded
    .then(() => {
      isLoaded = true;
      // Behind the tables, which are asked for first.
      return shadow.prepare();
    })
    .catch((error: unknown) => log.debug({ err: error }, "shadow data could not be prepared"));

  let problems: readonly string[] = [];
  const http =
    settings.http &&
    (await startHttpServer({
      ...settings.http,
      version: options.version,
      readiness: (signal) => readiness({ stores: settings.stores, problems, isLoaded, signal }),
      metrics: () => metrics.exposition(),
      log,
    }));
  opened.add(async () => await http?.[Symbol.asyncDispose]());
  const watch = await ConfigurationWatch.start({
    current: options.configuration,
    load: options.load,
    onChange: (after, before) => {
      settings = after.settings;
      applyChange(after, before).catch((error: unknown) => {
        log.error({ err: error }, "configuration could not be applied");
      });
    },
    onProblems: (found) => {
      problems = found.map((problem) => formatProblem(problem));
      for (const problem of problems)
        log.error({ problem }, "configuration has a problem; the old one stays");
      if (problems.length === 0) log.info("configuration is right again");
    },
    onError: (error) => log.error({ err: error }, "configuration cannot be watched"),
  });
  opened.add(() => watch[Symbol.asyncDispose]());

  async function applyChange(after: Configuration, before: Configuration): Promise<void> {
    for (const key of needsRestart(before.settings, after.settings)) {
      log.warn({ setting: key }, "setting takes effect after a restart");
    }
    for (const { key, message } of after.notYet)
      log.warn({ setting: key, message }, "setting has no effect yet");
    log.setLevel(after.settings.log.level);
    loader.setStores(after.settings.stores);
    tls.apply(tlsOptionsOf(after.settings));
    await logins.apply(after.settings.users);
    const applied = workspaces.apply(after.catalog, (name) => sessions.terminateIn(name));
    // Members count from this moment; the tables take longer.
    logins.revoke();
    await applied;
    log.info("configuration reloaded");
  }

  const closers = opened.move();
  const { host } = settings.listen;
  log.info({ host, port: listener.port, http: http?.url }, "listening");
  return {
    host,
    port: listener.port,
    httpUrl: http?.url,
    url: urlOf(options.configuration, listener.port),
    loaded,
    engine,
    workspaces,
    reload: async () => {
      const { outcome } = await watch.reload();
      if (outcome === "unchanged") log.info("configuration is unchanged");
      // The files that it names may be other ones.
      tls.reload();
    },
    stop: () => closers[Symbol.asyncDispose](),
  };
}

function tlsOptionsOf({ tls }: Settings): TlsOptions {
  const { mode, certificate, clientCaFile, channelBinding } = tls;
  return { mode, certificate, clientCaFile, offersChannelBinding: channelBinding };
}

function statementObserver(metrics: Metrics): SessionServices["observer"] {
  return {
    statement: ({ workspace, sqlstate = "00000", durationMs, rows, bytes }) => {
      metrics.add("bucketgres_statements_total", {
        workspace,
        sqlstate_class: sqlstate.slice(0, 2),
      });
      metrics.observe("bucketgres_statement_seconds", { workspace }, durationMs / 1000);
      metrics.add("bucketgres_rows_sent_total", { workspace }, rows);
      metrics.add("bucketgres_sent_bytes_total", { workspace }, bytes);
    },
    authenticationFailed: (reason) => metrics.add("bucketgres_auth_failures_total", { reason }),
  };
}

/** The first workspace with a member, as psql wants it. */
function urlOf({ settings, catalog }: Configuration, port: number): string {
  const host = settings.listen.host.includes(":")
    ? `[${settings.listen.host}]`
    : settings.listen.host;
  const reachable = host === "0.0.0.0" || host === "[::]" ? "127.0.0.1" : host;
  for (const { name, members } of catalog.workspaces.values()) {
    const [member] = members;
    if (member === undefined) continue;
    const { password } = settings.users.get(member) ?? {};
    const shown =
      password?.kind === "plain" && password.isWrittenOut
        ? `:${encodeURIComponent(password.text)}`
        : "";
    return `postgres://${encodeURIComponent(member)}${shown}@${reachable}:${port}/${encodeURIComponent(name)}`;
  }
  return `postgres://${reachable}:${port}/`;
}
