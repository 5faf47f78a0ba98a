import { setMaxListeners } from "node:events";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { PgError } from "../core/pg-error.ts";
import type { S3Attempt } from "./s3-explanations.ts";

export interface S3StoreOptions {
  readonly bucket: string;
  /** Default: what AWS's default chain finds, else `us-east-1` where there is an endpoint. */
  readonly region?: string | undefined;
  /** Of a service other than AWS, with its scheme. */
  readonly endpoint?: string | undefined;
  /** The bucket in the path rather than in the host name; default: where there is an endpoint. */
  readonly pathStyle?: boolean | undefined;
  /** Default: AWS's own chain, which renews them before they expire. */
  readonly credentials?: S3Credentials | undefined;
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
  /** Of one request, for answers such as 503 and for connections that fail. */
  readonly attempts: number;
  /** How often in a row a body may break off without progress in between. */
  readonly resumptions: number;
  /** Before the first resumption; doubled for each further one. */
  readonly resumptionPauseMs: number;
}

export const DEFAULT_PATIENCE: S3Patience = {
  connectionTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
  responseTimeoutMs: 60_000,
  attempts: 5,
  resumptions: 5,
  resumptionPauseMs: 200,
};

/** What services other than AWS call their one region. */
const REGION_BEHIND_AN_ENDPOINT = "us-east-1";

/** The SDK would write its warnings to the terminal. */
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** The SDK's client of one store, built at the first request. */
export class S3Connection {
  readonly bucket: string;
  readonly patience: S3Patience;
  readonly #store: string;
  readonly #options: S3StoreOptions;
  #region: string | undefined;
  #client: Promise<S3Client> | undefined;

  constructor(store: string, options: S3StoreOptions, patience: S3Patience) {
    if (options.endpoint !== undefined) checkEndpoint(store, options.endpoint);
    this.bucket = options.bucket;
    this.patience = patience;
    this.#store = store;
    this.#options = options;
    this.#region = options.region;
  }

  /** For messages: what is being done, and with which settings. */
  attempt(action: S3Attempt["action"]): S3Attempt {
    return {
      store: this.#store,
      bucket: this.bucket,
      region: this.#region,
      endpoint: this.#options.endpoint,
      staticCredentials: this.#options.credentials !== undefined,
      action,
    };
  }

  /** A failure is not kept: what was missing around us may be there at the next request. */
  client(): Promise<S3Client> {
    this.#client ??= this.#build().catch((error: unknown) => {
      this.#client = undefined;
      throw error;
    });
    return this.#client;
  }

  close(): void {
    const client = this.#client;
    this.#client = undefined;
    void client?.then(
      (built) => built.destroy(),
      () => undefined, // Who asked for it has heard why it could not be built.
    );
  }

  async #build(): Promise<S3Client> {
    const config = this.#config();
    const client = new S3Client(config);
    try {
      this.#region = await client.config.region();
      return client;
    } catch (cause) {
      client.destroy();
      if (this.#options.endpoint === undefined) {
        throw new PgError("config_file_error", `no region is known for store "${this.#store}"`, {
          hint: `Set "region" of store "${this.#store}", or AWS_REGION.`,
          cause,
        });
      }
      this.#region = REGION_BEHIND_AN_ENDPOINT;
      return new S3Client({ ...config, region: this.#region });
    }
  }

  #config(): S3ClientConfig {
    // The SDK's own switch for its notice about the age of this Node.js, which users cannot act on.
    process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
    const { region, endpoint, pathStyle, credentials } = this.#options;
    const { connectionTimeoutMs, idleTimeoutMs, responseTimeoutMs, attempts } = this.patience;
    return {
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(credentials === undefined ? {} : { credentials: staticCredentials(credentials) }),
      forcePathStyle: pathStyle ?? endpoint !== undefined,
      maxAttempts: attempts,
      requestHandler: {
        connectionTimeout: connectionTimeoutMs,
        socketTimeout: idleTimeoutMs,
        requestTimeout: responseTimeoutMs,
        throwOnRequestTimeout: true,
        logger: SILENT,
      },
    };
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

/** A copy, since the SDK writes notes of its own into the object. */
function staticCredentials(given: S3Credentials): NonNullable<S3ClientConfig["credentials"]> {
  const { accessKeyId, secretAccessKey, sessionToken } = given;
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
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
