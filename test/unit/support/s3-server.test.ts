/** The stand-in is trusted by many tests, so what it verifies is itself verified. */
import { Readable } from "node:stream";
import { DeleteObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { decodeAwsChunked } from "../../support/s3-server/aws-chunked.ts";
import { type S3Server, startS3Server } from "../../support/s3-server/s3-server.ts";
import { type SignedRequest, verifySignature } from "../../support/s3-server/signature.ts";

/** The examples of "Authenticating Requests (AWS Signature Version 4)" in the S3 API reference. */
const EXAMPLE = {
  credentials: {
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  },
  region: "us-east-1",
};
const EXAMPLE_TIME = new Date("2013-05-24T00:00:00Z");
const NO_BODY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const SIGNED_IN_HEADERS: SignedRequest = {
  method: "GET",
  path: "/test.txt",
  query: new URLSearchParams(),
  headers: {
    host: "examplebucket.s3.amazonaws.com",
    range: "bytes=0-9",
    "x-amz-content-sha256": NO_BODY,
    "x-amz-date": "20130524T000000Z",
    authorization:
      "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request," +
      "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date," +
      "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  },
  body: Buffer.alloc(0),
};

const PRESIGNED: SignedRequest = {
  method: "GET",
  path: "/test.txt",
  query: new URLSearchParams(
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request" +
      "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host" +
      "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
  ),
  headers: { host: "examplebucket.s3.amazonaws.com" },
  body: Buffer.alloc(0),
};

test.each([
  ["in its headers", SIGNED_IN_HEADERS],
  ["in its URL", PRESIGNED],
])("AWS's own example of a request signed %s is accepted", (_, request) => {
  expect(() => verifySignature(request, EXAMPLE, EXAMPLE_TIME)).not.toThrow();
});

test.each<[string, SignedRequest, string]>([
  ["another path", { ...SIGNED_IN_HEADERS, path: "/other.txt" }, "SignatureDoesNotMatch"],
  ["another method", { ...SIGNED_IN_HEADERS, method: "PUT" }, "SignatureDoesNotMatch"],
  ["another body", { ...SIGNED_IN_HEADERS, body: Buffer.from("x") }, "XAmzContentSHA256Mismatch"],
  [
    "another header",
    { ...SIGNED_IN_HEADERS, headers: { ...SIGNED_IN_HEADERS.headers, range: "bytes=0-99" } },
    "SignatureDoesNotMatch",
  ],
  [
    "another path under the same URL",
    { ...PRESIGNED, path: "/other.txt" },
    "SignatureDoesNotMatch",
  ],
  [
    "more query",
    { ...PRESIGNED, query: new URLSearchParams(`${PRESIGNED.query}&versionId=1`) },
    "SignatureDoesNotMatch",
  ],
  ["no signature", { ...PRESIGNED, query: new URLSearchParams() }, "AccessDenied"],
])("with %s it is refused", (_, request, code) => {
  expect(() => verifySignature(request, EXAMPLE, EXAMPLE_TIME)).toThrow(
    expect.objectContaining({ code }),
  );
});

test("a signature is refused when its time is over", () => {
  const minutesLater = (minutes: number) => new Date(EXAMPLE_TIME.getTime() + minutes * 60_000);

  expect(() => verifySignature(SIGNED_IN_HEADERS, EXAMPLE, minutesLater(14))).not.toThrow();
  expect(() => verifySignature(SIGNED_IN_HEADERS, EXAMPLE, minutesLater(16))).toThrow(
    expect.objectContaining({ code: "RequestTimeTooSkewed" }),
  );
  expect(() => verifySignature(PRESIGNED, EXAMPLE, minutesLater(24 * 60 - 1))).not.toThrow();
  expect(() => verifySignature(PRESIGNED, EXAMPLE, minutesLater(24 * 60 + 1))).toThrow(
    expect.objectContaining({ code: "AccessDenied" }),
  );
});

test("what the SDK puts is stored as it is, whether at once or in chunks", async () => {
  await using s3 = await startS3Server({ buckets: { lake: {} } });
  const client = clientOf(s3);
  const body = Buffer.alloc(100_000, "some bytes ");
  const chunks = Readable.from([body.subarray(0, 70_000), body.subarray(70_000)]);

  const whole = await client.send(new PutObjectCommand({ Bucket: "lake", Key: "a", Body: body }));
  const chunked = await client.send(
    new PutObjectCommand({ Bucket: "lake", Key: "b", Body: chunks, ContentLength: body.length }),
  );
  client.destroy();

  expect(s3.requests[1]?.headers["x-amz-content-sha256"]).toBe(
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
  );
  expect(chunked.ETag).toBe(whole.ETag);
});

test("a chunked body whose checksum is another is refused", () => {
  const framed = (checksum: string) =>
    Buffer.from(`5\r\nhello\r\n0\r\nx-amz-checksum-crc32:${checksum}\r\n\r\n`);

  expect(decodeAwsChunked(framed("NhCmhg==")).toString()).toBe("hello");
  expect(() => decodeAwsChunked(framed("AAAAAA=="))).toThrow(
    expect.objectContaining({ code: "BadDigest" }),
  );
});

test("an object is put once under If-None-Match, and deleted", async () => {
  await using s3 = await startS3Server({ buckets: { lake: {} } });
  const client = clientOf(s3);
  const put = new PutObjectCommand({ Bucket: "lake", Key: "a", Body: "x", IfNoneMatch: "*" });

  await client.send(put);
  await expect(client.send(put)).rejects.toMatchObject({ name: "PreconditionFailed" });
  await client.send(new DeleteObjectCommand({ Bucket: "lake", Key: "a" }));
  await client.send(put);
  client.destroy();
});

function clientOf({ endpoint, region, credentials }: S3Server): S3Client {
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
  return new S3Client({ endpoint, region, credentials, forcePathStyle: true });
}
