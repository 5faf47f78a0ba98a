/** Where a bucket is: its region, and the place of its name in the URL. */
import dns from "node:dns";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ObjectKey } from "../../../src/core/brands.ts";
import { S3Store } from "../../../src/store/s3-store.ts";
import { withoutAwsConfiguration } from "../../support/aws-environment.ts";
import { startS3Server } from "../../support/s3-server/s3-server.ts";
import {
  failureOf,
  IMPATIENT,
  ONE_ATTEMPT,
  startS3Store,
  toldBy,
} from "../../support/s3-store-fixture.ts";
import { contentOf, keysOf } from "../../support/store-behaviour.ts";

const KEY = "a b/orders+100%.csv" as ObjectKey;

beforeEach(withoutAwsConfiguration);
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

test("credentials and region come from AWS's default chain where the store has none", async () => {
  await using fixture = await startS3Store({ [KEY]: "x" }, { server: { region: "eu-central-1" } });
  const { endpoint, credentials } = fixture.s3;
  vi.stubEnv("AWS_ACCESS_KEY_ID", credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", credentials.secretAccessKey);
  vi.stubEnv("AWS_REGION", "eu-central-1");
  const store = new S3Store("lake", { bucket: "acme-data", endpoint });

  expect(await contentOf(store, KEY)).toBe("x");
  store.close();
});

test("behind an endpoint the region is us-east-1 where nothing says another", async () => {
  await using fixture = await startS3Store({ [KEY]: "x" }, { store: { region: undefined } });

  expect(await contentOf(fixture.store, KEY)).toBe("x");
  expect(fixture.s3.requests).toHaveLength(1);
});

test.each<[string, (store: S3Store) => Promise<unknown>]>([
  ["a get", (store) => contentOf(store, KEY)],
  ["a head", (store) => store.head(KEY)],
  ["a listing", (store) => keysOf(store, "")],
])("%s finds out the bucket's region, and goes on with it", async (_, request) => {
  await using fixture = await startS3Store(
    { [KEY]: "x" },
    { server: { region: "eu-central-1" }, store: { region: undefined } },
  );

  await request(fixture.store);
  fixture.s3.forgetRequests();
  await request(fixture.store);

  expect(fixture.s3.requests).toHaveLength(1);
  expect(fixture.s3.requests[0]?.headers["authorization"]).toContain("/eu-central-1/s3/");
});

test("many first requests at a time all find out the region", async () => {
  await using fixture = await startS3Store(
    { [KEY]: "x" },
    { server: { region: "eu-central-1" }, store: { region: undefined } },
  );

  const contents = await Promise.all(
    Array.from({ length: 20 }, () => contentOf(fixture.store, KEY)),
  );

  expect(new Set(contents)).toEqual(new Set(["x"]));
});

test.each([
  ["PermanentRedirect", "GetObject"],
  ["PermanentRedirect", "HeadObject"],
  ["PermanentRedirect", "ListObjectsV2"],
  ["AuthorizationHeaderMalformed", "HeadObject"],
] as const)("%s with the region in a header is followed for %s", async (code, operation) => {
  await using fixture = await startS3Store(
    { [KEY]: "x" },
    { server: { region: "ap-south-1" }, store: { region: undefined } },
  );
  const headers = { "x-amz-bucket-region": "ap-south-1" };
  fixture.s3.faults.next({ fault: "error", code, operation, headers });

  if (operation === "GetObject") await contentOf(fixture.store, KEY);
  else if (operation === "HeadObject") await fixture.store.head(KEY);
  else await keysOf(fixture.store, "");

  const regions = fixture.s3.requests.map(
    ({ headers }) => /\/([a-z0-9-]+)\/s3\//.exec(String(headers["authorization"]))?.[1],
  );
  expect(regions[0]).toBe("us-east-1");
  expect(new Set(regions.slice(1))).toEqual(new Set(["ap-south-1"]));
});

test("a region that is no name of one is not followed", async () => {
  await using fixture = await startS3Store({ [KEY]: "x" }, { store: { region: undefined } });
  const headers = { "x-amz-bucket-region": "evil.example:80/x" };
  fixture.s3.faults.next({ fault: "error", code: "PermanentRedirect", headers });

  await failureOf(contentOf(fixture.store, KEY));

  expect(fixture.s3.requests).toHaveLength(1);
});

test("a region in the settings is not left, but corrected by the user", async () => {
  await using fixture = await startS3Store(
    { [KEY]: "x" },
    { server: { region: "eu-central-1" }, store: { region: "us-east-1" } },
  );
  const told = {
    message: expect.stringContaining('is in region "eu-central-1", not "us-east-1"'),
    hint: 'Set "region" of store "lake" to eu-central-1.',
  };

  expect(await failureOf(contentOf(fixture.store, KEY))).toMatchObject(told);
  expect(await failureOf(fixture.store.head(KEY))).toMatchObject(told);
  expect(await failureOf(keysOf(fixture.store, ""))).toMatchObject(told);
});

test("a server that has a host name for each bucket is spoken to in its way", async () => {
  lookUpAsLoopback();
  await using fixture = await startVirtualHosts();
  const store = fixture.storeWith(false);

  expect(await contentOf(store, KEY)).toBe("x");
  expect(await store.head(KEY)).toMatchObject({ sizeBytes: 1 });
  expect(await keysOf(store, "a b/")).toEqual([KEY]);
  expect(fixture.s3.requests[0]?.headers["host"]).toMatch(/^acme-data\.s3\.test:\d+$/);
  store.close();
});

test("a server that wants the other style is answered with the setting that gives it", async () => {
  lookUpAsLoopback();
  await using virtual = await startVirtualHosts();
  await using fixture = await startS3Store({ [KEY]: "x" }, { patience: ONE_ATTEMPT });
  const inPath = virtual.storeWith(true);
  const inHost = new S3Store(
    "lake",
    {
      bucket: "acme-data",
      endpoint: fixture.s3.endpoint.replace("127.0.0.1", "s3.test"),
      region: "us-east-1",
      credentials: fixture.s3.credentials,
      pathStyle: false,
    },
    ONE_ATTEMPT,
  );

  // The first label of the host is taken for the bucket, and the first folder of the path here.
  expect(await failureOf(keysOf(inHost, ""))).toMatchObject({
    hint: expect.stringContaining(
      'if the service wants the bucket in the path, set "path_style: true"',
    ),
  });
  virtual.s3.faults.next({ fault: "error", code: "SecondLevelDomainForbidden" });
  expect(toldBy(await failureOf(keysOf(inPath, "")))).toEqual({
    sqlstate: "F0000",
    message: expect.stringMatching(
      /: http:\/\/s3\.test:\d+ does not take the bucket in the URL's path$/,
    ),
    hint: 'Set "path_style: false" of store "lake".',
  });
  inPath.close();
  inHost.close();
});

test("a bucket with dots stays out of a host name that has a certificate", async () => {
  lookUpAsLoopback();
  const looked = vi.mocked(dns.lookup);
  await using s3 = await startS3Server({ tls: true, buckets: { "data.acme.example": {} } });
  const store = new S3Store(
    "lake",
    {
      bucket: "data.acme.example",
      endpoint: s3.endpoint.replace("127.0.0.1", "s3.test"),
      region: "us-east-1",
      credentials: s3.credentials,
      pathStyle: false,
    },
    ONE_ATTEMPT,
  );

  await failureOf(keysOf(store, ""));

  expect(
    new Set(looked.mock.calls.map(([host]) => host).filter((host) => host !== "127.0.0.1")),
  ).toEqual(new Set(["s3.test"]));
  store.close();
});

/** Every name is this machine: a resolver of one's own may know none below `.test`. */
function lookUpAsLoopback(): void {
  const truly = dns.lookup;
  const lookup = (
    host: string,
    options: dns.LookupOptions,
    done: (...result: unknown[]) => void,
  ) =>
    host.endsWith(".test")
      ? done(null, options.all === true ? [{ address: "127.0.0.1", family: 4 }] : "127.0.0.1", 4)
      : truly(host, options, done);
  // Of its overloads, Node.js's sockets use the one with three arguments.
  vi.spyOn(dns, "lookup").mockImplementation(lookup as unknown as typeof dns.lookup);
}

async function startVirtualHosts() {
  const s3 = await startS3Server({ virtualHosts: true, buckets: { "acme-data": { [KEY]: "x" } } });
  const endpoint = s3.endpoint.replace("127.0.0.1", "s3.test");
  const { region, credentials } = s3;
  return {
    s3,
    storeWith: (pathStyle: boolean) => {
      const options = { bucket: "acme-data", endpoint, region, credentials, pathStyle };
      return new S3Store("lake", options, { ...IMPATIENT, attempts: 1 });
    },
    [Symbol.asyncDispose]: () => s3[Symbol.asyncDispose](),
  };
}
