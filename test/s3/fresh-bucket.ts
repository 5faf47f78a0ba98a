import { randomUUID } from "node:crypto";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { S3Patience, S3StoreOptions } from "../../src/store/s3-options.ts";
import { S3Store } from "../../src/store/s3-store.ts";
import type { RealServer } from "./real-server.ts";

/** A bucket of one test alone, and the client of its owner. */
export interface FreshBucket extends AsyncDisposable {
  readonly name: string;
  readonly client: S3Client;
  /** Returns the id of the version, where the bucket keeps versions. */
  put(key: string, body: string | Buffer): Promise<string | undefined>;
  delete(key: string): Promise<void>;
  /** The bucket as the gateway sees it, closed together with it. */
  store(options?: Partial<S3StoreOptions>, patience?: Partial<S3Patience>): S3Store;
}

export async function createBucket(
  { endpoint, region = "us-east-1", credentials }: RealServer,
  { versioned = false } = {},
): Promise<FreshBucket> {
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  const Bucket = `test-${randomUUID()}`;
  await client.send(new CreateBucketCommand({ Bucket }));
  if (versioned) {
    const VersioningConfiguration = { Status: "Enabled" } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  }
  const stores: S3Store[] = [];
  return {
    name: Bucket,
    client,
    put: async (Key, body) => {
      const put = new PutObjectCommand({ Bucket, Key, Body: Buffer.from(body) });
      return (await client.send(put)).VersionId;
    },
    delete: async (Key) => void (await client.send(new DeleteObjectCommand({ Bucket, Key }))),
    store: (options = {}, patience = {}) => {
      const all = { bucket: Bucket, endpoint, region, credentials, ...options };
      const store = new S3Store("lake", all, patience);
      stores.push(store);
      return store;
    },
    [Symbol.asyncDispose]: async () => {
      for (const store of stores) store.close();
      await empty(client, Bucket);
      await client.send(new DeleteBucketCommand({ Bucket }));
      client.destroy();
    },
  };
}

/** No bucket of a test has more than a page. */
async function empty(client: S3Client, Bucket: string): Promise<void> {
  const listed = await client.send(new ListObjectVersionsCommand({ Bucket }));
  for (const { Key, VersionId } of [...(listed.Versions ?? []), ...(listed.DeleteMarkers ?? [])]) {
    const version = VersionId === undefined || VersionId === "null" ? {} : { VersionId };
    await client.send(new DeleteObjectCommand({ Bucket, Key, ...version }));
  }
}
