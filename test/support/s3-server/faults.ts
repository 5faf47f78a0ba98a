import type { ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import { unreachable } from "../../../src/core/assert.ts";
import type { Answer, S3ErrorCode } from "./answers.ts";

export type Operation =
  | "ListObjectsV2"
  | "GetObject"
  | "HeadObject"
  | "PutObject"
  | "DeleteObject"
  | "CreateBucket";

/** What goes wrong with one request. */
export type Fault =
  | {
      readonly fault: "error";
      readonly code: S3ErrorCode;
      readonly headers?: Record<string, string>;
      readonly elements?: Record<string, string>;
    }
  /** A code and a status that no table of ours knows. */
  | {
      readonly fault: "odd error";
      readonly code: string;
      readonly status: number;
      readonly message: string;
    }
  /** A page that a proxy put in the place of the answer. */
  | { readonly fault: "html"; readonly status: number; readonly page: string }
  /** The connection breaks after so many bytes of the body; 0 is before the headers. */
  | { readonly fault: "cut"; readonly afterBytes: number }
  /** Nothing more comes after so many bytes of the body; 0 is not even headers. */
  | { readonly fault: "stall"; readonly afterBytes: number }
  /** A chunked body of so many bytes, more or fewer than it should have, that ends in good order. */
  | { readonly fault: "wrong length"; readonly bytes: number }
  /** The last byte of the body is another, under the headers of the right one. */
  | { readonly fault: "flipped bit" }
  /** The object gets this content just before the request is answered. */
  | { readonly fault: "overwrite"; readonly body: string | Buffer }
  /** The object is deleted just before the request is answered. */
  | { readonly fault: "delete" }
  /** These request headers are not looked at. */
  | { readonly fault: "ignore"; readonly headers: readonly ("range" | "if-match")[] }
  /** A listing starts again from its beginning, whatever page was asked for. */
  | { readonly fault: "repeat page" }
  /** These response headers are left out. */
  | { readonly fault: "withhold"; readonly headers: readonly string[] }
  /** Latency before the first byte, then a piece at a time. */
  | {
      readonly fault: "slow";
      readonly firstByteMs: number;
      readonly pieceBytes: number;
      readonly everyMs: number;
    };

export interface FaultScope {
  readonly operation?: Operation;
  readonly key?: string;
  /** How many requests that fit pass unharmed first; none by default. */
  readonly skip?: number;
  /** How many requests it hits; one by default. */
  readonly times?: number;
}

interface Scripted {
  readonly fault: Fault & FaultScope;
  skip: number;
  times: number;
}

/** The script: which of the coming requests go wrong, and how. */
export class Faults {
  readonly #scripted: Scripted[] = [];

  next(fault: Fault & FaultScope): void {
    this.#scripted.push({ fault, skip: fault.skip ?? 0, times: fault.times ?? 1 });
  }

  clear(): void {
    this.#scripted.length = 0;
  }

  /** The fault for a request: of those that fit, the one that was scripted first. */
  take(operation: Operation, key: string): Fault | undefined {
    for (const scripted of this.#scripted) {
      const { fault } = scripted;
      if (fault.operation !== undefined && fault.operation !== operation) continue;
      if (fault.key !== undefined && fault.key !== key) continue;
      if (scripted.skip > 0) {
        scripted.skip -= 1;
        continue;
      }
      if (scripted.times === 0) continue;
      scripted.times -= 1;
      return fault;
    }
    return undefined;
  }
}

/** Sends an answer as the fault wants it; the ones that only change the answer are done by then. */
export function send(
  to: ServerResponse,
  answer: Answer,
  fault: Fault | undefined,
  signal: AbortSignal,
): void {
  const { status, body } = answer;
  const length = { "content-length": String(body.length) };
  switch (fault?.fault) {
    case "cut":
      if (fault.afterBytes === 0) {
        to.destroy();
        return;
      }
      to.writeHead(status, { ...length, ...answer.headers });
      to.write(body.subarray(0, fault.afterBytes), () => to.destroy());
      return;
    case "stall":
      if (fault.afterBytes === 0) return;
      to.writeHead(status, { ...length, ...answer.headers });
      to.write(body.subarray(0, fault.afterBytes));
      return;
    case "wrong length": {
      const { "content-length": _, ...headers } = answer.headers;
      to.writeHead(status, headers);
      const padding = Buffer.alloc(Math.max(0, fault.bytes - body.length), "x");
      to.write(body.subarray(0, fault.bytes));
      to.end(padding);
      return;
    }
    case "flipped bit": {
      const damaged = Buffer.from(body);
      damaged.writeUInt8(damaged.readUInt8(body.length - 1) ^ 1, body.length - 1);
      to.writeHead(status, { ...length, ...answer.headers }).end(damaged);
      return;
    }
    case "slow":
      void sendSlowly(to, answer, fault, signal);
      return;
    case undefined:
    case "error":
    case "odd error":
    case "html":
    case "overwrite":
    case "delete":
    case "ignore":
    case "repeat page":
    case "withhold":
      to.writeHead(status, { ...length, ...answer.headers }).end(body);
      return;
    default:
      unreachable(fault);
  }
}

async function sendSlowly(
  to: ServerResponse,
  { status, headers, body }: Answer,
  fault: Extract<Fault, { fault: "slow" }>,
  signal: AbortSignal,
): Promise<void> {
  // The server ends when its test does, and then nobody waits for the rest.
  const pause = (ms: number) => setTimeout(ms, undefined, { signal }).catch(() => undefined);
  await pause(fault.firstByteMs);
  to.writeHead(status, { "content-length": String(body.length), ...headers });
  for (let at = 0; at < body.length; at += fault.pieceBytes) {
    to.write(body.subarray(at, at + fault.pieceBytes));
    await pause(fault.everyMs);
  }
  to.end();
}
