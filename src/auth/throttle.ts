import { createHash } from "node:crypto";
import { isIPv6 } from "node:net";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";

interface Policy {
  /** Failures that cost nothing: people mistype, and pools open several connections at once. */
  readonly free: number;
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
}

/** One role from one address: a password being guessed, or an old one in a program's settings. */
const PAIR: Policy = { free: 5, firstWaitMs: 1_000, longestWaitMs: 60_000 };

/**
 * One address with whatever roles. It is milder, because behind a balancer or a NAT an address is
 * many people. A role alone is no key: whoever knows a name could lock its owner out.
 */
const ADDRESS: Policy = { free: 30, firstWaitMs: 250, longestWaitMs: 5_000 };

/** After so long without a failure all is forgiven. */
const FORGET_AFTER_MS = 15 * 60_000;

interface Failures {
  readonly count: number;
  readonly lastAtMs: number;
  readonly policy: Policy;
}

export type Admission =
  | { readonly outcome: "admitted" }
  | { readonly outcome: "refused"; readonly retryAfterMs: number };

/** Failed logins, by address and role: each one too many doubles the wait for the next attempt. */
export class LoginThrottle {
  readonly #nowMs: () => number;
  readonly #capacity: number;
  /** Oldest failure first, so that the bound drops what matters least. */
  readonly #failures = new Map<string, Failures>();

  /** The clock must not jump back: `performance.now` rather than `Date.now`. */
  constructor({
    nowMs = () => performance.now(),
    capacity = LIMITS.throttledLogins,
  }: { readonly nowMs?: () => number; readonly capacity?: number } = {}) {
    this.#nowMs = nowMs;
    this.#capacity = capacity;
  }

  /** To be asked before any work is done for a login. */
  admission(address: string, role: string): Admission {
    const waits = keys(address, role).map(([key]) => this.#waitMs(this.#failures.get(key)));
    const retryAfterMs = Math.max(...waits);
    return retryAfterMs > 0 ? { outcome: "refused", retryAfterMs } : { outcome: "admitted" };
  }

  failed(address: string, role: string): void {
    for (const [key, policy] of keys(address, role)) {
      const before = this.#failures.get(key);
      this.#failures.delete(key);
      const count = before === undefined || this.#isForgotten(before) ? 0 : before.count;
      this.#failures.set(key, { count: count + 1, lastAtMs: this.#nowMs(), policy });
    }
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size <= this.#capacity) break;
      this.#failures.delete(oldest);
    }
  }

  /** Forgives the role at this address; what else was tried from there still counts. */
  succeeded(address: string, role: string): void {
    this.#failures.delete(pairKey(address, role));
  }

  /** How many addresses and pairs are remembered. */
  get size(): number {
    return this.#failures.size;
  }

  #waitMs(failures: Failures | undefined): number {
    if (failures === undefined || this.#isForgotten(failures)) return 0;
    const { count, lastAtMs, policy } = failures;
    const excess = count - policy.free;
    if (excess <= 0) return 0;
    const wait = Math.min(policy.firstWaitMs * 2 ** (excess - 1), policy.longestWaitMs);
    return Math.max(0, lastAtMs + wait - this.#nowMs());
  }

  #isForgotten(failures: Failures): boolean {
    return this.#nowMs() - failures.lastAtMs > FORGET_AFTER_MS;
  }
}

/** What a client hears that must wait; unknown roles hear the same. */
export function tooManyFailures(role: string, retryAfterMs: number): PgError {
  return new PgError(
    "invalid_authorization_specification",
    `too many failed logins for user "${role}" from this address`,
    { hint: `Try again in ${Math.ceil(retryAfterMs / 1000)} s.`, severity: "FATAL" },
  );
}

function keys(address: string, role: string): readonly (readonly [string, Policy])[] {
  return [
    [pairKey(address, role), PAIR],
    [networkOf(address), ADDRESS],
  ];
}

/** A role's name is the client's own words: what is remembered of a long one is its hash. */
function pairKey(address: string, role: string): string {
  const known =
    role.length <= LIMITS.identifierBytes ? role : createHash("sha256").update(role).digest("hex");
  return `${networkOf(address)} ${known}`;
}

/**
 * The unit in which addresses are handed out: an IPv4 address, or an IPv6 network of 64 bits, of
 * which every host has as many addresses as it likes.
 */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:([0-9.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail = ""] = (address.split("%")[0] ?? "").toLowerCase().split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0");
  return `${[...before, ...zeros, ...after].slice(0, 4).join(":")}::/64`;
}
