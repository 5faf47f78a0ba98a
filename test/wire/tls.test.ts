import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeCertificate } from "../support/certificates.ts";
import { cancelRequest, query, sslRequest, startup } from "../support/frontend.ts";
import { startGateway, type TestGateway, USER } from "../support/gateway.ts";
import { openDirectTls, openTls, tlsSocket } from "../support/tls-client.ts";
import { WireClient } from "../support/wire-client.ts";

const run = promisify(execFile);
const SERVER = makeCertificate({ name: "localhost" });

let folder: string;
let tls: Readonly<Record<string, string>>;
/** Prefers encryption; for the tests that want no settings of their own. */
let gateway: TestGateway;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bucketgres-tls-"));
  tls = { certificate: join(folder, "server.crt"), key: join(folder, "server.key") };
  await writeFile(join(folder, "server.crt"), SERVER.cert);
  await writeFile(join(folder, "server.key"), SERVER.key);
  gateway = await startGateway({ tables: { t: "a\n1\n" }, settings: { tls } });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

test("a driver that asks for encryption gets it, and channel binding with it", async () => {
  const client = new pg.Client({
    connectionString: gateway.url,
    ssl: { ca: SERVER.cert, servername: "localhost" },
    enableChannelBinding: true,
  });
  client.on("error", () => undefined);

  await client.connect();
  const { rows } = await client.query("SELECT a FROM t");
  await client.end();

  expect(rows).toEqual([{ a: "1" }]);
});

test("where encryption is required a client without it is refused with the cure, and cancels are not", async () => {
  await using gateway = await startGateway({ settings: { tls: { ...tls, mode: "require" } } });
  await using client = await WireClient.open(gateway.port);
  await using canceller = await WireClient.open(gateway.port);

  client.send(startup({ user: USER.user, database: USER.database }));
  canceller.send(cancelRequest(1, Buffer.alloc(4)));

  expect(await client.untilEnd()).toEqual([
    expect.objectContaining({
      severity: "FATAL",
      code: "28000",
      hint: "Connect with sslmode=require.",
    }),
  ]);
  expect(await canceller.untilEnd()).toEqual([]);
});

test("bytes that were sent unencrypted behind a request for encryption are refused", async () => {
  await using client = await WireClient.open(gateway.port);

  client.send(sslRequest(), startup({ user: USER.user, database: USER.database }));

  expect(await client.untilEnd()).toMatchObject([
    {
      severity: "FATAL",
      code: "08P01",
      message: "received unencrypted data after SSL request",
    },
  ]);
});

test("without a certificate one is made, kept for its owner alone, and told with its fingerprint", async () => {
  await using gateway = await startGateway({ settings: { cache: { directory: "cache" } } });
  const kept = join(gateway.folder, "cache-tls");
  const certificate = await readFile(join(kept, "self-signed.crt"), "utf8");
  await using client = await openTls(gateway.port, { ca: certificate, servername: "localhost" });

  const last = (await client.authenticate(USER)).at(-1);

  expect(last).toMatchObject({ type: "ReadyForQuery" });
  expect((await stat(join(kept, "self-signed.pem"))).mode & 0o777).toBe(0o600);
  const socket = await tlsSocket(gateway.port, {});
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  expect(gateway.log()).toContain(`"fingerprint":"${fingerprint256}"`);
});

test("with tls.mode disable a request for encryption is answered with N", async () => {
  await using gateway = await startGateway({ settings: { tls: { mode: "disable" } } });
  await using client = await WireClient.open(gateway.port);

  client.send(sslRequest());

  expect(await client.byte()).toBe("N");
  expect((await client.authenticate(USER)).at(-1)).toMatchObject({ type: "ReadyForQuery" });
});

test("TLS may begin with the first byte, if the client names the protocol", async () => {
  await using gateway = await startGateway({ settings: { tls: { ...tls, mode: "require" } } });
  await using client = await openDirectTls(gateway.port, { ALPNProtocols: ["postgresql"] });
  await using nameless = await openDirectTls(gateway.port);

  client.send(sslRequest());
  expect(await client.byte()).toBe("N");
  expect((await client.authenticate(USER)).at(-1)).toMatchObject({ type: "ReadyForQuery" });
  expect(await nameless.untilEnd()).toMatchObject([
    {
      code: "08P01",
      message: "received direct SSL connection request without ALPN protocol negotiation extension",
    },
  ]);
});

test.each([["direct"], ["requested"]])("%s TLS for another protocol is refused", async (way) => {
  const open = way === "direct" ? openDirectTls : openTls;

  const failure: unknown = await open(gateway.port, { ALPNProtocols: ["http/1.1"] }).catch(
    (error: unknown) => error,
  );

  expect(failure).toMatchObject({ code: "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL" });
  await using next = await gateway.connect();
  expect(next.processId).toBeGreaterThan(0);
});

test.each([
  ["TLS 1.1", { maxVersion: "TLSv1.1", minVersion: "TLSv1", ciphers: "ALL:@SECLEVEL=0" }],
  ["a cipher without forward secrecy", { maxVersion: "TLSv1.2", ciphers: "AES128-SHA" }],
] as const)("%s is not spoken", async (_what, options) => {
  await expect(openTls(gateway.port, options)).rejects.toThrow(/alert/);
});

test("TLS 1.2 is spoken, and a session is resumed", async () => {
  const first = await tlsSocket(gateway.port, { maxVersion: "TLSv1.2" });
  const session = first.getSession();
  first.destroy();

  const second = await tlsSocket(gateway.port, { maxVersion: "TLSv1.2", session });

  expect(second.isSessionReused()).toBe(true);
  expect(second.getProtocol()).toBe("TLSv1.2");
  second.destroy();
});

test("garbage in place of a handshake closes one connection, and is counted", async () => {
  const socket = connect(gateway.port, "127.0.0.1");
  const answered = once(socket, "data");

  socket.write(sslRequest());
  await answered;
  socket.on("error", () => undefined).resume();
  socket.write("GET / HTTP/1.1\r\n\r\n");
  await once(socket, "close");

  expect(gateway.log()).toContain('"msg":"no tls handshake"');
  await using next = await openTls(gateway.port);
  expect((await next.authenticate(USER)).at(-1)).toMatchObject({ type: "ReadyForQuery" });
});

test("a handshake that does not go on is cut off after the authentication timeout", async () => {
  await using gateway = await startGateway({
    settings: { tls, limits: { authentication_timeout: "1s" } },
  });
  const socket = connect(gateway.port, "127.0.0.1");
  const answered = once(socket, "data");
  socket.write(sslRequest());
  await answered;

  // The beginning of a ClientHello.
  socket.write(Buffer.from([0x16, 3, 1, 2, 0]));

  await once(socket.resume(), "close");
});

test("a cancel request arrives over TLS as well", async () => {
  await using client = await openTls(gateway.port);
  await client.authenticate({ ...USER, version: 0x0003_0002 });
  await using canceller = await openTls(gateway.port);

  client.send(query("SELECT count(*) FROM range(100000) a, range(100000000) b"));
  canceller.send(cancelRequest(client.processId, client.secretKey));

  expect(await canceller.untilEnd()).toEqual([]);
  expect(await client.untilReady()).toContainEqual(expect.objectContaining({ code: "57014" }));
});

async function psqlVersion(): Promise<string | undefined> {
  const found = await run("psql", ["--version"]).catch(() => undefined);
  if (found === undefined) console.log("no psql: its TLS modes are not tested");
  return found?.stdout;
}

test.skipIf((await psqlVersion()) === undefined)("psql connects in each sslmode", async () => {
  const attempts = [
    "disable",
    "prefer",
    "require",
    "verify-full",
    "require channel_binding=require",
  ];

  for (const mode of attempts) {
    const target = `host=localhost hostaddr=127.0.0.1 port=${gateway.port} user=${USER.user} dbname=${USER.database} sslrootcert=${tls["certificate"]} sslmode=${mode}`;
    const { stdout } = await run(
      "psql",
      [target, "-XAt", "-c", "SHOW TimeZone", "-c", "\\conninfo"],
      {
        env: { ...process.env, PGPASSWORD: USER.password },
      },
    );
    expect(stdout).toMatch(/^UTC\n/);
    expect(stdout.includes("SSL connection")).toBe(mode !== "disable");
  }
});
