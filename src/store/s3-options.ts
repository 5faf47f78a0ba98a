/** What a store of S3 is told by the YAML, and how patient it is. */
import { isCustomerKey, mayCarryKeys } from "../core/customer-key.ts";
import { PgError } from "../core/pg-error.ts";

export interface S3StoreOptions {
  readonly bucket: string;
  /** Default: what AWS's configuration says, else `us-east-1`; then the bucket's own is followed. */
  readonly region?: string | undefined;
  /** Of a service other than AWS, with its scheme. */
  readonly endpoint?: string | undefined;
  /** The bucket in the path rather than in the host name; default: where there is an endpoint. */
  readonly pathStyle?: boolean | undefined;
  /** Default: AWS's own chain, which renews them before they expire. */
  readonly credentials?: S3Credentials | undefined;
  /** Whether our account agrees to be charged for what it reads. */
  readonly requesterPays?: boolean | undefined;
  /** SSE-C: the key of 32 bytes, in base64, under which every object of the store was written. */
  readonly customerKey?: string | undefined;
}

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** Bounds on waiting and trying again; tests choose smaller ones. */
export interface S3Patience {
  readonly connectionTimeoutMs: number;
  /** Without a byte in either direction, in the body too; the SDK's default is to wait for ever. */
  readonly idleTimeoutMs: number;
  /** From the request to the headers of the answer. */
  readonly responseTimeoutMs: number;
  /** Of one request, for answers such as 503 and for connections that break. */
  readonly attempts: number;
  /** Of one request, where no connection or no answer of S3 comes: often a mistake in the settings. */
  readonly attemptsToConnect: number;
  /** No further attempt begins later than this after the first. */
  readonly retryForMs: number;
  /** Before the second attempt, on average a bit less; doubled for each further one. */
  readonly retryPauseMs: number;
  /** The same after an answer that asks to slow down. */
  readonly throttledPauseMs: number;
  /** The longest pause between two attempts. */
  readonly longestPauseMs: number;
  /** How often in a row a body may break off without progress in between. */
  readonly resumptions: number;
  /** After an unexplained refusal new credentials are asked for, but no more often than this. */
  readonly renewalPauseMs: number;
}

export const DEFAULT_PATIENCE: S3Patience = {
  connectionTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
  responseTimeoutMs: 60_000,
  attempts: 8,
  attemptsToConnect: 3,
  retryForMs: 90_000,
  retryPauseMs: 200,
  throttledPauseMs: 1000,
  longestPauseMs: 10_000,
  resumptions: 5,
  renewalPauseMs: 60_000,
};

/** Throws what a checked YAML cannot hold any more, but a caller of ours can. */
export function checkOptions(store: string, options: S3StoreOptions): void {
  const { endpoint, customerKey } = options;
  if (endpoint !== undefined) checkEndpoint(store, endpoint);
  if (customerKey === undefined) return;
  if (!isCustomerKey(customerKey)) {
    throw new PgError("config_file_error", `"sse_c.key" of store "${store}" is not a key`, {
      hint: "It has 32 bytes, in base64: openssl rand -base64 32.",
    });
  }
  if (!mayCarryKeys(endpoint)) {
    throw new PgError("config_file_error", `"sse_c" of store "${store}" needs https`, {
      hint: 'Each request carries the key: start "endpoint" with https.',
    });
  }
}

function checkEndpoint(store: string, endpoint: string): void {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new PgError("config_file_error", `"endpoint" of store "${store}" is not an http(s) URL`, {
      hint: "Write it with its scheme, such as https://minio.example:9000.",
    });
  }
  if (url.username !== "" || url.password !== "") {
    throw new PgError("config_file_error", `"endpoint" of store "${store}" holds a password`, {
      hint: 'Write it as "credentials" of the store.',
    });
  }
}
