/**
 * Verifies AWS Signature Version 4, in the Authorization header or in a presigned URL, as in "Create
 * a signed AWS API request" of the IAM User Guide, with S3's exception: the path is not encoded twice.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { S3Refusal } from "./answers.ts";

export interface ServerCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface SignedRequest {
  readonly method: string;
  /** As it came, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Claim {
  readonly accessKeyId: string;
  readonly scope: readonly string[];
  readonly amzDate: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly payloadHash: string;
  readonly token: string | undefined;
  readonly expiresAfterMs: number | undefined;
}

const ALGORITHM = "AWS4-HMAC-SHA256";
const LARGEST_SKEW_MS = 15 * 60 * 1000;

/** Throws the refusal that S3 would answer; returns when the signature is right. */
export function verifySignature(
  request: SignedRequest,
  expected: {
    readonly credentials: ServerCredentials;
    readonly region: string;
    /** Access keys whose time is over. */
    readonly expired?: ReadonlySet<string>;
  },
  now: Date,
): void {
  const claim = claimOf(request);
  const { credentials, region } = expected;
  if (expected.expired?.has(claim.accessKeyId) === true) throw new S3Refusal("ExpiredToken");
  if (claim.accessKeyId !== credentials.accessKeyId) throw new S3Refusal("InvalidAccessKeyId");
  if (claim.token !== credentials.sessionToken) throw new S3Refusal("InvalidToken");
  if (claim.scope[1] !== region) {
    throw new S3Refusal("AuthorizationHeaderMalformed", { elements: { Region: region } });
  }
  verifyTime(claim, now.getTime());
  const signature = signatureOf(request, claim, credentials.secretAccessKey);
  const given = Buffer.from(claim.signature, "hex");
  if (given.length !== signature.length || !timingSafeEqual(given, signature)) {
    throw new S3Refusal("SignatureDoesNotMatch");
  }
  if (/^[0-9a-f]{64}$/.test(claim.payloadHash) && sha256(request.body) !== claim.payloadHash) {
    throw new S3Refusal("XAmzContentSHA256Mismatch");
  }
}

function claimOf({ headers, query }: SignedRequest): Claim {
  const { authorization } = headers;
  if (authorization?.startsWith(`${ALGORITHM} `) === true) {
    const fields = new Map(
      authorization
        .slice(ALGORITHM.length + 1)
        .split(",")
        .map((field) => {
          const [name = "", value = ""] = field.trim().split(/=(.*)/s);
          return [name, value] as const;
        }),
    );
    return {
      ...credentialOf(fields.get("Credential") ?? ""),
      amzDate: headerText(headers["x-amz-date"]),
      signedHeaders: (fields.get("SignedHeaders") ?? "").split(";"),
      signature: fields.get("Signature") ?? "",
      payloadHash: headerText(headers["x-amz-content-sha256"]),
      token: headers["x-amz-security-token"]?.toString(),
      expiresAfterMs: undefined,
    };
  }
  if (query.get("X-Amz-Algorithm") === ALGORITHM) {
    const expiresSeconds = Number(query.get("X-Amz-Expires"));
    if (!(expiresSeconds >= 1 && expiresSeconds <= 604_800)) {
      throw new S3Refusal("AuthorizationQueryParametersError");
    }
    return {
      ...credentialOf(query.get("X-Amz-Credential") ?? ""),
      amzDate: query.get("X-Amz-Date") ?? "",
      signedHeaders: (query.get("X-Amz-SignedHeaders") ?? "").split(";"),
      signature: query.get("X-Amz-Signature") ?? "",
      payloadHash: "UNSIGNED-PAYLOAD",
      token: query.get("X-Amz-Security-Token") ?? undefined,
      expiresAfterMs: expiresSeconds * 1000,
    };
  }
  throw new S3Refusal("AccessDenied");
}

function credentialOf(text: string): Pick<Claim, "accessKeyId" | "scope"> {
  const [accessKeyId = "", ...scope] = text.split("/");
  if (scope.length !== 4) throw new S3Refusal("AuthorizationQueryParametersError");
  return { accessKeyId, scope };
}

function verifyTime({ amzDate, expiresAfterMs }: Claim, now: number): void {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(amzDate);
  if (parts === null) throw new S3Refusal("AccessDenied");
  const [, year, month, day, hour, minute, second] = parts;
  const signedAt = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (signedAt - now > LARGEST_SKEW_MS) throw new S3Refusal("RequestTimeTooSkewed");
  const age = now - signedAt;
  if (expiresAfterMs === undefined && age > LARGEST_SKEW_MS) {
    throw new S3Refusal("RequestTimeTooSkewed");
  }
  if (expiresAfterMs !== undefined && age > expiresAfterMs) throw new S3Refusal("AccessDenied");
}

function signatureOf(request: SignedRequest, claim: Claim, secret: string): Buffer {
  const canonicalRequest = [
    request.method,
    request.path,
    canonicalQuery(request.query),
    ...claim.signedHeaders.map((name) => `${name}:${headerText(request.headers[name])}`),
    "",
    claim.signedHeaders.join(";"),
    claim.payloadHash,
  ].join("\n");
  const toSign = [ALGORITHM, claim.amzDate, claim.scope.join("/"), sha256(canonicalRequest)];
  const key = claim.scope.reduce<string | Buffer>(
    (previous, part) => hmac(previous, part),
    `AWS4${secret}`,
  );
  return hmac(key, toSign.join("\n"));
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${encodeRfc3986(name)}=${encodeRfc3986(value)}`)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .join("&");
}

function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function headerText(value: string | string[] | undefined): string {
  return (value ?? "").toString().trim().replace(/ +/g, " ");
}

function sha256(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac("sha256", key).update(data).digest();
}
