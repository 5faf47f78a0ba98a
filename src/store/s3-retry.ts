/**
 * How often and when a request to S3 is repeated: for answers that ask for it (5xx, 429, SlowDown), for
 * connections that break and for timeouts, with pauses that grow and differ from client to client.
 * The SDK's own strategy ends after some hundred milliseconds, which a throttled bucket outlasts, and
 * shares one budget between all requests, so that a parallel download uses up what a listing needs.
 */
import type { S3ClientConfig } from "@aws-sdk/client-s3";
import type { S3Patience } from "./s3-options.ts";

type RetryStrategy = Extract<
  NonNullable<S3ClientConfig["retryStrategy"]>,
  { refreshRetryTokenForRetry: unknown }
>;
type RetryToken = Awaited<ReturnType<RetryStrategy["acquireInitialRetryToken"]>>;
type RetryErrorInfo = Parameters<RetryStrategy["refreshRetryTokenForRetry"]>[1];

/** Node.js's codes for a connection that never came about. */
const NOT_CONNECTED: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
]);

/** What a server that lacks the feature answers, however often it is asked. */
const NEVER_BETTER: ReadonlySet<number> = new Set([501, 505]);

/** With our clock, with the one that the refusal tells, and once more should that one be wrong. */
const SKEWED_ATTEMPTS = 3;

/** How far one request has come: the count and the pause are read by the SDK, which waits. */
class Attempted implements RetryToken {
  readonly startedAt: number;
  readonly #count: number;
  readonly #pauseMs: number;

  constructor(startedAt: number, count: number, pauseMs: number) {
    this.startedAt = startedAt;
    this.#count = count;
    this.#pauseMs = pauseMs;
  }

  getRetryCount(): number {
    return this.#count;
  }

  getRetryDelay(): number {
    return this.#pauseMs;
  }
}

export class PatientRetries implements RetryStrategy {
  readonly #patience: S3Patience;
  readonly #random: () => number;
  readonly #now: () => number;

  constructor(patience: S3Patience, random = Math.random, now = Date.now) {
    this.#patience = patience;
    this.#random = random;
    this.#now = now;
  }

  async acquireInitialRetryToken(): Promise<RetryToken> {
    return new Attempted(this.#now(), 0, 0);
  }

  /** Throws where the request is not to be repeated: the SDK then reports the failure itself. */
  async refreshRetryTokenForRetry(token: RetryToken, failure: RetryErrorInfo): Promise<RetryToken> {
    const { retryForMs, longestPauseMs } = this.#patience;
    const attempts = token.getRetryCount() + 1;
    if (!isWorthRepeating(failure) || attempts >= this.#attemptsFor(failure)) throw giveUp();
    const now = this.#now();
    const startedAt = token instanceof Attempted ? token.startedAt : now;
    const askedMs = (failure.retryAfterHint?.getTime() ?? now) - now;
    const pauseMs = Math.max(
      pauseBefore(attempts, this.#firstPauseMs(failure), longestPauseMs, this.#random),
      Math.min(askedMs, longestPauseMs),
    );
    if (now + pauseMs - startedAt > retryForMs) throw giveUp();
    return new Attempted(startedAt, attempts, pauseMs);
  }

  /** There is no budget to give back to. */
  recordSuccess(): void {}

  #attemptsFor({ error }: RetryErrorInfo): number {
    const { attempts, attemptsToConnect } = this.#patience;
    if (isSkewed(error)) return Math.min(attempts, SKEWED_ATTEMPTS);
    const isNoService = NOT_CONNECTED.has(String(codeOf(error))) || isUnreadable(error);
    return isNoService ? Math.min(attempts, attemptsToConnect) : attempts;
  }

  #firstPauseMs({ error, errorType }: RetryErrorInfo): number {
    const { retryPauseMs, throttledPauseMs } = this.#patience;
    // An answer to HEAD has no body and so no SlowDown: its status has to do.
    const isThrottled = errorType === "THROTTLING" || error?.$metadata?.httpStatusCode === 503;
    return isThrottled ? throttledPauseMs : retryPauseMs;
  }
}

/** Half of it certain, half by chance: clients that were refused together do not return together. */
export function pauseBefore(
  attempt: number,
  firstMs: number,
  longestMs: number,
  random: () => number = Math.random,
): number {
  const fullMs = Math.min(firstMs * 2 ** (attempt - 1), longestMs);
  return Math.round(fullMs * (0.5 + random() / 2));
}

function isWorthRepeating({ errorType, error }: RetryErrorInfo): boolean {
  if (errorType === "CLIENT_ERROR") return isUnreadable(error) || isSkewed(error);
  return !NEVER_BETTER.has(error?.$metadata?.httpStatusCode ?? 0);
}

/** A success that is no document: cut short on its way, or not from S3 at all. */
function isUnreadable(error: RetryErrorInfo["error"]): boolean {
  return error?.$metadata?.httpStatusCode === 200;
}

/** The SDK has taken over the clock of whoever answered, which a next answer may correct again. */
function isSkewed(error: RetryErrorInfo["error"]): boolean {
  return error?.name === "RequestTimeTooSkewed";
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null ? Reflect.get(error, "code") : undefined;
}

function giveUp(): Error {
  return new Error("no further attempt");
}
