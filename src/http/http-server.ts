import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { Logger } from "../observe/logger.ts";
import { METRICS_CONTENT_TYPE } from "../observe/metrics.ts";

/** One thing that must answer before clients are sent here: a store, the catalog. */
export interface ReadinessCheck {
  readonly name: string;
  /** What is wrong, without secrets; undefined where nothing is. */
  readonly problem: string | undefined;
}

export interface HttpServerOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly version: string;
  /** Asks every store and the catalog now. It gets a limited time. */
  readonly readiness: (signal: AbortSignal) => Promise<readonly ReadinessCheck[]>;
  readonly metrics: () => string;
  readonly log: Logger;
  /** Default: those of LIMITS. */
  readonly timeouts?: Partial<HttpTimeouts>;
}

export interface HttpTimeouts {
  readonly headersMs: number;
  /** For a whole request, and for a client that does not read its answer. */
  readonly requestMs: number;
  readonly readinessMs: number;
}

const DEFAULT_TIMEOUTS: HttpTimeouts = {
  headersMs: LIMITS.httpHeadersTimeoutMs,
  requestMs: LIMITS.httpRequestTimeoutMs,
  readinessMs: LIMITS.readinessTimeoutMs,
};

export interface HttpServer extends AsyncDisposable {
  /** With the port that was really taken. */
  readonly url: string;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

interface Route {
  readonly help: string;
  readonly answer: () => Promise<Answer> | Answer;
}

const TEXT = "text/plain; charset=utf-8";
const HTML = "text/html; charset=utf-8";
const JSON_TYPE = "application/json; charset=utf-8";

/** Health, readiness and metrics over HTTP. Rejects with one clear error if it cannot listen. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { headersMs, requestMs, readinessMs } = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const routes = routesOf(options, readinessMs);
  const server = createServer(
    {
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      keepAliveTimeout: headersMs,
      // How often Node.js looks for requests that are over their time.
      connectionsCheckingInterval: headersMs / 5,
    },
    (request, response) => {
      respond(routes, request)
        .catch((err: unknown) => {
          options.log.error({ err, path: request.url }, "HTTP request failed");
          return text(500, "internal error\n");
        })
        .then((answer) => write(response, request, answer))
        .catch((err: unknown) => options.log.error({ err }, "HTTP response failed"));
    },
  );
  server.maxConnections = LIMITS.httpConnections;
  // A client that reads nothing holds its answer for this long.
  server.timeout = requestMs;
  const url = await listen(server, options);
  return { url, [Symbol.asyncDispose]: () => close(server) };
}

function routesOf(options: HttpServerOptions, readinessMs: number): ReadonlyMap<string, Route> {
  const readiness = sharedReadiness(options, readinessMs);
  const routes = new Map<string, Route>([
    ["/healthz", { help: "whether the process lives", answer: () => text(200, "ok\n") }],
    [
      "/readyz",
      { help: "whether every store answers and the catalog is loaded", answer: readiness },
    ],
    [
      "/metrics",
      {
        help: "numbers for Prometheus",
        answer: () => ({ status: 200, type: METRICS_CONTENT_TYPE, body: options.metrics() }),
      },
    ],
  ]);
  const page = indexPage(options.version, [...routes]);
  return routes.set("/", {
    help: "this list",
    answer: () => ({ status: 200, type: HTML, body: page }),
  });
}

async function respond(
  routes: ReadonlyMap<string, Route>,
  request: IncomingMessage,
): Promise<Answer> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return text(405, "only GET and HEAD are answered here\n");
  }
  const [path = "/"] = (request.url ?? "/").split("?");
  const route = routes.get(path);
  if (route !== undefined) return route.answer();
  return text(404, `nothing here; there are: ${[...routes.keys()].toSorted().join(" ")}\n`);
}

function write(response: ServerResponse, request: IncomingMessage, answer: Answer): void {
  response.writeHead(answer.status, {
    "content-type": answer.type,
    "content-length": Buffer.byteLength(answer.body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(answer.status === 405 ? { allow: "GET, HEAD" } : {}),
  });
  // A body that nobody asked for is not read either; what follows it could not be told apart.
  if (answer.status === 405) response.shouldKeepAlive = false;
  response.end(request.method === "HEAD" ? undefined : answer.body);
}

/** Probes that come at the same time share one look at the stores. */
function sharedReadiness(options: HttpServerOptions, timeoutMs: number): () => Promise<Answer> {
  let running: Promise<Answer> | undefined;
  return () => {
    running ??= readinessAnswer(options, timeoutMs).finally(() => {
      running = undefined;
    });
    return running;
  };
}

async function readinessAnswer(options: HttpServerOptions, timeoutMs: number): Promise<Answer> {
  const checks = await checksInTime(options, timeoutMs);
  const ready = checks.every(({ problem }) => problem === undefined);
  const body = {
    ready,
    checks: Object.fromEntries(checks.map(({ name, problem }) => [name, problem ?? "ok"])),
  };
  return { status: ready ? 200 : 503, type: JSON_TYPE, body: `${JSON.stringify(body, null, 2)}\n` };
}

async function checksInTime(
  { readiness, log }: HttpServerOptions,
  timeoutMs: number,
): Promise<readonly ReadinessCheck[]> {
  const problem = `not answered within ${timeoutMs} ms`;
  const abort = new AbortController();
  const timer = setTimeout(() => {
    abort.abort(new PgError("query_canceled", `readiness was ${problem}`));
  }, timeoutMs);
  const timeout = once(abort.signal, "abort").then(async () => {
    // `readiness` gets one more turn of the event loop to say which check hung.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    return [{ name: "readiness", problem }];
  });
  try {
    return await Promise.race([readiness(abort.signal), timeout]);
  } catch (err) {
    if (abort.signal.aborted) return await timeout;
    log.error({ err }, "readiness check failed");
    return [{ name: "readiness", problem: "the check itself failed; the log has the reason" }];
  } finally {
    clearTimeout(timer);
  }
}

function indexPage(version: string, routes: readonly (readonly [string, Route])[]): string {
  const items = routes.map(([path, { help }]) => `<li><a href="${path}">${path}</a>: ${help}</li>`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>bucketgres</title>
<h1>bucketgres ${version}</h1>
<ul>
${items.join("\n")}
</ul>
</html>
`;
}

function text(status: number, body: string): Answer {
  return { status, type: TEXT, body };
}

async function listen(server: Server, { host, port, log }: HttpServerOptions): Promise<string> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (cause) {
    throw cannotListen(host, port, cause);
  }
  server.on("error", (err) => log.error({ err }, "HTTP server failed"));
  const address = server.address();
  const taken = address !== null && typeof address === "object" ? address.port : port;
  return `http://${host.includes(":") ? `[${host}]` : host}:${taken}`;
}

const LISTEN_PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another process has it",
  EACCES: "ports below 1024 need a privilege",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "there is no such host",
};

function cannotListen(host: string, port: number, cause: unknown): PgError {
  const code: unknown = cause instanceof Error ? Reflect.get(cause, "code") : undefined;
  const problem = LISTEN_PROBLEMS[String(code)] ?? String(code ?? cause);
  return new PgError("system_error", `cannot serve HTTP on ${host}:${port}: ${problem}`, {
    hint: "Choose another with --http-port or http.port in the configuration, or turn it off with `http: off`.",
    cause,
  });
}

/** Answers in flight get their end; idle and stuck connections are not waited for. */
async function close(server: Server): Promise<void> {
  const force = setTimeout(() => server.closeAllConnections(), LIMITS.httpDrainMs);
  await new Promise((resolve) => {
    server.close(resolve);
  });
  clearTimeout(force);
}
