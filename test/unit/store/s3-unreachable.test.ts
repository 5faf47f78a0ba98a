/** What the user reads where the answer is not from S3, or where there is none. */
import { afterEach, expect, test, vi } from "vitest";
import type { ObjectKey } from "../../../src/core/brands.ts";
import { s3Error } from "../../../src/store/s3-error.ts";
import type { S3Attempt } from "../../../src/store/s3-explanations.ts";
import { S3Store } from "../../../src/store/s3-store.ts";
import { startS3Server } from "../../support/s3-server/s3-server.ts";
import {
  failureOf,
  ONE_ATTEMPT,
  type S3Fixture,
  SHORT_WAITS,
  startS3Store,
  toldBy,
} from "../../support/s3-store-fixture.ts";
import { contentOf, pagesOf } from "../../support/store-behaviour.ts";

const KEY = "sales/orders.csv" as ObjectKey;
const READ = 'could not read "s3://acme-data/sales/orders.csv" of store "lake": ';
const LIST = 'could not list "s3://acme-data/sales/" of store "lake": ';

/** The settings that a message may speak of. */
const ATTEMPT: S3Attempt = {
  store: "lake",
  bucket: "acme-data",
  region: "us-east-1",
  endpoint: "https://minio.example",
  pathStyle: true,
  staticCredentials: true,
  requesterPays: false,
  customerKey: false,
  action: { verb: "read", key: KEY, versionId: undefined },
};

afterEach(() => vi.unstubAllEnvs());

const WEB_PAGES = {
  "well-formed": "<html><body><h1>Please log in</h1></body></html>",
  sloppy: "<!DOCTYPE html>\n<html><body><h1>Please log in<br></h1>",
} as const;

test.each([
  [200, "well-formed"],
  [200, "sloppy"],
  [403, "well-formed"],
  [403, "sloppy"],
  [502, "sloppy"],
] as const)("a web page with status %d that is %s is not taken for S3", async (status, kind) => {
  await using fixture = await startWithout();
  const { endpoint } = fixture.s3;
  const hint =
    'Correct "endpoint" of store "lake"; a web console, a login page or a proxy may be answering there; if the service wants the bucket in the host name, set "path_style: false".';
  fixture.s3.faults.next({ fault: "html", status, page: WEB_PAGES[kind], times: 4 });

  for (const [failure, prefix] of [
    [await failureOf(contentOf(fixture.store, KEY)), READ],
    [await failureOf(pagesOf(fixture.store, "sales/")), LIST],
    [await failureOf(fixture.store.head(KEY)), READ],
  ] as const) {
    expect(failure.sqlstate).toBe("F0000");
    expect(failure.message).toMatch(
      new RegExp(
        `^${escaped(`${prefix}${endpoint} does not answer as S3 does`)}( \\(status \\d+\\))?$`,
      ),
    );
    expect(failure.hint).toBe(hint);
  }
});

test("a connection that breaks before any answer is told", async () => {
  await using fixture = await startWithout();
  fixture.s3.faults.next({ fault: "cut", afterBytes: 0 });

  expect(toldBy(await failureOf(contentOf(fixture.store, KEY)))).toEqual({
    sqlstate: "58030",
    message: `${READ}the connection to ${fixture.s3.endpoint} broke`,
    hint: 'It is tried again at the next refresh. If it never works, "endpoint" of store "lake" may want https.',
  });
});

test("a server that never answers is told", async () => {
  const patience = { ...ONE_ATTEMPT, ...SHORT_WAITS };
  await using fixture = await startS3Store({ [KEY]: "x" }, { patience });
  fixture.s3.faults.next({ fault: "stall", afterBytes: 0 });

  expect(toldBy(await failureOf(contentOf(fixture.store, KEY)))).toEqual({
    sqlstate: "58030",
    message: `${READ}${fixture.s3.endpoint} does not answer`,
    hint: "It is tried again at the next refresh; check the network and the service.",
  });
});

test("an endpoint where nobody listens is told", async () => {
  const s3 = await startS3Server();
  const { endpoint, credentials } = s3;
  await s3[Symbol.asyncDispose]();
  const store = new S3Store("lake", { bucket: "acme-data", endpoint, credentials }, ONE_ATTEMPT);

  expect(toldBy(await failureOf(store.head(KEY)))).toEqual({
    sqlstate: "HV00N",
    message: `${READ}${endpoint} refuses connections`,
    hint: 'Check that the service is running there, and host and port in "endpoint" of store "lake".',
  });
});

test("a host that does not exist is told, also when the bucket is part of it", async () => {
  const endpoint = "http://s3.invalid:9000";
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  const hint =
    'Correct "endpoint" of store "lake"; without "path_style: true" the bucket\'s name becomes part of the host.';

  for (const pathStyle of [true, false]) {
    const store = new S3Store(
      "lake",
      { bucket: "acme-data", endpoint, pathStyle, credentials },
      ONE_ATTEMPT,
    );
    const error = await failureOf(store.head(KEY));
    expect(toldBy(error)).toEqual({
      sqlstate: "HV00N",
      message: `${READ}the host of ${endpoint} cannot be found`,
      hint,
    });
    // The name that was looked for is the one sign of where the bucket stood.
    expect(error.cause).toMatchObject({
      hostname: pathStyle ? "s3.invalid" : "acme-data.s3.invalid",
    });
  }
});

test("https to a server without TLS is told", async () => {
  await using s3 = await startS3Server();
  const endpoint = s3.endpoint.replace("http:", "https:");
  const store = new S3Store(
    "lake",
    { bucket: "acme-data", endpoint, credentials: s3.credentials },
    ONE_ATTEMPT,
  );

  expect(toldBy(await failureOf(store.head(KEY)))).toEqual({
    sqlstate: "HV00N",
    message: `${READ}${endpoint} does not speak TLS`,
    hint: 'If it is a service without TLS, start "endpoint" of store "lake" with http.',
  });
});

test("a certificate that nobody signed is told", async () => {
  await using fixture = await startS3Store({}, { server: { tls: true }, patience: ONE_ATTEMPT });
  const { endpoint } = fixture.s3;

  expect(toldBy(await failureOf(fixture.store.head(KEY)))).toEqual({
    sqlstate: "HV00N",
    message: `${READ}the certificate of ${endpoint} is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)`,
    hint: "Start the gateway with NODE_EXTRA_CA_CERTS naming a file with the certificate authority that signed it.",
  });
});

test("no credentials anywhere is told", async () => {
  await using s3 = await startS3Server();
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"]) {
    vi.stubEnv(name, undefined);
  }
  vi.stubEnv("AWS_CONFIG_FILE", "/nonexistent/config");
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials");
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  const store = new S3Store("lake", { bucket: "acme-data", endpoint: s3.endpoint }, ONE_ATTEMPT);

  expect(toldBy(await failureOf(store.head(KEY)))).toEqual({
    sqlstate: "42501",
    message: `${READ}no credentials found`,
    hint: 'Set "credentials" of store "lake", or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile in ~/.aws, or give this machine a role.',
  });
});

test.each([
  [
    "CERT_HAS_EXPIRED",
    "HV00N",
    "the certificate of https://minio.example is not valid today (CERT_HAS_EXPIRED)",
  ],
  [
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "HV00N",
    "the certificate of https://minio.example is for another host name",
  ],
  ["EHOSTUNREACH", "HV00N", "https://minio.example cannot be reached"],
  ["EPIPE", "58030", "the connection to https://minio.example broke"],
  ["ESOMETHING", "HV000", "the S3 client reports ESOMETHING"],
])("%s from the network, which no test server can cause, is told", (code, sqlstate, reason) => {
  const cause = Object.assign(new Error("from the system"), { code });

  expect(s3Error(cause, ATTEMPT)).toMatchObject({ sqlstate, message: `${READ}${reason}`, cause });
});

test("AWS itself is named by its region", () => {
  const attempt: S3Attempt = {
    ...ATTEMPT,
    region: "eu-central-1",
    endpoint: undefined,
    staticCredentials: false,
    action: { verb: "list", prefix: "sales/" },
  };
  const refused = Object.assign(new Error(), { code: "ECONNREFUSED" });
  const unknownKey = Object.assign(new Error(), { Code: "InvalidAccessKeyId" });

  expect(s3Error(refused, attempt).message).toBe(
    `${LIST}S3 in region eu-central-1 refuses connections`,
  );
  expect(s3Error(unknownKey, attempt).hint).toBe(
    "Correct what AWS's default chain finds: AWS_ACCESS_KEY_ID, AWS_PROFILE or the machine's role.",
  );
});

test("a certificate for another name is cured by the style, or by the endpoint's name", () => {
  const wrongName = Object.assign(new Error(), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });

  expect(
    s3Error(wrongName, { ...ATTEMPT, bucket: "data.acme.example", pathStyle: false }).hint,
  ).toBe(
    'Set "path_style: true" of store "lake", which keeps the bucket\'s name, and any dot in it, out of the host name.',
  );
  expect(s3Error(wrongName, ATTEMPT).hint).toBe(
    'Use in "endpoint" of store "lake" a name that the certificate holds.',
  );
});

function startWithout(): Promise<S3Fixture> {
  return startS3Store({ [KEY]: "x" }, { patience: ONE_ATTEMPT });
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
