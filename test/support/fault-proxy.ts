/**
 * A proxy in front of an S3 server that others wrote, which makes single requests go wrong. It passes
 * each header on as it came, Host too: the signature covers it.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { errorAnswer } from "./s3-server/answers.ts";

export type ProxyFault =
  /** The server is not asked. */
  | {
      readonly fault: "answer";
      readonly status: number;
      readonly code: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection is reset after so many bytes of the body. */
  | { readonly fault: "reset"; readonly afterBytes: number }
  /** Nothing more comes after so many bytes of the body. */
  | { readonly fault: "stall"; readonly afterBytes: number }
  | { readonly fault: "slow"; readonly everyMs: number }
  | { readonly fault: "etag"; readonly etag: string }
  /** Something that happens at the server just before it is asked. */
  | { readonly fault: "before"; readonly act: () => Promise<void> };

export interface ProxyScope {
  readonly method?: "GET" | "HEAD";
  /** Whether only requests for a part of an object, or only those for a whole. */
  readonly isRange?: boolean;
  readonly skip?: number;
  readonly times?: number;
}

interface Scripted {
  readonly fault: ProxyFault & ProxyScope;
  skip: number;
  times: number;
}

export interface FaultProxy extends AsyncDisposable {
  readonly endpoint: string;
  /** How many requests came. */
  readonly count: number;
  next(fault: ProxyFault & ProxyScope): void;
  /** The next connections are closed before they are listened to. */
  refuse(connections: number): void;
}

export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const { hostname, port: targetPort } = new URL(target);
  const scripted: Scripted[] = [];
  const closing = new AbortController();
  let count = 0;
  let refused = 0;

  const take = (incoming: IncomingMessage): ProxyFault | undefined => {
    for (const candidate of scripted) {
      const { method, isRange } = candidate.fault;
      if (method !== undefined && method !== incoming.method) continue;
      if (isRange !== undefined && isRange !== (incoming.headers.range !== undefined)) continue;
      if (candidate.times === 0) continue;
      if (candidate.skip > 0) {
        candidate.skip -= 1;
        continue;
      }
      candidate.times -= 1;
      return candidate.fault;
    }
    return undefined;
  };

  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    count += 1;
    const fault = take(incoming);
    if (fault?.fault === "answer") {
      const { headers, body } = errorAnswer(fault.code, fault.status, fault.code);
      incoming.resume();
      outgoing.writeHead(fault.status, { ...headers, ...fault.headers });
      outgoing.end(incoming.method === "HEAD" ? undefined : body);
      return;
    }
    if (fault?.fault === "before") await fault.act();
    const answer = await forward(incoming, { hostname, port: targetPort });
    const headers = { ...answer.headers };
    if (fault?.fault === "etag") headers["etag"] = fault.etag;
    outgoing.writeHead(answer.statusCode ?? 502, headers);
    await relay(answer, outgoing, fault, closing.signal);
  };

  const server = createServer((incoming, outgoing) => {
    // Either side may break at any time, and then the other has to notice it.
    handle(incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.on("connection", (socket: Socket) => {
    if (refused === 0) return;
    refused -= 1;
    socket.resetAndDestroy();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo; // It listens on TCP.
  return {
    endpoint: `http://127.0.0.1:${port}`,
    get count() {
      return count;
    },
    next: (fault) => void scripted.push({ fault, skip: fault.skip ?? 0, times: fault.times ?? 1 }),
    refuse: (connections) => {
      refused += connections;
      server.closeIdleConnections();
    },
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function forward(
  incoming: IncomingMessage,
  target: { readonly hostname: string; readonly port: string },
): Promise<IncomingMessage> {
  const { method, url, headers } = incoming;
  return new Promise((resolve, reject) => {
    const passed = request({ ...target, method, path: url, headers, setHost: false, agent: false });
    passed.once("response", resolve).once("error", reject);
    incoming.pipe(passed);
  });
}

async function relay(
  answer: IncomingMessage,
  outgoing: ServerResponse,
  fault: ProxyFault | undefined,
  signal: AbortSignal,
): Promise<void> {
  let sent = 0;
  const closed = new AbortController();
  outgoing.once("close", () => closed.abort());
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    const isCut = fault?.fault === "reset" || fault?.fault === "stall";
    const rest = isCut ? fault.afterBytes - sent : chunk.length;
    const part = chunk.subarray(0, rest);
    sent += part.length;
    if (!outgoing.write(part)) await once(outgoing, "drain", { signal: closed.signal });
    if (fault?.fault === "slow") await pause(fault.everyMs, undefined, { signal });
    if (!isCut || sent < fault.afterBytes) continue;
    if (fault.fault === "reset") outgoing.socket?.resetAndDestroy();
    answer.destroy();
    return;
  }
  outgoing.end();
}
