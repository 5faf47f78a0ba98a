/**
 * Claims keep gateways that share a cache from building the same entry at the same time. They save
 * work and nothing depends on them: wherever a claim cannot be made, or is taken from an owner who
 * lives after all, the entry is built twice and both files are right.
 */
import { readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { ownerName, ownerState } from "./owner.ts";

/** Given up when it is disposed of. */
export type Claim = AsyncDisposable;

export interface ClaimTiming {
  /** How often an owner shows that it lives. */
  readonly heartbeatMs: number;
  /** An owner that has not shown itself for so long, while we watched, is taken for dead. */
  readonly silenceMs: number;
  readonly pollMs: number;
}

export const CLAIM_TIMING: ClaimTiming = { heartbeatMs: 5_000, silenceMs: 30_000, pollMs: 100 };

/**
 * Waits until the entry is built or may be built by the caller. `find` looks for the entry, and is
 * asked again whenever a claim ended. `path` is that of the claim's own file, in a directory that
 * exists.
 */
export async function claimOrFind<Found>(
  path: string,
  find: () => Promise<Found | undefined>,
  { timing, signal }: { readonly timing: ClaimTiming; readonly signal: AbortSignal },
): Promise<{ readonly claim: Claim } | { readonly found: Found }> {
  const silence = new SilenceWatch(timing.silenceMs);
  for (;;) {
    signal.throwIfAborted();
    const claim = await take(path, timing);
    if (claim !== undefined) {
      // Whoever had it before may have just finished.
      const found = await find();
      if (found === undefined) return { claim };
      await claim[Symbol.asyncDispose]();
      return { found };
    }
    const held = (await readClaim(path)) ?? NOBODY;
    if (ownerState(held.owner) !== "gone" && !silence.isLong(held)) {
      await pause(timing.pollMs, signal);
    } else if (!(await remove(path, held.owner))) {
      // A claim that cannot be removed, on a read-only disk, must not stop anybody.
      return { claim: UNCLAIMED };
    }
  }
}

const UNCLAIMED: Claim = { [Symbol.asyncDispose]: async () => undefined };

/** Removes the claim of an owner that is known to be dead; for those that nobody waits for. */
export async function removeDeadClaim(path: string): Promise<void> {
  const held = await readClaim(path);
  if (held !== undefined && ownerState(held.owner) === "gone") await remove(path, held.owner);
}

interface Held {
  readonly owner: string;
  readonly beatMs: number;
}

/** Of a claim that cannot be read: given up a moment ago, or damaged. */
const NOBODY: Held = { owner: "", beatMs: 0 };

/** Measures by our own clock: the clock of another machine may be minutes away. */
class SilenceWatch {
  readonly #limitMs: number;
  #last: Held | undefined;
  #sinceMs = 0;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  isLong(held: Held): boolean {
    const now = performance.now();
    if (this.#last?.owner !== held.owner || this.#last.beatMs !== held.beatMs) {
      this.#last = held;
      this.#sinceMs = now;
    }
    return now - this.#sinceMs > this.#limitMs;
  }
}

/** Undefined where somebody else has it. */
async function take(path: string, { heartbeatMs }: ClaimTiming): Promise<Claim | undefined> {
  const owner = ownerName();
  try {
    await writeFile(path, owner, { flag: "wx" });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return undefined;
    // A full or read-only disk. The build will say so, or get by without.
    await rm(path, { force: true }).catch(() => undefined);
    return UNCLAIMED;
  }
  const beat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, heartbeatMs);
  beat.unref();
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(beat);
      // By now it may be that of somebody who took us for dead.
      const held = await readClaim(path);
      if (held?.owner === owner) await rm(path, { force: true }).catch(() => undefined);
    },
  };
}

async function readClaim(path: string): Promise<Held | undefined> {
  try {
    const [owner, { mtimeMs }] = [await readFile(path, "utf8"), await stat(path)];
    return { owner, beatMs: mtimeMs };
  } catch {
    return undefined;
  }
}

/** Moved away first: of several who take it for dead only one gets it, and can see what it got. */
async function remove(path: string, owner: string): Promise<boolean> {
  const moved = `${path}.${ownerName()}`;
  try {
    await rename(path, moved);
    const held = await readClaim(moved);
    // Somebody was faster and has claimed it anew: it gets its claim back.
    if (held !== undefined && held.owner !== owner) await rename(moved, path);
    else await rm(moved, { force: true, recursive: true });
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT";
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    signal.throwIfAborted();
  }
}
