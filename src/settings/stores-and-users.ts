/** The entries of `stores:` and `users:`, as the YAML has them. */
import { z } from "zod";
import { isCustomerKey } from "../core/customer-key.ts";
import { scalar, TEXT, textLike } from "./scalars.ts";

const CREDENTIALS = z.strictObject({
  access_key_id: TEXT.describe("Access key"),
  secret_access_key: TEXT.describe("Secret key, best from the environment"),
  session_token: TEXT.optional().describe("Token of temporary credentials"),
});

/** S3's rules for bucket names, loosened for other servers: no slash, no scheme. */
const BUCKET = textLike("a bucket's name such as acme-data", /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/);
const ENDPOINT = textLike("a URL such as https://minio.example:9000", /^https?:\/\/[^\s/@]+\/?$/);

const CUSTOMER_KEY = TEXT.superRefine((key, context) => {
  if (isCustomerKey(key)) return;
  const isBase64 = key.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(key);
  const size = isBase64 ? `has ${Buffer.from(key, "base64").length} bytes` : "is not base64";
  const message = `this ${size}, but must be 32 bytes in base64`;
  refuse(context, message, "Make one with: openssl rand -base64 32.");
});

const S3_STORE = z.strictObject({
  type: z.literal("s3").describe("A bucket of S3 or of a server that speaks its protocol"),
  bucket: BUCKET.describe("The bucket's name"),
  region: TEXT.optional().describe("Default: AWS's own configuration, else the bucket's own"),
  endpoint: ENDPOINT.optional().describe("For MinIO, R2, Ceph and others; none for AWS"),
  path_style: z
    .boolean()
    .optional()
    .describe("Whether the bucket stands in the URL's path; default: with an endpoint"),
  credentials: CREDENTIALS.optional().describe(
    "Default: AWS's own chain, refreshed before it expires",
  ),
  requester_pays: z
    .boolean()
    .optional()
    .describe("Whether our account is charged for what it reads from another's bucket"),
  sse_c: z
    .strictObject({ key: CUSTOMER_KEY.describe("32 bytes in base64, best from the environment") })
    .optional()
    .describe("The key with which all objects of the store are encrypted (SSE-C)"),
});

const DIRECTORY_STORE = z.strictObject({
  type: z.literal("directory").describe("A folder of this machine"),
  path: TEXT.describe("The folder, relative to this file"),
});

export const STORE = z.discriminatedUnion("type", [S3_STORE, DIRECTORY_STORE]);
export type StoreEntry = z.output<typeof STORE>;

/** RFC 5803's content as PostgreSQL stores it in pg_authid: iterations, salt, two keys of 32 bytes. */
const VERIFIER =
  /^SCRAM-SHA-256\$[1-9]\d{0,9}:(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$/;

export function isVerifier(password: string): boolean {
  return VERIFIER.test(password);
}

const PASSWORD = TEXT.superRefine((password, context) => {
  if (password.startsWith("SCRAM-SHA-256$") && !isVerifier(password)) {
    refuse(context, "this SCRAM-SHA-256 verifier is damaged", "Copy the whole line in quotes.");
  } else if (/^md5[0-9a-f]{32}$/.test(password)) {
    refuse(
      context,
      "md5 passwords are not supported",
      "Make a SCRAM-SHA-256 verifier with: bucketgres hash-password.",
    );
  }
});

const MOMENT_EXPECTED = "a moment such as 2027-01-31T18:00:00Z or 2027-01-31T18:00:00+01:00";
/** Without a zone a time would mean another moment on each machine. */
const ISO_MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

/** Milliseconds since 1970. */
const MOMENT = scalar({
  expected: MOMENT_EXPECTED,
  jsonSchema: { type: "string", pattern: ISO_MOMENT.source },
  read(text) {
    const value = ISO_MOMENT.test(text) ? Date.parse(text) : Number.NaN;
    return Number.isNaN(value) ? { ok: false, expected: MOMENT_EXPECTED } : { ok: true, value };
  },
});

export const USER = z.strictObject({
  password: PASSWORD.optional().describe(
    "A SCRAM-SHA-256 verifier, or plain text from the environment (written out on loopback only)",
  ),
  certificate: z
    .union([z.literal(true), TEXT])
    .optional()
    .describe(
      "The common name of the client's certificate, true for the user's own name; beside a password both are asked for",
    ),
  expires_at: MOMENT.optional().describe(
    "From this moment on logins are refused and sessions end, such as 2027-01-31T18:00:00Z",
  ),
});
export type UserEntry = z.output<typeof USER>;

function refuse(context: z.RefinementCtx, message: string, hint: string): void {
  context.addIssue({ code: "custom", message, params: { hint } });
}
