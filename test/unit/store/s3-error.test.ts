import { afterEach, describe, expect, test, vi } from "vitest";
import type { ObjectKey } from "../../../src/core/brands.ts";
import type { PgError } from "../../../src/core/pg-error.ts";
import { s3Error } from "../../../src/store/s3-error.ts";
import type { S3Attempt } from "../../../src/store/s3-explanations.ts";
import { S3Store } from "../../../src/store/s3-store.ts";
import type { S3ErrorCode } from "../../support/s3-server/answers.ts";
import { startS3Server } from "../../support/s3-server/s3-server.ts";
import {
  IMPATIENT,
  type S3Fixture,
  SHORT_WAITS,
  startS3Store,
} from "../../support/s3-store-fixture.ts";
import { contentOf, pagesOf } from "../../support/store-behaviour.ts";

const KEY = "sales/orders.csv" as ObjectKey;
const ONE_ATTEMPT = { ...IMPATIENT, attempts: 1 };
const READ = 'could not read "s3://acme-data/sales/orders.csv" of store "lake": ';
const LIST = 'could not list "s3://acme-data/sales/" of store "lake": ';

interface Told {
  readonly sqlstate: string;
  readonly message: string;
  readonly hint: string;
}

afterEach(() => vi.unstubAllEnvs());

/** S3's code, what else its answer holds, and what the user reads for a get of the object. */
const BY_CODE: readonly (readonly [S3ErrorCode, Record<string, string>, Told])[] = [
  [
    "NoSuchBucket",
    {},
    {
      sqlstate: "58P01",
      message: `${READ}bucket "acme-data" does not exist`,
      hint: 'Correct "bucket" or "endpoint" of store "lake", or create the bucket.',
    },
  ],
  [
    "NoSuchKey",
    {},
    {
      sqlstate: "58P01",
      message: `${READ}no such object`,
      hint: "Correct the key, in which upper and lower case differ, or upload the object.",
    },
  ],
  [
    "AccessDenied",
    {},
    {
      sqlstate: "42501",
      message: `${READ}access denied`,
      hint: "Allow s3:GetObject on arn:aws:s3:::acme-data/sales/orders.csv for the credentials in use, and kms:Decrypt if its encryption needs that; without s3:ListBucket a missing object looks the same.",
    },
  ],
  [
    "InvalidAccessKeyId",
    {},
    {
      sqlstate: "42501",
      message: `${READ}the access key is not known there`,
      hint: 'Correct "access_key_id" of store "lake", or "endpoint" if the key belongs to another service.',
    },
  ],
  [
    "SignatureDoesNotMatch",
    {},
    {
      sqlstate: "42501",
      message: `${READ}the secret access key does not belong to the access key`,
      hint: 'Correct "secret_access_key" of store "lake". If it is right, a proxy changes the requests on their way.',
    },
  ],
  [
    "ExpiredToken",
    { "Token-0": "the session token itself" },
    {
      sqlstate: "42501",
      message: `${READ}the session token is expired or not valid`,
      hint: 'Renew "credentials" of store "lake", or leave them out so that AWS\'s default chain renews them by itself.',
    },
  ],
  [
    "PermanentRedirect",
    { Region: "eu-central-1" },
    {
      sqlstate: "F0000",
      message: `${READ}bucket "acme-data" is in region "eu-central-1", not "us-east-1"`,
      hint: 'Set "region" of store "lake" to eu-central-1.',
    },
  ],
  [
    "PermanentRedirect",
    {},
    {
      sqlstate: "F0000",
      message: `${READ}bucket "acme-data" is not in region "us-east-1"`,
      hint: 'Set "region" of store "lake" to the bucket\'s region.',
    },
  ],
  [
    "AuthorizationHeaderMalformed",
    { Region: "eu-west-1" },
    {
      sqlstate: "F0000",
      message: `${READ}bucket "acme-data" is in region "eu-west-1", not "us-east-1"`,
      hint: 'Set "region" of store "lake" to eu-west-1.',
    },
  ],
  [
    "RequestTimeTooSkewed",
    {},
    {
      sqlstate: "58000",
      message: `${READ}this machine's clock is more than 15 minutes off`,
      hint: "Set the clock; signed requests are valid only around their own time.",
    },
  ],
  [
    "InvalidObjectState",
    {},
    {
      sqlstate: "55000",
      message: `${READ}the object is archived`,
      hint: "Restore it to a storage class that can be read at once.",
    },
  ],
  [
    "SlowDown",
    {},
    {
      sqlstate: "58030",
      message: `${READ}S3 asks to slow down`,
      hint: "It is tried again at the next refresh; a longer refresh asks less often.",
    },
  ],
  [
    "InternalError",
    {},
    {
      sqlstate: "58030",
      message: `${READ}S3 failed inside (status 500)`,
      hint: "It is tried again at the next refresh; see the S3 service's own status.",
    },
  ],
];

describe.each(BY_CODE)("%s with %o", (code, elements, told) => {
  test("is told for a get", async () => {
    await using fixture = await startWithout();
    fixture.s3.faults.next({ fault: "error", code, elements });

    expect(toldBy(await failureOf(contentOf(fixture.store, KEY)))).toEqual(told);
  });

  // A missing object is an answer to head, and not a failure.
  if (code !== "NoSuchKey") {
    test("is told for a head, whose answer has no code", async () => {
      await using fixture = await startWithout();
      fixture.s3.faults.next({ fault: "error", code, elements, times: 2 });

      expect(toldBy(await failureOf(fixture.store.head(KEY)))).toEqual(told);
    });
  }

  test("leaves nothing in the error that S3 sent or that is secret", async () => {
    await using fixture = await startWithout();
    fixture.s3.faults.next({ fault: "error", code, elements });

    const error = await failureOf(contentOf(fixture.store, KEY));

    expect(error.cause).toBeUndefined();
    expect(error.detail).toMatch(/^S3 answered \d+ \w+ to request TESTREQUEST\.$/);
    expect(JSON.stringify(error)).not.toMatch(/the session token itself|secret\+access|TESTACCESS/);
  });
});

test.each<[S3ErrorCode, Told]>([
  [
    "AccessDenied",
    {
      sqlstate: "42501",
      message: `${LIST}access denied`,
      hint: "Allow s3:ListBucket on arn:aws:s3:::acme-data for the credentials in use.",
    },
  ],
  [
    "NoSuchBucket",
    {
      sqlstate: "58P01",
      message: `${LIST}bucket "acme-data" does not exist`,
      hint: 'Correct "bucket" or "endpoint" of store "lake", or create the bucket.',
    },
  ],
])("%s is told for a listing", async (code, told) => {
  await using fixture = await startWithout();
  fixture.s3.faults.next({ fault: "error", code });

  expect(toldBy(await failureOf(pagesOf(fixture.store, "sales/")))).toEqual(told);
});

test("access to a version is another permission", async () => {
  await using fixture = await startWithout();
  fixture.s3.faults.next({ fault: "error", code: "AccessDenied" });

  const error = await failureOf(contentOf(fixture.store, KEY, { versionId: "v1" }));

  expect(error.hint).toContain("Allow s3:GetObjectVersion on arn:aws:s3:::acme-data/sales/");
});

test("a missing version is named", async () => {
  await using fixture = await startS3Store({ [KEY]: "x" }, { server: { versioned: true } });

  expect(toldBy(await failureOf(contentOf(fixture.store, KEY, { versionId: "v1" })))).toEqual({
    sqlstate: "58P01",
    message: `${READ}no such version "v1" of this object`,
    hint: "Correct the version id, or leave it out to read the latest version.",
  });
});

test("a version id that no bucket gives is named", async () => {
  await using fixture = await startWithout();
  fixture.s3.faults.next({ fault: "error", code: "InvalidArgument" });

  expect(toldBy(await failureOf(contentOf(fixture.store, KEY, { versionId: "v1" })))).toEqual({
    sqlstate: "22023",
    message: `${READ}"v1" cannot be the id of a version`,
    hint: "Correct key and version id; the service may also not know a feature that AWS has.",
  });
});

test("the true refusals of a server that checks signatures are told", async () => {
  await using fixture = await startS3Store({ [KEY]: "x" }, { server: { region: "eu-west-1" } });
  const { endpoint, credentials } = fixture.s3;
  const { accessKeyId, secretAccessKey } = credentials;
  const messageWith = async (options: {
    readonly accessKeyId?: string;
    readonly secretAccessKey?: string;
    readonly sessionToken?: string;
    readonly region?: string;
    readonly bucket?: string;
  }) => {
    const { bucket = "acme-data", region = "eu-west-1", ...given } = options;
    const store = new S3Store(
      "lake",
      { bucket, region, endpoint, credentials: { accessKeyId, secretAccessKey, ...given } },
      ONE_ATTEMPT,
    );
    return (await failureOf(store.head(KEY))).message.replace(/^.*of store "lake": /, "");
  };

  expect(await messageWith({ accessKeyId: "OTHER" })).toBe("the access key is not known there");
  expect(await messageWith({ secretAccessKey: "other" })).toBe(
    "the secret access key does not belong to the access key",
  );
  expect(await messageWith({ sessionToken: "other" })).toBe(
    "the session token is expired or not valid",
  );
  expect(await messageWith({ region: "us-east-1" })).toBe(
    'bucket "acme-data" is in region "eu-west-1", not "us-east-1"',
  );
  expect(await messageWith({ bucket: "other" })).toBe('bucket "other" does not exist');
});

test("a bucket's name with a path is said to be none", async () => {
  await using fixture = await startS3Store({}, { store: { bucket: "acme-data/sales" } });

  expect(toldBy(await failureOf(fixture.store.head(KEY)))).toEqual({
    sqlstate: "F0000",
    message:
      'could not read "s3://acme-data/sales/sales/orders.csv" of store "lake": "acme-data/sales" cannot be the name of a bucket',
    hint: 'Correct "bucket" of store "lake": 3 to 63 lower-case letters, digits, dots and hyphens, without a path.',
  });
});

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
    'Correct "endpoint" of store "lake"; a web console, a login page or a proxy may be answering there.';
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

test("a code that nobody knows is told with its status", async () => {
  await using fixture = await startWithout();
  const odd = { fault: "odd error", status: 418, code: "Teapot", message: "secret" } as const;
  fixture.s3.faults.next(odd);

  expect(toldBy(await failureOf(contentOf(fixture.store, KEY)))).toEqual({
    sqlstate: "HV000",
    message: `${READ}S3 answered 418 Teapot`,
    hint: "See what the S3 service documents for this code.",
  });
});

test("a code that is no word is not repeated", async () => {
  await using fixture = await startWithout();
  const code = `<script>${"x".repeat(10_000)}`;
  fixture.s3.faults.next({ fault: "odd error", status: 403, code, message: "secret" });

  expect((await failureOf(contentOf(fixture.store, KEY))).message).toBe(`${READ}access denied`);
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
  const attempt: S3Attempt = {
    store: "lake",
    bucket: "acme-data",
    region: "us-east-1",
    endpoint: "https://minio.example",
    staticCredentials: true,
    action: { verb: "read", key: KEY, versionId: undefined },
  };
  const cause = Object.assign(new Error("from the system"), { code });

  expect(s3Error(cause, attempt)).toMatchObject({ sqlstate, message: `${READ}${reason}`, cause });
});

test("AWS itself is named by its region", () => {
  const attempt: S3Attempt = {
    store: "lake",
    bucket: "acme-data",
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

function startWithout(): Promise<S3Fixture> {
  return startS3Store({ [KEY]: "x" }, { patience: ONE_ATTEMPT });
}

async function failureOf(promise: Promise<unknown>): Promise<PgError> {
  const error = await promise.then(
    () => expect.unreachable("it did not fail"),
    (failure: unknown) => failure,
  );
  expect(error).toMatchObject({ name: "PgError" });
  return error as PgError; // Its name was just looked at.
}

function toldBy({ sqlstate, message, hint }: PgError): Told {
  return { sqlstate, message, hint: hint ?? "" };
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
