import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { CopyInRequest, CopyInSource } from "./engine.ts";
import type { DownFrame, UpFrame } from "./frames.ts";

/** What this side of one request may do with its engine process. */
export interface CopyInLine {
  send(frame: DownFrame): void;
  sendPage(page: Buffer): void;
  /** From now on frames go to `receive`; `lost` ends it when the process does. */
  attach(receive: (frame: UpFrame) => void, lost: (error: PgError) => void): void;
  detach(): void;
  /** Ends the process if it has not answered in time. */
  watch(settled: AbortSignal): void;
}

/**
 * Sends what the client sends to the engine, unread, and never more of it ahead than the engine has
 * given credit for. Whatever ends the data before their time (CopyFail, a cancel, a client that has
 * left) is told to the engine, whose answer says up to which line it had come.
 */
export async function sendCopyIn(
  request: CopyInRequest,
  source: CopyInSource,
  signal: AbortSignal,
  line: CopyInLine,
): Promise<number> {
  const settled = new AbortController();
  let creditBytes: number = LIMITS.copyInCreditBytes;
  let creditArrived: (() => void) | undefined;
  let data: AsyncIterator<Buffer> | undefined;
  /** All of it: what is left to do is the engine's. */
  let isSent = false;

  const pump = async (columnCount: number): Promise<void> => {
    data = source(columnCount)[Symbol.asyncIterator]();
    for (let next = await data.next(); next.done !== true; next = await data.next()) {
      for (let at = 0; at < next.value.length; at += LIMITS.pageBytes) {
        const page = next.value.subarray(at, at + LIMITS.pageBytes);
        line.sendPage(page);
        creditBytes -= page.length;
        if (creditBytes > 0) continue;
        await new Promise<void>((resolve) => {
          creditArrived = resolve;
        });
        if (settled.signal.aborted) return;
        signal.throwIfAborted();
      }
    }
    isSent = true;
    line.send({ type: "copy-done" });
  };

  const abort = (): void => {
    line.watch(settled.signal);
    creditArrived?.();
    // While there are no data that end with the signal, nothing else ends the request.
    if (data === undefined) line.send({ type: "copy-fail", error: fieldsOf(signal.reason) });
    else if (isSent) line.send({ type: "interrupt" });
  };

  try {
    signal.throwIfAborted();
    return await new Promise<number>((resolve, reject) => {
      signal.addEventListener("abort", abort, { once: true });
      line.attach((frame) => {
        switch (frame.type) {
          case "copy-ready":
            pump(frame.columnCount).catch((error: unknown) => {
              if (settled.signal.aborted) return;
              if (!(error instanceof PgError)) reject(error);
              line.send({ type: "copy-fail", error: fieldsOf(error) });
            });
            return;
          case "credit":
            creditBytes += frame.bytes;
            if (creditBytes > 0) creditArrived?.();
            return;
          case "complete":
            resolve(frame.rows);
            return;
          case "failed":
            reject(isSent && signal.aborted ? signal.reason : PgError.fromFields(frame.error));
            return;
          case "result":
          case "fields":
          case "suspended":
            reject(new Error(`a COPY was answered with ${frame.type}`));
            return;
        }
      }, reject);
      line.send({ type: "copy-in", request });
    });
  } finally {
    settled.abort();
    signal.removeEventListener("abort", abort);
    line.detach();
    creditArrived?.();
  }
}

function fieldsOf(error: unknown): ReturnType<PgError["toFields"]> {
  const known =
    error instanceof PgError ? error : new PgError("internal_error", "the data of a COPY failed");
  return known.toFields();
}
