/**
 * The behaviour that all stores share, on an S3 server that others wrote: the environment's, which
 * `eval "$(.ci/s3-server.sh start DIR PORT)"` can provide, else one in a container.
 */
import { randomUUID } from "node:crypto";
import { DeleteObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, describe, expect, test } from "vitest";
import type { ObjectKey } from "../../src/core/brands.ts";
import type { ObjectInfo, ObjectStore } from "../../src/store/object-store.ts";
import type { S3StoreOptions } from "../../src/store/s3-options.ts";
import { S3Store } from "../../src/store/s3-store.ts";
import { describeStore, keysOf, type StoreFixture } from "../support/store-behaviour.ts";
import { findRealServer, type RealServer } from "./real-server.ts";

// The SDK's notice about the age of this Node.js would stand between the results.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

const found = await findRealServer();

const missing = "missing" in found ? found.missing : undefined;
if (missing !== undefined) process.stderr.write(`test/s3 is skipped: ${missing}\n`);

describe.skipIf(missing !== undefined)("an S3 server that others wrote", () => {
  const KEY = `none-${randomUUID()}` as ObjectKey;

  afterAll(() => server().stop());

  describeStore("a bucket", { start: () => startRealStore(server()), manyObjects: 1001 });

  test("a bucket that does not exist is told from an object that does not", async () => {
    expect(await headOf(KEY, {})).toBeUndefined();
    expect(await headOf(KEY, { bucket: `none-${randomUUID()}` })).toMatchObject({
      sqlstate: "58P01",
      message: expect.stringMatching(/: bucket "none-[0-9a-f-]+" does not exist$/),
    });
  });

  test("a wrong secret, a wrong key and a wrong region are each told", async () => {
    const { accessKeyId, secretAccessKey } = server().credentials;
    const wrongSecret = { accessKeyId, secretAccessKey: "wrong" };
    const wrongKey = { accessKeyId: "wrong", secretAccessKey };

    expect(await headOf(KEY, { credentials: wrongSecret })).toMatchObject({
      sqlstate: "42501",
      message: expect.stringMatching(/: the secret access key does not belong to the access key$/),
    });
    expect(await headOf(KEY, { credentials: wrongKey })).toMatchObject({
      sqlstate: "42501",
      message: expect.stringMatching(/: the access key is not known there$/),
    });
    expect(await headOf(KEY, { region: "mars-north-1" })).toMatchObject({
      sqlstate: "F0000",
      message: expect.stringMatching(/ "mars-north-1"$/),
    });
  });
});

function server(): RealServer {
  if ("missing" in found) throw new Error(found.missing);
  return found;
}

/** What a store with some other setting finds, or how it fails. */
async function headOf(key: ObjectKey, other: Partial<S3StoreOptions>): Promise<unknown> {
  const store = new S3Store("lake", { ...server(), ...other }, { attempts: 1 });
  try {
    return await store.head(key);
  } catch (error) {
    return error;
  } finally {
    store.close();
  }
}

/** Each test has a prefix of its own in the one bucket, which its store does not show. */
async function startRealStore(server: RealServer): Promise<StoreFixture> {
  const { bucket, endpoint, region = "us-east-1", credentials } = server;
  const prefix = `${randomUUID()}/`;
  const store = new S3Store("lake", { bucket, endpoint, region, credentials });
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  return {
    store: below(store, prefix),
    put: async (key, body) => {
      const object = { Bucket: bucket, Key: `${prefix}${key}`, Body: Buffer.from(body) };
      await client.send(new PutObjectCommand(object));
    },
    [Symbol.asyncDispose]: async () => {
      const keys = await keysOf(store, prefix);
      for (let from = 0; from < keys.length; from += 20) {
        await Promise.all(
          keys
            .slice(from, from + 20)
            .map((Key) => client.send(new DeleteObjectCommand({ Bucket: bucket, Key }))),
        );
      }
      client.destroy();
      store.close();
    },
  };
}

function below(store: ObjectStore, prefix: string): ObjectStore {
  const inside = (key: ObjectKey) => `${prefix}${key}` as ObjectKey;
  const outside = (object: ObjectInfo): ObjectInfo => ({
    ...object,
    key: object.key.slice(prefix.length) as ObjectKey,
  });
  return {
    description: store.description,
    async *list(listed, options) {
      for await (const page of store.list(prefix + listed, options)) yield page.map(outside);
    },
    head: async (key, options) => {
      const object = await store.head(inside(key), options);
      return object && outside(object);
    },
    get: (key, options) => store.get(inside(key), options),
    close: () => store.close(),
  };
}
