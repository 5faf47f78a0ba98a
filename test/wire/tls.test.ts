import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sslRequest, startup } from "../support/frontend.ts";
import { startGateway, USER } from "../support/gateway.ts";
import { TEST_CERTIFICATE } from "../support/s3-server/certificate.ts";
import { WireClient } from "../support/wire-client.ts";

let folder: string;
let tls: Readonly<Record<string, string>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bucketgres-tls-"));
  tls = { certificate: join(folder, "server.crt"), key: join(folder, "server.key") };
  await writeFile(join(folder, "server.crt"), TEST_CERTIFICATE.cert);
  await writeFile(join(folder, "server.key"), TEST_CERTIFICATE.key);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("with a certificate a driver that asks for encryption gets it", async () => {
  await using gateway = await startGateway({ tables: { t: "a\n1\n" }, settings: { tls } });
  const client = new pg.Client({
    connectionString: gateway.url,
    ssl: { ca: TEST_CERTIFICATE.cert, servername: "localhost" },
  });
  client.on("error", () => undefined);

  await client.connect();
  const { rows } = await client.query("SELECT a FROM t");
  await client.end();

  expect(rows).toEqual([{ a: "1" }]);
});

test("where encryption is required a client without it is refused with the cure", async () => {
  await using gateway = await startGateway({ settings: { tls: { ...tls, mode: "require" } } });
  await using client = await WireClient.open(gateway.port);

  client.send(startup({ user: USER.user, database: USER.database }));

  expect(await client.untilEnd()).toEqual([
    expect.objectContaining({
      severity: "FATAL",
      code: "28000",
      hint: "Connect with sslmode=require.",
    }),
  ]);
});

test("bytes that were sent unencrypted behind a request for encryption are refused", async () => {
  await using gateway = await startGateway({ settings: { tls } });
  await using client = await WireClient.open(gateway.port);

  client.send(sslRequest(), startup({ user: USER.user, database: USER.database }));

  expect(await client.untilEnd()).toMatchObject([{ severity: "FATAL", code: "08P01" }]);
});

test("a certificate is needed where encryption is required, and the error says so", async () => {
  const failure = await startGateway({ settings: { tls: { mode: "require" } } }).catch(
    (error: unknown) => error,
  );

  expect(failure).toMatchObject({
    message: "tls.mode is require, and there is no certificate",
    hint: "Give tls.certificate and tls.key, or set tls.mode to disable.",
  });
});
