/** One store's way to S3: its client, its credentials, its region. */
import { setMaxListeners } from "node:events";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { symptomsOf } from "./s3-error.ts";
import type { S3Attempt, Symptoms } from "./s3-explanations.ts";
import {
  checkOptions,
  type S3Credentials,
  type S3Patience,
  type S3StoreOptions,
} from "./s3-options.ts";
import { PatientRetries } from "./s3-retry.ts";

/** Where nothing says another: AWS's first region, and the name that other services go by. */
const FIRST_REGION = "us-east-1";
/** It becomes a part of AWS's host names. */
const REGION = /^[a-z0-9-]{1,32}$/;

/** Codes that speak of the credentials, and not of what they allow. */
const CREDENTIAL_CODES: ReadonlySet<string> = new Set([
  "ExpiredToken",
  "ExpiredTokenException",
  "TokenRefreshRequired",
  "InvalidToken",
  "InvalidAccessKeyId",
  // So versitygw calls an unknown access key.
  "XAdminUserNotFound",
]);

/** The SDK would write its warnings to the terminal. */
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

type Identity = Awaited<ReturnType<S3Client["config"]["credentials"]>>;

/** The SDK's client of one store, built at the first request, and what is repeated beyond it. */
export class S3Connection {
  readonly bucket: string;
  readonly patience: S3Patience;
  readonly #store: string;
  readonly #options: S3StoreOptions;
  #region: string | undefined;
  #client: Promise<S3Client> | undefined;
  #renewal: Promise<void> | undefined;
  #renewedAt = Number.NEGATIVE_INFINITY;

  constructor(store: string, options: S3StoreOptions, patience: S3Patience) {
    checkOptions(store, options);
    this.bucket = options.bucket;
    this.patience = patience;
    this.#store = store;
    this.#options = options;
    this.#region = options.region;
  }

  /** For messages: what is being done, and with which settings. */
  attempt(action: S3Attempt["action"]): S3Attempt {
    const { endpoint, credentials, requesterPays, customerKey } = this.#options;
    return {
      store: this.#store,
      bucket: this.bucket,
      region: this.#region,
      endpoint,
      pathStyle: this.#isPathStyle,
      staticCredentials: credentials !== undefined,
      requesterPays: requesterPays === true,
      customerKey: customerKey !== undefined,
      action,
    };
  }

  /** What every request to this store has to say. */
  get payer(): { readonly RequestPayer?: "requester" } {
    return this.#options.requesterPays === true ? { RequestPayer: "requester" } : {};
  }

  /** What every request for an object has to say besides; the SDK adds the key's MD5. */
  get decryption(): { readonly SSECustomerAlgorithm?: string; readonly SSECustomerKey?: string } {
    const { customerKey } = this.#options;
    return customerKey === undefined
      ? {}
      : { SSECustomerAlgorithm: "AES256", SSECustomerKey: customerKey };
  }

  /**
   * Sends a request, and once more where S3 says that the bucket is in another region, or where it
   * refuses credentials that can be renewed. What fails is thrown as the SDK throws it.
   */
  async ask<Answer>(
    request: (client: S3Client, options: { abortSignal?: AbortSignal }) => Promise<Answer>,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    let mayFollow = this.#options.region === undefined;
    let mayRenew = this.#options.credentials === undefined;
    for (;;) {
      const client = await (this.#client ??= this.#build());
      // Those that the request is signed with, or a moment later already their successors.
      const used = mayRenew ? await client.config.credentials() : undefined;
      const region = this.#region;
      try {
        return await request(client, abortedBy(signal));
      } catch (error) {
        signal?.throwIfAborted();
        const symptoms = symptomsOf(error);
        if (mayFollow && this.#follow(region, symptoms)) mayFollow = false;
        else if (mayRenew && (await this.#renew(client, used, symptoms))) mayRenew = false;
        else throw error;
      }
    }
  }

  close(): void {
    const client = this.#client;
    this.#client = undefined;
    void client?.then(
      (built) => built.destroy(),
      () => undefined, // Who asked for it has heard why it could not be built.
    );
  }

  get #isPathStyle(): boolean {
    return this.#options.pathStyle ?? this.#options.endpoint !== undefined;
  }

  /** Whether S3 names a region other than the one it was asked in, which is ours from now on. */
  #follow(asked: string | undefined, { bucketRegion }: Symptoms): boolean {
    if (bucketRegion === undefined || !REGION.test(bucketRegion)) return false;
    if (bucketRegion === asked) return false;
    this.#region = bucketRegion;
    return true;
  }

  /** Whether there may be other credentials by now than those that were refused. */
  async #renew(client: S3Client, used: Identity | undefined, symptoms: Symptoms): Promise<boolean> {
    const { s3Code, status } = symptoms;
    const saysSo = s3Code !== undefined && CREDENTIAL_CODES.has(s3Code);
    const maySayMore = status === 403 && (s3Code === undefined || s3Code === "AccessDenied");
    if (used === undefined || (!saysSo && !maySayMore)) return false;
    const isRecent = Date.now() - this.#renewedAt < this.patience.renewalPauseMs;
    try {
      // Another request, or the approaching end of their validity, has renewed them meanwhile.
      if ((await client.config.credentials()) !== used) return true;
      // What is not allowed stays so: asking anew for each such request would wear out the provider.
      if (!saysSo && isRecent) return false;
      await (this.#renewal ??= this.#renewedBy(client));
      return true;
    } catch {
      return false; // Then the refusal by S3 is what the user has to read.
    }
  }

  /** Asks the provider afresh, for all requests that were refused meanwhile. */
  async #renewedBy(client: S3Client): Promise<void> {
    try {
      await client.config.credentials({ forceRefresh: true });
    } finally {
      this.#renewal = undefined;
      this.#renewedAt = Date.now();
    }
  }

  async #build(): Promise<S3Client> {
    // The SDK's own switch for its notice about the age of this Node.js, which users cannot act on.
    process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
    const { endpoint, credentials } = this.#options;
    const { connectionTimeoutMs, idleTimeoutMs, responseTimeoutMs, attempts } = this.patience;
    this.#region ??= await configuredRegion();
    const config: S3ClientConfig & { readonly ignoreCache: boolean } = {
      // Asked before each request, since the bucket may turn out to be elsewhere.
      region: async () => this.#region ?? FIRST_REGION,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(credentials === undefined ? {} : { credentials: staticCredentials(credentials) }),
      // Goes to the default chain, which then reads ~/.aws again whenever it is asked afresh.
      ignoreCache: true,
      logger: SILENT,
      forcePathStyle: this.#isPathStyle,
      maxAttempts: attempts,
      retryStrategy: new PatientRetries(this.patience),
      requestHandler: {
        connectionTimeout: connectionTimeoutMs,
        socketTimeout: idleTimeoutMs,
        requestTimeout: responseTimeoutMs,
        throwOnRequestTimeout: true,
        logger: SILENT,
      },
    };
    return new S3Client(config);
  }
}

/**
 * A signal of its own for each request: the SDK adds several listeners to it, and where one signal
 * covers many requests at a time, Node.js would write a warning to the terminal.
 */
export function abortedBy(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  if (signal === undefined) return {};
  const abortSignal = AbortSignal.any([signal]);
  setMaxListeners(0, abortSignal);
  return { abortSignal };
}

/** What AWS's environment and files on this machine say, as the SDK looks it up. */
async function configuredRegion(): Promise<string> {
  const client = new S3Client({ logger: SILENT });
  try {
    return await client.config.region();
  } catch {
    return FIRST_REGION;
  } finally {
    client.destroy();
  }
}

/** A copy, since the SDK writes notes of its own into the object. */
function staticCredentials(given: S3Credentials): NonNullable<S3ClientConfig["credentials"]> {
  const { accessKeyId, secretAccessKey, sessionToken } = given;
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}
