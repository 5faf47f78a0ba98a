import { expect } from "vitest";
import type { PgError } from "../../src/core/pg-error.ts";
import type { S3Patience, S3StoreOptions } from "../../src/store/s3-options.ts";
import { S3Store } from "../../src/store/s3-store.ts";
import { type S3Server, type S3ServerOptions, startS3Server } from "./s3-server/s3-server.ts";

export interface S3Fixture extends AsyncDisposable {
  readonly s3: S3Server;
  readonly store: S3Store;
  put(key: string, body: string | Buffer): Promise<void>;
}

/**
 * Few attempts without long pauses. The waits stay long, so that a busy machine changes nothing; a
 * test of a server that stops shortens them with SHORT_WAITS.
 */
export const IMPATIENT: S3Patience = {
  connectionTimeoutMs: 20_000,
  idleTimeoutMs: 20_000,
  responseTimeoutMs: 20_000,
  attempts: 2,
  attemptsToConnect: 1,
  retryForMs: 20_000,
  retryPauseMs: 1,
  throttledPauseMs: 2,
  longestPauseMs: 20,
  resumptions: 3,
  renewalPauseMs: 60_000,
};

export const ONE_ATTEMPT: S3Patience = { ...IMPATIENT, attempts: 1 };

export const SHORT_WAITS = { idleTimeoutMs: 200, responseTimeoutMs: 400 } as const;

/** The store `lake` over the bucket `acme-data` of a stand-in of its own. */
export async function startS3Store(
  objects: Readonly<Record<string, string | Buffer>> = {},
  options: {
    readonly server?: S3ServerOptions;
    readonly store?: Partial<S3StoreOptions>;
    readonly patience?: Partial<S3Patience>;
  } = {},
): Promise<S3Fixture> {
  const s3 = await startS3Server({ buckets: { "acme-data": objects }, ...options.server });
  const { endpoint, region, credentials } = s3;
  const store = new S3Store(
    "lake",
    { bucket: "acme-data", endpoint, region, credentials, ...options.store },
    { ...IMPATIENT, ...options.patience },
  );
  return {
    s3,
    store,
    put: async (key, body) => void s3.put("acme-data", key, body),
    [Symbol.asyncDispose]: async () => {
      store.close();
      await s3[Symbol.asyncDispose]();
    },
  };
}

/** What the user reads of a failure. */
export interface Told {
  readonly sqlstate: string;
  readonly message: string;
  readonly hint: string;
}

export function toldBy({ sqlstate, message, hint }: PgError): Told {
  return { sqlstate, message, hint: hint ?? "" };
}

export async function failureOf(promise: Promise<unknown>): Promise<PgError> {
  const error = await promise.then(
    () => expect.unreachable("it did not fail"),
    (failure: unknown) => failure,
  );
  expect(error).toMatchObject({ name: "PgError" });
  return error as PgError; // Its name was just looked at.
}
