/**
 * The policies of docs/security.md, put to a server that enforces them: what the gateway does works,
 * and what it never does is refused. The documented form is that of an identity; versitygw has bucket
 * policies, which are the same with a principal in each statement.
 */
import { execFile } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterAll, describe, expect, test } from "vitest";
import type { ObjectKey } from "../../src/core/brands.ts";
import type { S3Store } from "../../src/store/s3-store.ts";
import { contentOf, keysOf } from "../support/store-behaviour.ts";
import { createBucket, type FreshBucket } from "./fresh-bucket.ts";
import { findRealServer, type RealServer } from "./real-server.ts";

process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

type PolicyName = "read" | "upload" | "export";

interface Statement {
  readonly Sid: string;
}

const found = await findRealServer();
const missing =
  "missing" in found
    ? found.missing
    : found.admin === undefined
      ? "BUCKETGRES_TEST_S3_ADMIN is not set, so no user can be created"
      : undefined;
if (missing !== undefined) process.stderr.write(`test/s3/policies is skipped: ${missing}\n`);

const FILE = "sales/orders 2024.csv" as ObjectKey;
const ALL: readonly PolicyName[] = ["read", "upload", "export"];

describe.skipIf(missing !== undefined)("the documented policies", () => {
  afterAll(() => server().stop());

  test.each(ALL)("%s lets the gateway find and read its files, in any version", async (name) => {
    await using the = await grant(name);
    const versionId = await the.bucket.put(FILE, "first");
    await the.bucket.put(FILE, "second!");
    await the.bucket.put("other/secret.csv", "x");

    expect(await keysOf(the.store, "sales/")).toEqual([FILE]);
    // As the readiness check asks.
    expect(await keysOf(the.store, "")).toContain(FILE);
    expect(await the.store.head(FILE)).toMatchObject({ sizeBytes: 7 });
    expect(await contentOf(the.store, FILE, { range: { from: 1, to: 3 } })).toBe("ec");
    expect(await contentOf(the.store, FILE, { versionId })).toBe("first");
    expect(await the.store.head("sales/none.csv" as ObjectKey)).toBeUndefined();
  });

  test.each(ALL)("%s shows no content outside of its prefix", async (name) => {
    await using the = await grant(name);
    await the.bucket.put("other/secret.csv", "x");
    const key = "other/secret.csv" as ObjectKey;
    const denied = { sqlstate: "42501", message: expect.stringMatching(/: access denied$/) };

    await expect(contentOf(the.store, key)).rejects.toMatchObject(denied);
    await expect(the.store.head(key)).rejects.toMatchObject(denied);
  });

  test.each<[PolicyName, readonly string[], readonly string[]]>([
    ["read", [], [FILE, "uploads/new.csv", "exports/new.csv", "other/new.csv"]],
    ["upload", ["uploads/new.csv"], [FILE, "exports/new.csv", "other/new.csv"]],
    ["export", ["exports/new.csv"], [FILE, "uploads/new.csv", "other/new.csv"]],
  ])("%s lets the gateway write %j and not %j", async (name, allowed, refused) => {
    await using the = await grant(name);

    for (const key of allowed) {
      expect(await outcomeOf(putting(the, key))).toBe("done");
      expect(await outcomeOf(uploadingInParts(the, key))).toBe("done");
      expect(await outcomeOf(givingUpParts(the, key))).toBe("done");
    }
    for (const key of refused) {
      expect(await outcomeOf(putting(the, key))).toBe("AccessDenied");
      expect(await outcomeOf(uploadingInParts(the, key))).toBe("AccessDenied");
    }
  });

  test("an upload can be read back", async () => {
    await using the = await grant("upload");
    await putting(the, "uploads/new.csv");

    expect(await contentOf(the.store, "uploads/new.csv")).toBe("new");
  });

  test.each(ALL)("%s lets the gateway delete nothing, and grant itself nothing", async (name) => {
    await using the = await grant(name);
    for (const key of [FILE, "uploads/a.csv", "exports/a.csv"]) {
      const versionId = await the.bucket.put(key, "x");
      const object = { Bucket: the.bucket.name, Key: key };
      expect(await outcomeOf(the.user.send(new DeleteObjectCommand(object)))).toBe("AccessDenied");
      const version = new DeleteObjectCommand({ ...object, VersionId: versionId });
      expect(await outcomeOf(the.user.send(version))).toBe("AccessDenied");
    }

    const removing = new DeleteBucketPolicyCommand({ Bucket: the.bucket.name });
    expect(await outcomeOf(the.user.send(removing))).toBe("AccessDenied");
  });

  test("without a policy the same user may do nothing", async () => {
    await using the = await grant("read");
    await the.bucket.put(FILE, "x");
    await the.bucket.client.send(new DeleteBucketPolicyCommand({ Bucket: the.bucket.name }));

    await expect(keysOf(the.store, "")).rejects.toMatchObject({ sqlstate: "42501" });
    await expect(contentOf(the.store, FILE)).rejects.toMatchObject({ sqlstate: "42501" });
  });
});

interface Grant extends AsyncDisposable {
  readonly bucket: FreshBucket;
  readonly user: S3Client;
  readonly store: S3Store;
}

/** A user of this test alone, to whom a bucket of its own grants what the policy says. */
async function grant(name: PolicyName): Promise<Grant> {
  const { endpoint, region = "us-east-1" } = server();
  const bucket = await createBucket(server(), { versioned: true });
  const credentials = {
    accessKeyId: `user${randomBytes(8).toString("hex")}`,
    secretAccessKey: randomUUID(),
  };
  const { accessKeyId, secretAccessKey } = credentials;
  const account = ["--access", accessKeyId, "--secret", secretAccessKey, "--role", "user"];
  await administer("create-user", ...account);
  await bucket.client.send(
    new PutBucketPolicyCommand({
      Bucket: bucket.name,
      Policy: bucketPolicy(await documented(name, bucket.name), accessKeyId),
    }),
  );
  const user = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  return {
    bucket,
    user,
    store: bucket.store({ credentials }),
    [Symbol.asyncDispose]: async () => {
      user.destroy();
      await bucket[Symbol.asyncDispose]();
      await administer("delete-user", "--access", accessKeyId);
    },
  };
}

/** The block of the documentation, with its placeholders filled in. */
async function documented(name: PolicyName, bucket: string): Promise<string> {
  const page = await readFile(new URL("../../docs/security.md", import.meta.url), "utf8");
  const block = new RegExp(`^\`\`\`json policy=${name}\\n([^]*?)^\`\`\``, "m").exec(page)?.[1];
  if (block === undefined) throw new Error(`docs/security.md has no policy ${name}`);
  return block
    .replaceAll("BUCKET", bucket)
    .replaceAll("PREFIX", "sales/")
    .replaceAll("UPLOADS", "uploads/")
    .replaceAll("EXPORTS", "exports/");
}

function bucketPolicy(identityPolicy: string, user: string): string {
  // The page is ours, and the server refuses what is no policy.
  const policy = JSON.parse(identityPolicy) as { readonly Statement: readonly Statement[] };
  const Statement = policy.Statement.map((one) => ({ ...one, Principal: { AWS: [user] } }));
  return JSON.stringify({ ...policy, Statement });
}

async function administer(...command: readonly string[]): Promise<void> {
  const { admin, endpoint, credentials } = server();
  if (admin === undefined) throw new Error("there is no command line of the server");
  const environment = {
    ADMIN_ACCESS_KEY: credentials.accessKeyId,
    ADMIN_SECRET_KEY: credentials.secretAccessKey,
    ADMIN_ENDPOINT_URL: endpoint,
  };
  await promisify(execFile)(admin, ["admin", ...command], { env: environment });
}

function putting({ user, bucket }: Grant, Key: string): Promise<unknown> {
  return user.send(new PutObjectCommand({ Bucket: bucket.name, Key, Body: Buffer.from("new") }));
}

async function uploadingInParts({ user, bucket }: Grant, Key: string): Promise<void> {
  const upload = { Bucket: bucket.name, Key };
  const { UploadId } = await user.send(new CreateMultipartUploadCommand(upload));
  const part = { ...upload, UploadId, PartNumber: 1 };
  const { ETag } = await user.send(new UploadPartCommand({ ...part, Body: Buffer.from("new") }));
  const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] };
  await user.send(new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload }));
}

async function givingUpParts({ user, bucket }: Grant, Key: string): Promise<void> {
  const upload = { Bucket: bucket.name, Key };
  const { UploadId } = await user.send(new CreateMultipartUploadCommand(upload));
  await user.send(new AbortMultipartUploadCommand({ ...upload, UploadId }));
}

async function outcomeOf(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return "done";
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

function server(): RealServer {
  if ("missing" in found) throw new Error(found.missing);
  return found;
}
