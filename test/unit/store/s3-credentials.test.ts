/** Credentials that AWS's default chain finds: renewed in time, and once after a refusal. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ObjectKey } from "../../../src/core/brands.ts";
import { download } from "../../../src/store/download.ts";
import type { S3Store } from "../../../src/store/s3-store.ts";
import {
  type CredentialsEndpoint,
  startCredentialsEndpoint,
  withoutAwsConfiguration,
} from "../../support/aws-environment.ts";
import type { S3ErrorCode } from "../../support/s3-server/answers.ts";
import type { ServerCredentials } from "../../support/s3-server/signature.ts";
import { failureOf, type S3Fixture, startS3Store } from "../../support/s3-store-fixture.ts";
import { contentOf, keysOf, patternedBytes, sha256 } from "../../support/store-behaviour.ts";

const KEY = "orders.csv" as ObjectKey;
const HOUR_MS = 3_600_000;

beforeEach(withoutAwsConfiguration);
afterEach(() => vi.unstubAllEnvs());

test("credentials are asked for once while they are far from their end", async () => {
  await using fixture = await startWithEndpoint();

  for (const _ of [1, 2, 3]) expect(await contentOf(fixture.store, KEY)).toBe("x");

  expect(fixture.endpoint.asked).toBe(1);
});

test("many first requests at a time ask for credentials once", async () => {
  await using fixture = await startWithEndpoint();

  const contents = await Promise.all(
    Array.from({ length: 20 }, () => contentOf(fixture.store, KEY)),
  );

  expect(new Set(contents)).toEqual(new Set(["x"]));
  expect(fixture.endpoint.asked).toBe(1);
});

test("many requests that are refused at a time ask for new credentials once", async () => {
  await using fixture = await startWithEndpoint();
  expect(await contentOf(fixture.store, KEY)).toBe("x");
  fixture.s3.renewCredentials();

  await Promise.all(Array.from({ length: 20 }, () => contentOf(fixture.store, KEY)));

  expect(fixture.endpoint.asked).toBe(2);
});

test("credentials are renewed in the last minutes before their end, and no request is refused", async () => {
  await using fixture = await startWithEndpoint((asked) => (asked === 1 ? 60_000 : HOUR_MS));

  await vi.waitFor(async () => {
    expect(await contentOf(fixture.store, KEY)).toBe("x");
    expect(fixture.endpoint.asked).toBe(2);
  });
  for (const _ of [1, 2, 3]) expect(await contentOf(fixture.store, KEY)).toBe("x");

  expect(fixture.endpoint.asked).toBe(2);
});

describe.each<[string, (store: S3Store) => Promise<unknown>, unknown]>([
  ["a get", (store) => contentOf(store, KEY), "x"],
  ["a head", (store) => store.head(KEY), expect.objectContaining({ sizeBytes: 1 })],
  ["a listing", (store) => keysOf(store, ""), [KEY]],
])("%s", (_, request, expected) => {
  test("that is refused because the token has expired is repeated with new credentials", async () => {
    await using fixture = await startWithEndpoint();
    expect(await request(fixture.store)).toEqual(expected);
    fixture.s3.renewCredentials();

    expect(await request(fixture.store)).toEqual(expected);

    expect(fixture.endpoint.asked).toBe(2);
  });
});

test.each<S3ErrorCode>(["ExpiredToken", "InvalidToken", "InvalidAccessKeyId", "AccessDenied"])(
  "%s makes the request be sent once more, and the second refusal is told",
  async (code) => {
    await using fixture = await startWithEndpoint();
    fixture.s3.faults.next({ fault: "error", code });
    expect(await contentOf(fixture.store, KEY)).toBe("x");
    expect(fixture.endpoint.asked).toBe(2);
  },
);

test.each<S3ErrorCode>(["ExpiredToken", "InvalidToken", "InvalidAccessKeyId", "AccessDenied"])(
  "a second %s is told",
  async (code) => {
    await using fixture = await startWithEndpoint();
    fixture.s3.faults.next({ fault: "error", code, times: Number.POSITIVE_INFINITY });

    expect(await failureOf(contentOf(fixture.store, KEY))).toMatchObject({ sqlstate: "42501" });

    expect(fixture.s3.requests).toHaveLength(2);
    expect(fixture.endpoint.asked).toBe(2);
  },
);

test("what is not allowed does not make every request ask for new credentials", async () => {
  await using fixture = await startWithEndpoint();
  fixture.s3.faults.next({
    fault: "error",
    code: "AccessDenied",
    times: Number.POSITIVE_INFINITY,
  });

  for (const _ of [1, 2, 3]) await failureOf(contentOf(fixture.store, KEY));

  expect(fixture.endpoint.asked).toBe(2);
});

test("what fails for another reason does not ask for new credentials", async () => {
  await using fixture = await startWithEndpoint();
  fixture.s3.faults.next({ fault: "error", code: "SignatureDoesNotMatch" });

  await failureOf(contentOf(fixture.store, KEY));

  expect(fixture.s3.requests).toHaveLength(1);
  expect(fixture.endpoint.asked).toBe(1);
});

test("where the provider fails, the refusal by S3 is what the user reads", async () => {
  const fixture = await startWithEndpoint();
  try {
    expect(await contentOf(fixture.store, KEY)).toBe("x");
    fixture.s3.renewCredentials();
    await fixture.endpoint[Symbol.asyncDispose]();

    expect(await failureOf(contentOf(fixture.store, KEY))).toMatchObject({
      message: expect.stringContaining("the session token is expired or not valid"),
      hint: expect.stringContaining("a machine's own role is renewed by itself"),
    });
  } finally {
    await fixture[Symbol.asyncDispose]();
  }
});

test.each<S3ErrorCode>(["ExpiredToken", "AccessDenied"])(
  "credentials of the YAML that meet %s are not tried again",
  async (code) => {
    await using fixture = await startS3Store({ [KEY]: "x" });
    fixture.s3.faults.next({ fault: "error", code });

    await failureOf(contentOf(fixture.store, KEY));

    expect(fixture.s3.requests).toHaveLength(1);
  },
);

test("a long parallel download survives the end of its credentials, with one renewal", async () => {
  const body = patternedBytes(40 * 1024 * 1024 + 5);
  await using fixture = await startWithEndpoint(() => HOUR_MS, { [KEY]: body });
  const folder = await mkdtemp(join(tmpdir(), "bucketgres-expiry-"));
  try {
    fixture.s3.events.once("faulty answer", () => fixture.s3.renewCredentials());
    fixture.s3.faults.next({
      fault: "cut",
      afterBytes: 1_000_000,
      operation: "GetObject",
      skip: 2,
      times: 2,
    });

    await download(fixture.store, KEY, join(folder, "copy"));

    expect(sha256(await readFile(join(folder, "copy")))).toBe(sha256(body));
    expect(fixture.endpoint.asked).toBe(2);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a credential_process is run again after an expiry", async () => {
  await using fixture = await startInFolder((folder, { accessKeyId, ...rest }) => ({
    config: `[default]\ncredential_process = cat ${join(folder, "answer.json")}\n`,
    "answer.json": JSON.stringify({
      Version: 1,
      AccessKeyId: accessKeyId,
      SecretAccessKey: rest.secretAccessKey,
      SessionToken: rest.sessionToken,
      Expiration: new Date(Date.now() + HOUR_MS).toISOString(),
    }),
  }));
  expect(await contentOf(fixture.store, KEY)).toBe("x");
  fixture.s3.renewCredentials();
  await fixture.write();

  expect(await contentOf(fixture.store, KEY)).toBe("x");
});

test("a profile in a file that someone wrote again is read again after an expiry", async () => {
  await using fixture = await startInFolder((_, credentials) => ({
    credentials: [
      "[default]",
      `aws_access_key_id = ${credentials.accessKeyId}`,
      `aws_secret_access_key = ${credentials.secretAccessKey}`,
      credentials.sessionToken === undefined
        ? ""
        : `aws_session_token = ${credentials.sessionToken}`,
    ].join("\n"),
  }));
  expect(await contentOf(fixture.store, KEY)).toBe("x");
  fixture.s3.renewCredentials();
  await fixture.write();

  expect(await keysOf(fixture.store, "")).toEqual([KEY]);
});

// The last one: what it still asks for in the background would be counted by a test after it.
test("credentials that live for seconds are replaced as often as that takes", async () => {
  await using fixture = await startWithEndpoint(() => 1000);
  const before = new Set<unknown>();

  await vi.waitFor(async () => {
    fixture.s3.renewCredentials();
    expect(await contentOf(fixture.store, KEY)).toBe("x");
    before.add(fixture.s3.credentials.accessKeyId);
    expect(before.size).toBe(4);
  });
});

async function startWithEndpoint(
  validForMs: (asked: number) => number = () => HOUR_MS,
  objects: Readonly<Record<string, string | Buffer>> = { [KEY]: "x" },
): Promise<S3Fixture & { readonly endpoint: CredentialsEndpoint }> {
  const fixture = await startS3Store(objects, {
    server: { sessionToken: "token-0" },
    store: { credentials: undefined },
  });
  const endpoint = await startCredentialsEndpoint(() => fixture.s3.credentials, validForMs);
  return {
    ...fixture,
    endpoint,
    [Symbol.asyncDispose]: async () => {
      await fixture[Symbol.asyncDispose]();
      await endpoint[Symbol.asyncDispose]();
    },
  };
}

/** AWS's two files in a folder of the test's own; `write` writes them for the credentials of now. */
async function startInFolder(
  files: (folder: string, credentials: ServerCredentials) => Readonly<Record<string, string>>,
): Promise<S3Fixture & { write(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "bucketgres-aws-"));
  const fixture = await startS3Store({ [KEY]: "x" }, { store: { credentials: undefined } });
  const write = async () => {
    for (const [name, text] of Object.entries(files(folder, fixture.s3.credentials))) {
      await writeFile(join(folder, name), text);
    }
  };
  await write();
  vi.stubEnv("AWS_CONFIG_FILE", join(folder, "config"));
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(folder, "credentials"));
  return {
    ...fixture,
    write,
    [Symbol.asyncDispose]: async () => {
      await fixture[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}
