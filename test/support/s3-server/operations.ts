import type { IncomingHttpHeaders } from "node:http";
import { type Answer, element, S3Refusal, xmlAnswer } from "./answers.ts";
import type { Bucket, StoredVersion } from "./buckets.ts";

/** One request to an object or a bucket, after its signature was verified. */
export interface S3Request {
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Decoded, should it have been in the aws-chunked framing. */
  readonly body: Buffer;
}

/** GET and HEAD of an object; the server leaves the body out for HEAD. */
export function readObject(bucket: Bucket, { key, query, headers }: S3Request): Answer {
  const version = findVersion(bucket, key, query.get("versionId"));
  const etag = `"${version.etag}"`;
  const ifMatch = headers["if-match"];
  if (ifMatch !== undefined && ifMatch !== "*" && !etagsOf(ifMatch).includes(version.etag)) {
    throw new S3Refusal("PreconditionFailed", { elements: { Condition: "If-Match" } });
  }
  const common = {
    etag,
    "last-modified": version.lastModified.toUTCString(),
    "accept-ranges": "bytes",
    ...(bucket.versioned ? { "x-amz-version-id": version.versionId } : {}),
  };
  const ifNoneMatch = headers["if-none-match"];
  if (ifNoneMatch === "*" || etagsOf(ifNoneMatch ?? "").includes(version.etag)) {
    return { status: 304, headers: common, body: Buffer.alloc(0) };
  }
  const contentType = { "content-type": "binary/octet-stream" };
  const range = rangeOf(headers.range, version.body.length);
  if (range === undefined) {
    const checksum =
      headers["x-amz-checksum-mode"] === "ENABLED" ? { "x-amz-checksum-crc32": version.crc32 } : {};
    return {
      status: 200,
      headers: { ...common, ...contentType, ...checksum },
      body: version.body,
    };
  }
  const [from, to] = range;
  return {
    status: 206,
    headers: {
      ...common,
      ...contentType,
      "content-range": `bytes ${from}-${to - 1}/${version.body.length}`,
    },
    body: version.body.subarray(from, to),
  };
}

export function putObject(bucket: Bucket, { key, headers, body }: S3Request): Answer {
  const exists = bucket.latest(key)?.deleteMarker === false;
  if (headers["if-none-match"] === "*" && exists) throw new S3Refusal("PreconditionFailed");
  const version = bucket.put(key, body);
  return {
    status: 200,
    headers: {
      etag: `"${version.etag}"`,
      ...(bucket.versioned ? { "x-amz-version-id": version.versionId } : {}),
    },
    body: Buffer.alloc(0),
  };
}

export function deleteObject(bucket: Bucket, { key }: S3Request): Answer {
  const marker = bucket.delete(key);
  const headers =
    marker === undefined
      ? {}
      : { "x-amz-delete-marker": "true", "x-amz-version-id": marker.versionId };
  return { status: 204, headers, body: Buffer.alloc(0) };
}

/** ListObjectsV2. The continuation token is the last key of the page before, in base64. */
export function listObjects(bucket: Bucket, { query }: S3Request, pageSize: number): Answer {
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const asked = Number(query.get("max-keys") ?? 1000);
  if (!(asked >= 0)) throw new S3Refusal("InvalidArgument");
  const maxKeys = Math.min(asked, pageSize);
  const token = query.get("continuation-token");
  const after =
    token === null ? (query.get("start-after") ?? "") : Buffer.from(token, "base64").toString();
  const encode = query.get("encoding-type") === "url" ? urlEncode : (text: string) => text;

  const entries = entriesOf(bucket, prefix, delimiter).filter(({ name }) => isAfter(name, after));
  const page = entries.slice(0, maxKeys);
  const last = page.at(-1);
  const truncated = entries.length > page.length && last !== undefined;
  const next = truncated
    ? element("NextContinuationToken", Buffer.from(last.name).toString("base64"))
    : "";
  return xmlAnswer(
    200,
    [
      '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
      element("Name", bucket.name),
      element("Prefix", encode(prefix)),
      element("KeyCount", String(page.length)),
      element("MaxKeys", String(asked)),
      element("IsTruncated", String(truncated)),
      query.get("encoding-type") === "url" ? element("EncodingType", "url") : "",
      next,
      ...page.map(({ name, version }) =>
        version === undefined
          ? `<CommonPrefixes>${element("Prefix", encode(name))}</CommonPrefixes>`
          : contentsXml(encode(name), version),
      ),
      "</ListBucketResult>",
    ].join(""),
  );
}

function contentsXml(key: string, version: StoredVersion): string {
  return [
    "<Contents>",
    element("Key", key),
    element("LastModified", version.lastModified.toISOString()),
    element("ETag", `"${version.etag}"`),
    element("Size", String(version.body.length)),
    element("StorageClass", "STANDARD"),
    "</Contents>",
  ].join("");
}

/** Keys under the prefix, those behind the delimiter rolled up, in key order. */
function entriesOf(
  bucket: Bucket,
  prefix: string,
  delimiter: string,
): { readonly name: string; readonly version: StoredVersion | undefined }[] {
  const entries = new Map<string, StoredVersion | undefined>();
  for (const key of bucket.keys()) {
    if (!key.startsWith(prefix)) continue;
    const at = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    if (at < 0) entries.set(key, bucket.latest(key));
    else entries.set(key.slice(0, at + delimiter.length), undefined);
  }
  return [...entries].map(([name, version]) => ({ name, version }));
}

function findVersion(bucket: Bucket, key: string, versionId: string | null): StoredVersion {
  const version = versionId === null ? bucket.latest(key) : bucket.version(key, versionId);
  if (version === undefined) {
    throw new S3Refusal(versionId === null ? "NoSuchKey" : "NoSuchVersion");
  }
  if (version.deleteMarker) {
    const headers = { "x-amz-delete-marker": "true", "x-amz-version-id": version.versionId };
    throw new S3Refusal(versionId === null ? "NoSuchKey" : "MethodNotAllowed", { headers });
  }
  return version;
}

/** Half-open, clamped to the object; undefined where the header asks for no part (RFC 9110, 14.2). */
function rangeOf(
  header: string | undefined,
  size: number,
): readonly [from: number, to: number] | undefined {
  const parts = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (parts === null) return undefined;
  const [, first = "", last = ""] = parts;
  if (first === "" && last === "") return undefined;
  const from = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (from >= size || to <= from) throw new S3Refusal("InvalidRange");
  return [from, to];
}

function etagsOf(header: string): string[] {
  return header.split(",").map((text) => text.trim().replace(/^"(.*)"$/, "$1"));
}

function isAfter(name: string, after: string): boolean {
  return Buffer.compare(Buffer.from(name), Buffer.from(after)) > 0;
}

function urlEncode(text: string): string {
  return encodeURIComponent(text).replaceAll("%20", "+").replaceAll("%2F", "/");
}
