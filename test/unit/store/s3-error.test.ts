import { describe, expect, test } from "vitest";
import type { ObjectKey } from "../../../src/core/brands.ts";
import { S3Store } from "../../../src/store/s3-store.ts";
import type { S3ErrorCode } from "../../support/s3-server/answers.ts";
import {
  failureOf,
  ONE_ATTEMPT,
  type S3Fixture,
  startS3Store,
  type Told,
  toldBy,
} from "../../support/s3-store-fixture.ts";
import { contentOf, pagesOf } from "../../support/store-behaviour.ts";

const KEY = "sales/orders.csv" as ObjectKey;
const READ = 'could not read "s3://acme-data/sales/orders.csv" of store "lake": ';
const LIST = 'could not list "s3://acme-data/sales/" of store "lake": ';

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
      hint: 'Allow s3:GetObject on arn:aws:s3:::acme-data/sales/orders.csv for the credentials in use, and kms:Decrypt if its encryption needs that; without s3:ListBucket a missing object looks the same; if the bucket is one of requester pays, set "requester_pays: true" of store "lake".',
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
      hint: 'Allow s3:ListBucket on arn:aws:s3:::acme-data for the credentials in use; if the bucket is one of requester pays, set "requester_pays: true" of store "lake".',
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
  [
    "AuthorizationHeaderMalformed",
    {
      sqlstate: "F0000",
      message: `${LIST}bucket "acme-data" is in region "eu-west-1", not "us-east-1"`,
      hint: 'Set "region" of store "lake" to eu-west-1.',
    },
  ],
])("%s is told for a listing", async (code, told) => {
  await using fixture = await startWithout();
  fixture.s3.faults.next({ fault: "error", code, headers: { "x-amz-bucket-region": "eu-west-1" } });

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

function startWithout(): Promise<S3Fixture> {
  return startS3Store({ [KEY]: "x" }, { patience: ONE_ATTEMPT });
}
