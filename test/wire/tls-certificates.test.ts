import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeCertificate, type TestCertificate } from "../support/certificates.ts";
import { query, startup } from "../support/frontend.ts";
import { startGateway, type TestGateway, USER } from "../support/gateway.ts";
import { openTls, tlsSocket } from "../support/tls-client.ts";
import { WireClient } from "../support/wire-client.ts";

const AUTHORITY = makeCertificate({ name: "Acme", isAuthority: true });
const ANA = makeCertificate({ name: "ana", issuer: AUTHORITY });
const ETL = makeCertificate({ name: "etl.acme.internal", issuer: AUTHORITY });

let folder: string;
let tls: Readonly<Record<string, string>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bucketgres-tls-"));
  tls = {
    certificate: join(folder, "server.crt"),
    key: join(folder, "server.key"),
    client_ca: join(folder, "clients.crt"),
  };
  await putServer(makeCertificate({ name: "localhost" }));
  await writeFile(join(folder, "clients.crt"), AUTHORITY.cert);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function putServer({ cert, key }: TestCertificate): Promise<void> {
  await writeFile(join(folder, "server.crt"), cert);
  await writeFile(join(folder, "server.key"), key);
}

/** What the last message of a login over TLS with this certificate is. */
async function lastOf(
  { port }: TestGateway,
  login: { readonly user: string; readonly password?: string },
  certificate?: TestCertificate,
) {
  await using client = await openTls(port, certificate ?? {});
  return (await client.authenticate({ password: "none", database: "test", ...login })).at(-1);
}

async function shownFingerprint(port: number): Promise<string> {
  const socket = await tlsSocket(port, {});
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

/** Waits for what the gateway finds out by itself. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await delay(20);
}

test("a user with a certificate and no password logs in by that certificate alone", async () => {
  await using gateway = await startGateway({
    settings: {
      tls,
      users: {
        ana: { password: USER.password },
        etl: { certificate: "etl.acme.internal" },
        bob: { certificate: true },
      },
    },
    workspace: { members: ["ana", "etl"] },
  });
  const bob = makeCertificate({ name: "bob", issuer: AUTHORITY });
  const stranger = makeCertificate({ name: "etl.acme.internal" });
  const expired = makeCertificate({
    name: "etl.acme.internal",
    issuer: AUTHORITY,
    validToMs: Date.now() - 60_000,
  });
  const required = { code: "28000", message: "connection requires a valid client certificate" };

  expect(await lastOf(gateway, { user: "etl" }, ETL)).toMatchObject({ type: "ReadyForQuery" });
  expect(await lastOf(gateway, { user: "etl" })).toMatchObject(required);
  expect(await lastOf(gateway, { user: "etl" }, stranger)).toMatchObject(required);
  expect(await lastOf(gateway, { user: "etl" }, expired)).toMatchObject({
    ...required,
    detail: "The certificate was refused: CERT_HAS_EXPIRED.",
  });
  const wrongName = await lastOf(gateway, { user: "etl" }, ANA);
  expect(wrongName).toMatchObject({
    code: "28000",
    message: 'certificate authentication failed for user "etl"',
  });
  // A member's certificate and a workspace that is not open to it sound alike.
  expect(await lastOf(gateway, { user: "bob" }, bob)).toMatchObject({
    code: "28000",
    message: 'certificate authentication failed for user "bob"',
    hint: wrongName?.["hint"],
  });
  expect(await lastOf(gateway, { user: "ana", password: USER.password })).toMatchObject({
    type: "ReadyForQuery",
  });
});

test("a user with both needs both, and the wrong certificate sounds like a wrong password", async () => {
  await using gateway = await startGateway({
    settings: { tls, users: { ana: { password: USER.password, certificate: true } } },
  });
  const failed = { code: "28P01", message: 'password authentication failed for user "ana"' };
  const { password } = USER;

  expect(await lastOf(gateway, { user: "ana", password }, ANA)).toMatchObject({
    type: "ReadyForQuery",
  });
  expect(await lastOf(gateway, { user: "ana", password: "wrong" }, ANA)).toMatchObject(failed);
  expect(await lastOf(gateway, { user: "ana", password }, ETL)).toMatchObject(failed);
  expect(await lastOf(gateway, { user: "ana", password })).toMatchObject({
    code: "28000",
    message: "connection requires a valid client certificate",
  });
  await expect(gateway.connect()).rejects.toThrow("connection requires a valid client certificate");
});

/** What the server offers for a login: by TLS, and without it where `client` is not encrypted. */
async function offered(client: WireClient): Promise<readonly string[]> {
  await using _ = client;
  client.send(startup({ user: USER.user, database: USER.database }));
  const request = await client.next();
  return String(request?.["data"]).split("\0").filter(Boolean);
}

test("channel binding is offered over TLS, unless the certificate or the settings forbid it", async () => {
  await putServer(makeCertificate({ name: "localhost" }));
  await using gateway = await startGateway({ settings: { tls } });
  const { port } = gateway;
  expect(await offered(await openTls(port))).toEqual(["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]);
  expect(await offered(await WireClient.open(port))).toEqual(["SCRAM-SHA-256"]);

  await putServer(makeCertificate({ name: "localhost", algorithm: "ed25519" }));
  await gateway.gateway.reload();
  expect(await offered(await openTls(port))).toEqual(["SCRAM-SHA-256"]);

  await putServer(makeCertificate({ name: "localhost" }));
  await using behindProxy = await startGateway({
    settings: { tls: { ...tls, channel_binding: false } },
  });
  expect(await offered(await openTls(behindProxy.port))).toEqual(["SCRAM-SHA-256"]);
});

test("files that are replaced count for the next connection, and open ones go on", async () => {
  await putServer(makeCertificate({ name: "localhost" }));
  await using gateway = await startGateway({ settings: { tls } });
  await using open = await openTls(gateway.port);
  await open.authenticate(USER);
  const before = await shownFingerprint(gateway.port);

  await putServer(makeCertificate({ name: "localhost" }));
  await until(async () => (await shownFingerprint(gateway.port)) !== before);

  open.send(query("SHOW TimeZone"));
  expect((await open.untilReady())[1]).toEqual({ type: "DataRow", values: ["UTC"] });
  expect(await lastOf(gateway, { user: "ana", password: USER.password })).toMatchObject({
    type: "ReadyForQuery",
  });
});

test("a pair that does not fit together leaves the old one in force, and the log says so", async () => {
  await putServer(makeCertificate({ name: "localhost" }));
  await using gateway = await startGateway({ settings: { tls } });
  const before = await shownFingerprint(gateway.port);

  await writeFile(join(folder, "server.key"), ANA.key);
  await gateway.gateway.reload();

  expect(await shownFingerprint(gateway.port)).toBe(before);
  expect(gateway.log()).toContain("tls certificate cannot be used; the old one stays");

  await putServer(ETL);
  await gateway.gateway.reload();

  expect(await shownFingerprint(gateway.port)).not.toBe(before);
});

test("where the server cannot start with its certificate the error names the setting", async () => {
  await putServer({ ...ANA, key: ETL.key });

  const failure: unknown = await startGateway({ settings: { tls } }).catch(
    (error: unknown) => error,
  );

  expect(failure).toMatchObject({
    sqlstate: "F0000",
    message: "tls.certificate and tls.key cannot be used together",
  });
});
