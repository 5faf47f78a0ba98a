/** Each way in which S3 fails, in words: what is wrong, and what cures it. */
import type { Condition } from "../core/sqlstate.ts";

/** What was being done, and with which settings. */
export interface S3Attempt {
  readonly store: string;
  readonly bucket: string;
  /** As far as it is known: the SDK's default chain is only asked at the first request. */
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  readonly pathStyle: boolean;
  readonly staticCredentials: boolean;
  readonly requesterPays: boolean;
  /** Whether the store has a key of SSE-C; never the key itself. */
  readonly customerKey: boolean;
  readonly action:
    | { readonly verb: "list"; readonly prefix: string }
    | { readonly verb: "read"; readonly key: string; readonly versionId: string | undefined };
}

/** The parts of an SDK or Node.js error that we go by; never its text. */
export interface Symptoms {
  readonly name: string | undefined;
  /** S3's own: `NoSuchKey`. Absent in answers to HEAD. */
  readonly s3Code: string | undefined;
  /** Node.js's own: `ECONNREFUSED`. */
  readonly systemCode: string | undefined;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly contentType: string | undefined;
  /** Where S3 says that the bucket is. */
  readonly bucketRegion: string | undefined;
}

export interface Explanation {
  readonly condition: Condition;
  readonly reason: (attempt: S3Attempt, symptoms: Symptoms) => string;
  readonly hint: (attempt: S3Attempt, symptoms: Symptoms) => string;
}

const WRONG_REGION: Explanation = {
  condition: "config_file_error",
  reason: ({ bucket, region }, { bucketRegion }) =>
    bucketRegion === undefined
      ? `bucket "${bucket}" is not in region "${region}"`
      : `bucket "${bucket}" is in region "${bucketRegion}", not "${region}"`,
  hint: ({ store }, { bucketRegion }) =>
    bucketRegion === undefined
      ? `Set "region" of store "${store}" to the bucket's region.`
      : `Set "region" of store "${store}" to ${bucketRegion}.`,
};

const ACCESS_DENIED: Explanation = {
  condition: "insufficient_privilege",
  reason: () => "access denied",
  hint: (attempt) => {
    const { action, bucket, store, requesterPays, customerKey } = attempt;
    const payer = requesterPays
      ? ""
      : `; if the bucket is one of requester pays, set "requester_pays: true" of store "${store}"`;
    if (action.verb === "list") {
      return `Allow s3:ListBucket on arn:aws:s3:::${bucket} for the credentials in use${payer}.`;
    }
    const permission = action.versionId === undefined ? "s3:GetObject" : "s3:GetObjectVersion";
    return (
      `Allow ${permission} on arn:aws:s3:::${bucket}/${action.key} for the credentials in use, ` +
      "and kms:Decrypt if its encryption needs that; without s3:ListBucket a missing object looks the same" +
      (customerKey ? `; the key in "sse_c" may be another than the object's` : "") +
      `${payer}.`
    );
  },
};

const UNKNOWN_ACCESS_KEY: Explanation = {
  condition: "insufficient_privilege",
  reason: () => "the access key is not known there",
  hint: ({ store, endpoint, staticCredentials }) =>
    staticCredentials
      ? `Correct "access_key_id" of store "${store}"${endpoint === undefined ? "" : ', or "endpoint" if the key belongs to another service'}.`
      : "Correct what AWS's default chain finds: AWS_ACCESS_KEY_ID, AWS_PROFILE or the machine's role.",
};

const EXPIRED: Explanation = {
  condition: "insufficient_privilege",
  reason: () => "the session token is expired or not valid",
  hint: ({ store, staticCredentials }) =>
    staticCredentials
      ? `Renew "credentials" of store "${store}", or leave them out so that AWS's default chain renews them by itself.`
      : "Log in again (aws sso login) or renew AWS_SESSION_TOKEN; a machine's own role is renewed by itself.",
};

const THROTTLED: Explanation = {
  condition: "io_error",
  reason: () => "S3 asks to slow down",
  hint: () => "It is tried again at the next refresh; a longer refresh asks less often.",
};

const INTERNAL: Explanation = {
  condition: "io_error",
  reason: (_, { status }) => `S3 failed inside (status ${status})`,
  hint: () => "It is tried again at the next refresh; see the S3 service's own status.",
};

export const NO_SUCH_OBJECT: Explanation = {
  condition: "undefined_file",
  reason: () => "no such object",
  hint: () => "Correct the key, in which upper and lower case differ, or upload the object.",
};

const NO_SUCH_VERSION: Explanation = {
  condition: "undefined_file",
  reason: ({ action }) =>
    `no such version${action.verb === "read" ? ` "${action.versionId}"` : ""} of this object`,
  hint: () => "Correct the version id, or leave it out to read the latest version.",
};

export const BY_S3_CODE: Readonly<Record<string, Explanation>> = {
  NoSuchBucket: {
    condition: "undefined_file",
    reason: ({ bucket }) => `bucket "${bucket}" does not exist`,
    hint: (attempt) =>
      `Correct "bucket"${attempt.endpoint === undefined ? "" : ' or "endpoint"'} of store "${attempt.store}", or create the bucket${attempt.pathStyle ? "" : otherStyle(attempt)}.`,
  },
  InvalidBucketName: {
    condition: "config_file_error",
    reason: ({ bucket }) => `"${bucket}" cannot be the name of a bucket`,
    hint: ({ store }) =>
      `Correct "bucket" of store "${store}": 3 to 63 lower-case letters, digits, dots and hyphens, without a path.`,
  },
  NoSuchKey: NO_SUCH_OBJECT,
  NoSuchVersion: NO_SUCH_VERSION,
  AccessDenied: ACCESS_DENIED,
  AllAccessDisabled: ACCESS_DENIED,
  InvalidAccessKeyId: UNKNOWN_ACCESS_KEY,
  // So versitygw calls it, with status 404.
  XAdminUserNotFound: UNKNOWN_ACCESS_KEY,
  SignatureDoesNotMatch: {
    condition: "insufficient_privilege",
    reason: () => "the secret access key does not belong to the access key",
    hint: ({ store, staticCredentials }) =>
      staticCredentials
        ? `Correct "secret_access_key" of store "${store}". If it is right, a proxy changes the requests on their way.`
        : "Correct AWS_SECRET_ACCESS_KEY or the profile. If it is right, a proxy changes the requests on their way.",
  },
  ExpiredToken: EXPIRED,
  ExpiredTokenException: EXPIRED,
  TokenRefreshRequired: EXPIRED,
  InvalidToken: EXPIRED,
  PermanentRedirect: WRONG_REGION,
  TemporaryRedirect: WRONG_REGION,
  AuthorizationHeaderMalformed: WRONG_REGION,
  IllegalLocationConstraintException: WRONG_REGION,
  InvalidArgument: {
    condition: "invalid_parameter_value",
    reason: ({ action }) =>
      action.verb === "read" && action.versionId !== undefined
        ? `"${action.versionId}" cannot be the id of a version`
        : "S3 does not accept the request",
    hint: () => "Correct key and version id; the service may also not know a feature that AWS has.",
  },
  RequestTimeTooSkewed: {
    condition: "system_error",
    reason: () => "this machine's clock is more than 15 minutes off",
    hint: () => "Set the clock; signed requests are valid only around their own time.",
  },
  InvalidRequest: {
    condition: "config_file_error",
    reason: ({ customerKey }) =>
      customerKey
        ? "the object is not encrypted with a key that its reader brings (SSE-C)"
        : "S3 does not accept the request",
    hint: ({ store, customerKey }) =>
      customerKey
        ? `Leave "sse_c" of store "${store}" out, or write all its objects under that key.`
        : `If the object was written with SSE-C, give its key as "sse_c" of store "${store}".`,
  },
  // So Alibaba's OSS refuses the bucket in the path.
  SecondLevelDomainForbidden: {
    condition: "config_file_error",
    reason: (attempt) => `${endpointOf(attempt)} does not take the bucket in the URL's path`,
    hint: ({ store }) => `Set "path_style: false" of store "${store}".`,
  },
  InvalidObjectState: {
    condition: "object_not_in_prerequisite_state",
    reason: () => "the object is archived",
    hint: () => "Restore it to a storage class that can be read at once.",
  },
  SlowDown: THROTTLED,
  TooManyRequests: THROTTLED,
  ServiceUnavailable: THROTTLED,
  InternalError: INTERNAL,
};

export const NO_CREDENTIALS: Explanation = {
  condition: "insufficient_privilege",
  reason: () => "no credentials found",
  hint: ({ store }) =>
    `Set "credentials" of store "${store}", or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile in ~/.aws, or give this machine a role.`,
};

export const NOT_S3: Explanation = {
  condition: "config_file_error",
  reason: (attempt, { status }) =>
    `${endpointOf(attempt)} does not answer as S3 does${status === undefined ? "" : ` (status ${status})`}`,
  hint: (attempt) =>
    `Correct "endpoint" of store "${attempt.store}"; a web console, a login page or a proxy may be answering there${otherStyle(attempt)}.`,
};

const HOST_NOT_FOUND: Explanation = {
  condition: "fdw_unable_to_establish_connection",
  reason: (attempt) => `the host of ${endpointOf(attempt)} cannot be found`,
  hint: ({ store, endpoint }) =>
    endpoint === undefined
      ? `Check "region" and "bucket" of store "${store}" and this machine's DNS.`
      : `Correct "endpoint" of store "${store}"; without "path_style: true" the bucket's name becomes part of the host.`,
};

const UNREACHABLE: Explanation = {
  condition: "fdw_unable_to_establish_connection",
  reason: (attempt) => `${endpointOf(attempt)} cannot be reached`,
  hint: () => "Check this machine's network, its firewall and the endpoint.",
};

const REFUSED: Explanation = {
  condition: "fdw_unable_to_establish_connection",
  reason: (attempt) => `${endpointOf(attempt)} refuses connections`,
  hint: ({ store }) =>
    `Check that the service is running there, and host and port in "endpoint" of store "${store}".`,
};

const BROKEN: Explanation = {
  condition: "io_error",
  reason: (attempt) => `the connection to ${endpointOf(attempt)} broke`,
  hint: ({ store, endpoint }) =>
    endpoint?.startsWith("http:") === true
      ? `It is tried again at the next refresh. If it never works, "endpoint" of store "${store}" may want https.`
      : "It is tried again at the next refresh.",
};

export const TIMED_OUT: Explanation = {
  condition: "io_error",
  reason: (attempt) => `${endpointOf(attempt)} does not answer`,
  hint: () => "It is tried again at the next refresh; check the network and the service.",
};

const NOT_TLS: Explanation = {
  condition: "fdw_unable_to_establish_connection",
  reason: (attempt) => `${endpointOf(attempt)} does not speak TLS`,
  hint: ({ store }) =>
    `If it is a service without TLS, start "endpoint" of store "${store}" with http.`,
};

const UNTRUSTED: Explanation = {
  condition: "fdw_unable_to_establish_connection",
  reason: (attempt, { systemCode }) =>
    `the certificate of ${endpointOf(attempt)} is not trusted (${systemCode})`,
  hint: () =>
    "Start the gateway with NODE_EXTRA_CA_CERTS naming a file with the certificate authority that signed it.",
};

const CERTIFICATE_DATES: Explanation = {
  condition: "fdw_unable_to_establish_connection",
  reason: (attempt, { systemCode }) =>
    `the certificate of ${endpointOf(attempt)} is not valid today (${systemCode})`,
  hint: () => "Renew the certificate there, or set this machine's clock.",
};

const CERTIFICATE_NAME: Explanation = {
  condition: "fdw_unable_to_establish_connection",
  reason: (attempt) => `the certificate of ${endpointOf(attempt)} is for another host name`,
  hint: ({ store, pathStyle }) =>
    pathStyle
      ? `Use in "endpoint" of store "${store}" a name that the certificate holds.`
      : `Set "path_style: true" of store "${store}", which keeps the bucket's name, and any dot in it, out of the host name.`,
};

export const BY_SYSTEM_CODE: Readonly<Record<string, Explanation>> = {
  ENOTFOUND: HOST_NOT_FOUND,
  EAI_AGAIN: HOST_NOT_FOUND,
  ECONNREFUSED: REFUSED,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  EADDRNOTAVAIL: UNREACHABLE,
  ECONNRESET: BROKEN,
  EPIPE: BROKEN,
  ERR_STREAM_PREMATURE_CLOSE: BROKEN,
  ETIMEDOUT: TIMED_OUT,
  EPROTO: NOT_TLS,
  ERR_SSL_WRONG_VERSION_NUMBER: NOT_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NOT_TLS,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  CERT_UNTRUSTED: UNTRUSTED,
  CERT_HAS_EXPIRED: CERTIFICATE_DATES,
  CERT_NOT_YET_VALID: CERTIFICATE_DATES,
  ERR_TLS_CERT_ALTNAME_INVALID: CERTIFICATE_NAME,
};

/** Of an answer that S3 began as a success. */
const UNREADABLE: Explanation = {
  condition: "io_error",
  reason: () => "the answer of S3 is cut short or cannot be read",
  hint: () => "It is tried again at the next refresh; a proxy on the way may have changed it.",
};

export const BY_STATUS: Readonly<Record<number, Explanation>> = {
  200: UNREADABLE,
  301: WRONG_REGION,
  307: WRONG_REGION,
  401: ACCESS_DENIED,
  403: ACCESS_DENIED,
  404: NO_SUCH_OBJECT,
  429: THROTTLED,
  500: INTERNAL,
  502: INTERNAL,
  503: THROTTLED,
  504: INTERNAL,
};

export const UNKNOWN: Explanation = {
  condition: "fdw_error",
  reason: (_, { status, s3Code, systemCode, name }) => {
    const code = s3Code ?? systemCode ?? name ?? "an unnamed error";
    return status === undefined ? `the S3 client reports ${code}` : `S3 answered ${status} ${code}`;
  },
  hint: () => "See what the S3 service documents for this code.",
};

/** What else to try where a service of one's own takes the name of the bucket for something else. */
function otherStyle({ endpoint, pathStyle }: S3Attempt): string {
  if (endpoint === undefined) return "";
  return pathStyle
    ? '; if the service wants the bucket in the host name, set "path_style: false"'
    : '; if the service wants the bucket in the path, set "path_style: true"';
}

function endpointOf({ endpoint, region }: S3Attempt): string {
  return endpoint ?? (region === undefined ? "S3" : `S3 in region ${region}`);
}
