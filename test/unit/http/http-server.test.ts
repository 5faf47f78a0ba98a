import { EventEmitter, once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { type HttpServerOptions, startHttpServer } from "../../../src/http/http-server.ts";
import { createLogger } from "../../../src/observe/logger.ts";

async function serverWith(options: Partial<HttpServerOptions> = {}) {
  const logged: string[] = [];
  const server = await startHttpServer({
    host: "127.0.0.1",
    port: 0,
    version: "1.2.3",
    readiness: async () => [],
    metrics: () => "",
    log: createLogger({
      level: "debug",
      pretty: false,
      destination: { write: (line) => logged.push(line) },
    }),
    ...options,
  });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { url: server.url, port: Number(new URL(server.url).port), logged };
}

test("/healthz says ok", async () => {
  const { url } = await serverWith();

  const response = await fetch(`${url}/healthz`);

  expect(response.status).toBe(200);
  expect(await response.text()).toBe("ok\n");
});

test("/readyz is 200 when every check is fine", async () => {
  const { url } = await serverWith({
    readiness: async () => [{ name: "catalog", problem: undefined }],
  });

  const response = await fetch(`${url}/readyz`);

  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(await response.json()).toEqual({ ready: true, checks: { catalog: "ok" } });
});

test("/readyz is 503 and says which store does not answer", async () => {
  const { url } = await serverWith({
    readiness: async () => [
      { name: "catalog", problem: undefined },
      { name: "store lake", problem: "access denied" },
    ],
  });

  const response = await fetch(`${url}/readyz`);

  expect(response.status).toBe(503);
  expect(await response.json()).toEqual({
    ready: false,
    checks: { catalog: "ok", "store lake": "access denied" },
  });
});

test("a readiness that hangs is told to stop and can say what hung", async () => {
  const { url } = await serverWith({
    timeouts: { readinessMs: 20 },
    readiness: async (signal) => {
      await once(signal, "abort");
      return [{ name: "store lake", problem: "does not answer" }];
    },
  });

  const response = await fetch(`${url}/readyz`);

  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ checks: { "store lake": "does not answer" } });
});

test("a readiness that ignores its signal is not waited for", async () => {
  const { url } = await serverWith({
    timeouts: { readinessMs: 20 },
    readiness: () => new Promise(() => undefined),
  });

  const response = await fetch(`${url}/readyz`);

  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({
    checks: { readiness: "not answered within 20 ms" },
  });
});

test("a readiness that fails is 503; the reason is in the log and not in the answer", async () => {
  const { url, logged } = await serverWith({
    readiness: async () => {
      throw new Error("the inner reason");
    },
  });

  const response = await fetch(`${url}/readyz`);

  expect(response.status).toBe(503);
  expect(await response.text()).not.toContain("the inner reason");
  expect(logged.join("")).toContain("the inner reason");
});

test("probes at the same time share one look, later ones look again", async () => {
  let looks = 0;
  const gate = new EventEmitter();
  const { url, port } = await serverWith({
    readiness: async () => {
      looks += 1;
      gate.emit("looking");
      await once(gate, "open");
      return [];
    },
  });
  const looking = once(gate, "looking");
  const socket = connect(port, "127.0.0.1").setEncoding("latin1");
  const probe = "GET /readyz HTTP/1.1\r\nHost: x\r\n";

  // Three requests in one segment: the server has seen them all before it answers the first.
  socket.write(`${probe}\r\n${probe}\r\n${probe}Connection: close\r\n\r\n`);
  await looking;
  setImmediate(() => gate.emit("open"));
  let answers = "";
  for await (const chunk of socket) answers += String(chunk);

  expect(answers.match(/^HTTP\/1.1 200 /gm)).toHaveLength(3);
  expect(looks).toBe(1);
  gate.on("looking", () => setImmediate(() => gate.emit("open")));
  await fetch(`${url}/readyz`);
  expect(looks).toBe(2);
});

test("/metrics is Prometheus text", async () => {
  const { url } = await serverWith({ metrics: () => "bucketgres_connections 1\n" });

  const response = await fetch(`${url}/metrics`);

  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(await response.text()).toBe("bucketgres_connections 1\n");
});

test("/ links what there is", async () => {
  const { url } = await serverWith();

  const page = await (await fetch(`${url}/`)).text();

  for (const part of ["1.2.3", 'href="/healthz"', 'href="/readyz"', 'href="/metrics"']) {
    expect(page).toContain(part);
  }
});

test.each(["/", "/healthz", "/readyz", "/metrics", "/nothing"])(
  "HEAD %s has GET's head and no body",
  async (path) => {
    const { url } = await serverWith();

    const [head, get] = await Promise.all([
      fetch(url + path, { method: "HEAD" }),
      fetch(url + path),
    ]);

    expect(head.status).toBe(get.status);
    expect(head.headers.get("content-length")).toBe(get.headers.get("content-length"));
    expect(await head.text()).toBe("");
  },
);

test("an unknown path is 404 and lists the paths", async () => {
  const { url } = await serverWith();

  const response = await fetch(`${url}/status?x=1`);

  expect(response.status).toBe(404);
  expect(await response.text()).toBe("nothing here; there are: / /healthz /metrics /readyz\n");
});

test.each(["POST", "PUT", "DELETE", "OPTIONS"])("%s is 405", async (method) => {
  const { url } = await serverWith();

  const response = await fetch(`${url}/healthz`, { method });

  expect(response.status).toBe(405);
  expect(response.headers.get("allow")).toBe("GET, HEAD");
});

test("an error in a handler is 500 without its text; the log has it", async () => {
  const { url, logged } = await serverWith({
    metrics: () => {
      throw new Error("the inner reason");
    },
  });

  const response = await fetch(`${url}/metrics`);

  expect(response.status).toBe(500);
  expect(await response.text()).toBe("internal error\n");
  expect(logged.join("")).toContain("the inner reason");
});

test("what is not HTTP is answered with 400 and closed", async () => {
  const { port } = await serverWith();
  const socket = connect(port, "127.0.0.1").setEncoding("latin1");
  socket.write("\0\0\0\x08\x04\xd2\x16\x2f");

  let answer = "";
  for await (const chunk of socket) answer += String(chunk);

  expect(answer).toMatch(/^HTTP\/1.1 400 /);
});

test("a client that does not finish its request is answered with 408 and closed", async () => {
  const { port } = await serverWith({ timeouts: { headersMs: 50 } });
  const socket = connect(port, "127.0.0.1").setEncoding("latin1");
  socket.write("GET /healthz HTTP/1.1\r\nHost:");

  let answer = "";
  for await (const chunk of socket) answer += String(chunk);

  expect(answer).toMatch(/^HTTP\/1.1 408 /);
});

test("a port that is taken is one error that names it and the cure", async () => {
  const { port } = await serverWith();

  const second = serverWith({ port });

  await expect(second).rejects.toMatchObject({
    message: `cannot serve HTTP on 127.0.0.1:${port}: another process has it`,
    hint: expect.stringContaining("--http-port"),
  });
});

test("closing ends idle connections and frees the port", async () => {
  const server = await startHttpServer({
    host: "127.0.0.1",
    port: 0,
    version: "",
    readiness: async () => [],
    metrics: () => "",
    log: createLogger({ level: "silent" }),
  });
  const port = Number(new URL(server.url).port);
  const idle = connect(port, "127.0.0.1");
  idle.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(idle, "data");

  const closed = once(idle, "close");
  await server[Symbol.asyncDispose]();
  await closed;

  const refused = connect(port, "127.0.0.1");
  await expect(once(refused, "connect")).rejects.toThrow("ECONNREFUSED");
});
