import * as fc from "fast-check";
import { expect, test } from "vitest";
import { LoginThrottle, networkOf, tooManyFailures } from "../../../src/auth/throttle.ts";

const HERE = "192.0.2.1";
const THERE = "192.0.2.2";

function throttleAt(start = 0, capacity?: number) {
  const clock = { nowMs: start };
  const nowMs = () => clock.nowMs;
  const throttle = new LoginThrottle(capacity === undefined ? { nowMs } : { nowMs, capacity });
  return { clock, throttle };
}

function fail(throttle: LoginThrottle, times: number, address = HERE, role = "ana") {
  for (let done = 0; done < times; done += 1) throttle.failed(address, role);
}

test("a few failures cost nothing", () => {
  const { throttle } = throttleAt();
  fail(throttle, 5);

  expect(throttle.admission(HERE, "ana")).toEqual({ outcome: "admitted" });
});

test("from then on each failure doubles the wait, up to a minute", () => {
  const { throttle } = throttleAt();
  fail(throttle, 5);

  const waits = Array.from({ length: 9 }, () => {
    throttle.failed(HERE, "ana");
    const admission = throttle.admission(HERE, "ana");
    return admission.outcome === "refused" ? admission.retryAfterMs : 0;
  });

  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1000));
});

test("after the wait the next attempt is let in", () => {
  const { clock, throttle } = throttleAt();
  fail(throttle, 6);

  clock.nowMs = 999;
  expect(throttle.admission(HERE, "ana")).toEqual({ outcome: "refused", retryAfterMs: 1 });
  clock.nowMs = 1000;
  expect(throttle.admission(HERE, "ana")).toEqual({ outcome: "admitted" });
});

test("others are not made to wait: not the role elsewhere, not other roles here", () => {
  const { throttle } = throttleAt();
  fail(throttle, 10);

  expect(throttle.admission(THERE, "ana")).toEqual({ outcome: "admitted" });
  expect(throttle.admission(HERE, "bob")).toEqual({ outcome: "admitted" });
});

test("an address that tries many roles waits for each of them, five seconds at most", () => {
  const { throttle } = throttleAt();
  for (let role = 0; role < 100; role += 1) throttle.failed(HERE, `role${role}`);

  expect(throttle.admission(HERE, "ana")).toEqual({ outcome: "refused", retryAfterMs: 5000 });
  expect(throttle.admission(THERE, "ana")).toEqual({ outcome: "admitted" });
});

test("a success forgives the role", () => {
  const { throttle } = throttleAt();
  fail(throttle, 6);
  throttle.succeeded(HERE, "ana");

  expect(throttle.admission(HERE, "ana")).toEqual({ outcome: "admitted" });
});

test("after a quarter of an hour without failures all is forgotten", () => {
  const { clock, throttle } = throttleAt();
  fail(throttle, 20);

  clock.nowMs = 15 * 60_000 + 1;
  fail(throttle, 1);

  expect(throttle.admission(HERE, "ana")).toEqual({ outcome: "admitted" });
});

test("it remembers no more than its capacity, and forgets the oldest first", () => {
  const { throttle } = throttleAt(0, 10);
  fail(throttle, 6);
  fail(throttle, 6, THERE);
  for (let host = 0; host < 100; host += 1) {
    throttle.failed(`198.51.100.${host}`, "bob");
    fail(throttle, 1, THERE);
  }

  expect(throttle.size).toBe(10);
  expect(throttle.admission(THERE, "ana").outcome).toBe("refused");
  expect(throttle.admission(HERE, "ana")).toEqual({ outcome: "admitted" });
});

test("the wait never exceeds a minute and never falls with another failure", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), (failures) => {
      const { throttle } = throttleAt();
      fail(throttle, failures);
      const wait = () => {
        const admission = throttle.admission(HERE, "ana");
        return admission.outcome === "refused" ? admission.retryAfterMs : 0;
      };
      const before = wait();
      throttle.failed(HERE, "ana");
      expect(wait()).toBeGreaterThanOrEqual(before);
      expect(wait()).toBeLessThanOrEqual(60_000);
    }),
    { numRuns: 50 },
  );
});

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:DB8:1:2::9", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
])("%s belongs to %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test("who must wait hears for how long, rounded up", () => {
  expect(tooManyFailures("ana", 1001)).toMatchObject({
    sqlstate: "28000",
    severity: "FATAL",
    hint: "Try again in 2 s.",
  });
});
