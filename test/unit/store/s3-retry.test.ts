/** What is tried again, how often and how late. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { ObjectKey } from "../../../src/core/brands.ts";
import { DEFAULT_PATIENCE } from "../../../src/store/s3-options.ts";
import { PatientRetries, pauseBefore } from "../../../src/store/s3-retry.ts";
import type { Fault } from "../../support/s3-server/faults.ts";
import { failureOf, SHORT_WAITS, startS3Store } from "../../support/s3-store-fixture.ts";
import { contentOf, keysOf } from "../../support/store-behaviour.ts";

const KEY = "orders.csv" as ObjectKey;
const OBJECTS = { [KEY]: "x" };

const FAULTS: readonly (readonly [string, Fault])[] = [
  ["SlowDown", { fault: "error", code: "SlowDown" }],
  ["InternalError", { fault: "error", code: "InternalError" }],
  ["status 429", { fault: "odd error", status: 429, code: "Busy", message: "" }],
  ["status 502 with a web page", { fault: "html", status: 502, page: "<html>Bad gateway" }],
  ["status 520", { fault: "odd error", status: 520, code: "Odd", message: "" }],
  ["a connection that breaks before the answer", { fault: "cut", afterBytes: 0 }],
];

test.each(FAULTS)("%s that ends is not noticed by get, head and list", async (_, fault) => {
  await using fixture = await startS3Store(OBJECTS, { patience: { attempts: 4 } });
  const { store, s3 } = fixture;

  s3.faults.next({ ...fault, times: 3 });
  expect(await contentOf(store, KEY)).toBe("x");
  s3.faults.next({ ...fault, times: 3 });
  expect(await store.head(KEY)).toMatchObject({ sizeBytes: 1 });
  s3.faults.next({ ...fault, times: 3 });
  expect(await keysOf(store, "")).toEqual([KEY]);

  expect(s3.requests).toHaveLength(12);
});

test.each<[string, Fault]>([
  ["breaks off", { fault: "cut", afterBytes: 200 }],
  ["stands still", { fault: "stall", afterBytes: 200 }],
  ["ends too early, in good order", { fault: "wrong length", bytes: 200 }],
])("a listing that %s is asked for again, and never taken for whole", async (_, fault) => {
  const keys = Array.from({ length: 10 }, (__, index) => `k${index}`);
  await using fixture = await startS3Store(Object.fromEntries(keys.map((key) => [key, "x"])), {
    patience: { ...SHORT_WAITS, attempts: 3, attemptsToConnect: 2 },
  });
  fixture.s3.faults.next(fault);

  expect(await keysOf(fixture.store, "")).toEqual(keys);
  expect(fixture.s3.requests).toHaveLength(2);
});

test("a listing that stays cut short is an error, and never taken for whole", async () => {
  await using fixture = await startS3Store(OBJECTS);
  const cut = { fault: "wrong length", bytes: 200, times: Number.POSITIVE_INFINITY } as const;
  fixture.s3.faults.next(cut);

  expect(await failureOf(keysOf(fixture.store, ""))).toMatchObject({
    sqlstate: "58030",
    message: expect.stringMatching(/: the answer of S3 is cut short or cannot be read$/),
  });
});

test("what a server lacks is asked for once only", async () => {
  await using fixture = await startS3Store(OBJECTS, { patience: { attempts: 5 } });
  fixture.s3.faults.next({ fault: "odd error", status: 501, code: "NotImplemented", message: "" });

  await failureOf(contentOf(fixture.store, KEY));

  expect(fixture.s3.requests).toHaveLength(1);
});

test("a failure that stays is told after the attempts that there are", async () => {
  await using fixture = await startS3Store(OBJECTS, { patience: { attempts: 4 } });
  fixture.s3.faults.next({ fault: "error", code: "SlowDown", times: Number.POSITIVE_INFINITY });

  expect(await failureOf(keysOf(fixture.store, ""))).toMatchObject({ sqlstate: "58030" });

  expect(fixture.s3.requests).toHaveLength(4);
});

test("many failing requests leave a listing its own attempts", async () => {
  await using fixture = await startS3Store(OBJECTS, { patience: { attempts: 8 } });
  fixture.s3.faults.next({
    fault: "error",
    code: "InternalError",
    operation: "GetObject",
    times: Number.POSITIVE_INFINITY,
  });
  await Promise.all(Array.from({ length: 20 }, () => failureOf(contentOf(fixture.store, KEY))));
  fixture.s3.faults.next({ fault: "error", code: "InternalError", times: 7, key: "" });

  expect(await keysOf(fixture.store, "")).toEqual([KEY]);
});

test("a wrong clock is corrected by that of the server", async () => {
  const clockAheadMs = 3 * 3_600_000;
  await using fixture = await startS3Store(OBJECTS, { server: { clockAheadMs } });

  expect(await contentOf(fixture.store, KEY)).toBe("x");
  expect(await keysOf(fixture.store, "")).toEqual([KEY]);
  expect(await fixture.store.head(KEY)).toMatchObject({ sizeBytes: 1 });

  expect(fixture.s3.requests).toHaveLength(4);
});

test("a clock that stays wrong is told", async () => {
  await using fixture = await startS3Store(OBJECTS, { patience: { attempts: 8 } });
  fixture.s3.faults.next({
    fault: "error",
    code: "RequestTimeTooSkewed",
    times: Number.POSITIVE_INFINITY,
  });

  expect(await failureOf(contentOf(fixture.store, KEY))).toMatchObject({ sqlstate: "58000" });
  expect(fixture.s3.requests).toHaveLength(3);
});

test("one answer with a wrong clock does no lasting harm", async () => {
  await using fixture = await startS3Store(OBJECTS, {
    patience: { attempts: 3 },
  });
  const headers = { date: new Date(Date.now() + 3 * 3_600_000).toUTCString() };
  fixture.s3.faults.next({ fault: "error", code: "RequestTimeTooSkewed", headers });

  expect(await contentOf(fixture.store, KEY)).toBe("x");
  // The second attempt was sent by that wrong clock, and its refusal corrected it.
  expect(fixture.s3.requests).toHaveLength(3);
});

test("pauses double up to the longest, and half of each is by chance", () => {
  const chance = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), chance, (attempt, random) => {
      const fullMs = Math.min(200 * 2 ** (attempt - 1), 10_000);
      const pauseMs = pauseBefore(attempt, 200, 10_000, () => random);
      expect(pauseMs).toBeGreaterThanOrEqual(Math.floor(fullMs / 2));
      expect(pauseMs).toBeLessThanOrEqual(fullMs);
    }),
  );
});

test("a burst of SlowDown is waited out for 45 seconds at most", async () => {
  expect(await pausesOf({ errorType: "THROTTLING" }, 1)).toEqual([
    1000, 2000, 4000, 8000, 10_000, 10_000, 10_000,
  ]);
});

test("a connection that cannot be made is given up soon: the settings may be wrong", async () => {
  const error = { name: "Error", message: "", code: "ECONNREFUSED" };

  expect(await pausesOf({ errorType: "TRANSIENT", error }, 1)).toEqual([200, 400]);
});

test("no attempt begins after the time is over, however slow each one was", async () => {
  let nowMs = 0;
  const retries = new PatientRetries(
    DEFAULT_PATIENCE,
    () => 1,
    () => nowMs,
  );
  const first = await retries.acquireInitialRetryToken();
  nowMs = 60_000;
  const second = await retries.refreshRetryTokenForRetry(first, { errorType: "TRANSIENT" });
  nowMs = 120_000;

  await expect(
    retries.refreshRetryTokenForRetry(second, { errorType: "TRANSIENT" }),
  ).rejects.toThrow("no further attempt");
});

test("a server that says when to come back is heard, within limits", async () => {
  const inMs = (ms: number) => new Date(Date.now() + ms);
  const throttled = { errorType: "THROTTLING" } as const;

  const [asked] = await pausesOf({ ...throttled, retryAfterHint: inMs(5000) }, 0);
  const [tooLong] = await pausesOf({ ...throttled, retryAfterHint: inMs(500_000) }, 0);

  expect(asked).toBeGreaterThan(4000);
  expect(tooLong).toBe(10_000);
});

type Failure = Parameters<PatientRetries["refreshRetryTokenForRetry"]>[1];

/** All pauses that one request makes whose failure stays the same. */
async function pausesOf(failure: Failure, random: number): Promise<number[]> {
  const retries = new PatientRetries(DEFAULT_PATIENCE, () => random);
  const pauses: number[] = [];
  let token = await retries.acquireInitialRetryToken();
  for (;;) {
    try {
      token = await retries.refreshRetryTokenForRetry(token, failure);
    } catch {
      return pauses;
    }
    pauses.push(token.getRetryDelay());
  }
}
