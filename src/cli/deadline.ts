import { PgError } from "../core/pg-error.ts";
import { formatDuration } from "../core/units.ts";

/** A store that does not answer within this is one that does not answer. */
export const STORE_TIMEOUT_MS = 30_000;

/** Aborts what is not done in time, with an error that says so. */
export function deadlineOf(ms: number): Disposable & { readonly signal: AbortSignal } {
  const abort = new AbortController();
  const timer = setTimeout(() => {
    abort.abort(new PgError("query_canceled", `not answered within ${formatDuration(ms)}`));
  }, ms);
  return { signal: abort.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}
