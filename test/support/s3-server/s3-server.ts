/**
 * An S3 of our own for tests, over real HTTP: signatures are verified, listings are paged, versions
 * and conditions hold, and any request can be made to go wrong in a scripted way.
 */
import { EventEmitter } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { unreachable } from "../../../src/core/assert.ts";
import { type Answer, errorAnswer, S3_ERRORS, S3Refusal } from "./answers.ts";
import { decodeAwsChunked } from "./aws-chunked.ts";
import { Bucket, type StoredVersion } from "./buckets.ts";
import { TEST_CERTIFICATE } from "./certificate.ts";
import { type Fault, Faults, type Operation, send } from "./faults.ts";
import { deleteObject, listObjects, putObject, readObject } from "./operations.ts";
import { type ServerCredentials, verifySignature } from "./signature.ts";
import { verifyTerms } from "./terms.ts";

export interface S3ServerOptions {
  /** Bucket by name, content by key. */
  readonly buckets?: Readonly<Record<string, Readonly<Record<string, string | Buffer>>>>;
  readonly versioned?: boolean;
  readonly region?: string;
  /** The most keys of one listing page, whatever the client asks for. */
  readonly pageSize?: number;
  readonly sessionToken?: string;
  /** With a certificate that nobody has signed but itself. */
  readonly tls?: boolean;
  /** The bucket is the first label of the host, and never in the path. */
  readonly virtualHosts?: boolean;
  /** How far this server's clock is ahead of the machine's. */
  readonly clockAheadMs?: number;
  /** Whoever does not agree to pay is refused. */
  readonly requesterPays?: boolean;
  /** SSE-C: the key in base64 under which all objects are encrypted. */
  readonly customerKey?: string;
}

export interface LoggedRequest {
  readonly operation: Operation;
  readonly bucket: string;
  readonly key: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface S3Server extends AsyncDisposable {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: ServerCredentials;
  readonly faults: Faults;
  /** Every request that came, in order, refused ones too. */
  readonly requests: readonly LoggedRequest[];
  /** "connection closed", whoever closed it, and "faulty answer" when a fault begins to be sent. */
  readonly events: EventEmitter;
  put(bucket: string, key: string, body: string | Buffer): StoredVersion;
  delete(bucket: string, key: string): void;
  forgetRequests(): void;
  /** The credentials of before have expired from now on; a session's token comes with the new ones. */
  renewCredentials(): ServerCredentials;
}

/** More than any fixture: a test that uploads this much has gone wrong. */
const LARGEST_BODY_BYTES = 256 * 1024 * 1024;

export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const state = new ServerState(options);
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    // `answer` reports every failure to the client and never rejects.
    void answer(state, request, response);
  };
  const server =
    options.tls === true ? createTlsServer(TEST_CERTIFICATE, listener) : createServer(listener);
  server.on("connection", (socket: Socket) => {
    socket.once("close", () => state.events.emit("connection closed"));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo; // It listens on TCP.
  return {
    endpoint: `${options.tls === true ? "https" : "http"}://127.0.0.1:${port}`,
    region: state.region,
    get credentials() {
      return state.credentials;
    },
    faults: state.faults,
    requests: state.requests,
    events: state.events,
    put: (bucket, key, body) => state.bucket(bucket).put(key, Buffer.from(body)),
    delete: (bucket, key) => void state.bucket(bucket).delete(key),
    forgetRequests: () => void state.requests.splice(0),
    renewCredentials: () => state.renewCredentials(),
    [Symbol.asyncDispose]: async () => {
      state.closing.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class ServerState {
  readonly region: string;
  readonly pageSize: number;
  readonly options: S3ServerOptions;
  credentials: ServerCredentials;
  readonly expired = new Set<string>();
  readonly faults = new Faults();
  readonly requests: LoggedRequest[] = [];
  readonly events = new EventEmitter();
  readonly closing = new AbortController();
  readonly #buckets = new Map<string, Bucket>();
  readonly #versioned: boolean;

  constructor(options: S3ServerOptions) {
    this.options = options;
    this.region = options.region ?? "us-east-1";
    this.pageSize = options.pageSize ?? 1000;
    this.#versioned = options.versioned ?? false;
    this.credentials = {
      accessKeyId: "TESTACCESSKEY",
      secretAccessKey: "test/secret+access=key",
      ...(options.sessionToken === undefined ? {} : { sessionToken: options.sessionToken }),
    };
    for (const [name, objects] of Object.entries(options.buckets ?? {})) {
      const bucket = this.createBucket(name);
      for (const [key, body] of Object.entries(objects)) bucket.put(key, Buffer.from(body));
    }
  }

  get now(): Date {
    return new Date(Date.now() + (this.options.clockAheadMs ?? 0));
  }

  renewCredentials(): ServerCredentials {
    this.expired.add(this.credentials.accessKeyId);
    const sessionToken = `token-${this.expired.size}`;
    const accessKeyId = `TESTACCESSKEY${this.expired.size}`;
    this.credentials = { ...this.credentials, accessKeyId, sessionToken };
    return this.credentials;
  }

  createBucket(name: string): Bucket {
    const bucket = new Bucket(name, this.#versioned);
    this.#buckets.set(name, bucket);
    return bucket;
  }

  bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new S3Refusal("NoSuchBucket");
    return bucket;
  }
}

async function answer(
  state: ServerState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let fault: Fault | undefined;
  let answered: Answer;
  try {
    const framed = await bodyOf(request);
    const url = request.url ?? "/";
    const [path = "/", search = ""] = url.split(/\?(.*)/s);
    const query = new URLSearchParams(search);
    const { headers } = request;
    const { bucketName, key } = addressed(state, path, headers.host);
    const operation = operationOf(request.method ?? "GET", key);
    state.requests.push({
      operation,
      bucket: bucketName,
      key,
      query: Object.fromEntries(query),
      headers,
    });
    fault = state.faults.take(operation, key);
    if (fault !== undefined) applyBefore(fault, state, bucketName, key);
    const signed = { method: request.method ?? "GET", path, query, headers, body: framed };
    verifySignature(signed, state, state.now);
    verifyTerms(state.options, operation, headers);
    const kept = { ...headers };
    for (const name of fault?.fault === "ignore" ? fault.headers : []) delete kept[name];
    if (fault?.fault === "repeat page") query.delete("continuation-token");
    const chunked = headers["x-amz-content-sha256"]?.toString().startsWith("STREAMING-") === true;
    const body = chunked ? decodeAwsChunked(framed) : framed;
    answered = perform(state, operation, bucketName, { key, query, headers: kept, body });
  } catch (error) {
    answered = answerToError(error);
  }
  if (fault !== undefined) answered = changed(answered, fault);
  response.setHeader("date", state.now.toUTCString());
  send(response, answered, fault, state.closing.signal);
  if (fault !== undefined) state.events.emit("faulty answer");
}

function addressed(
  { options }: ServerState,
  path: string,
  host: string | undefined,
): { readonly bucketName: string; readonly key: string } {
  const decoded = decodeURIComponent(path);
  if (options.virtualHosts === true) {
    return { bucketName: (host ?? "").split(".", 1)[0] ?? "", key: decoded.slice(1) };
  }
  const [, bucketName = "", key = ""] = decoded.split(/^\/([^/]*)\/?(.*)$/s);
  return { bucketName, key };
}

function operationOf(method: string, key: string): Operation {
  if (key === "") return method === "PUT" ? "CreateBucket" : "ListObjectsV2";
  const operations: Readonly<Record<string, Operation>> = {
    GET: "GetObject",
    HEAD: "HeadObject",
    PUT: "PutObject",
    DELETE: "DeleteObject",
  };
  const operation = operations[method];
  if (operation === undefined) throw new S3Refusal("MethodNotAllowed");
  return operation;
}

function perform(
  state: ServerState,
  operation: Operation,
  bucketName: string,
  request: Parameters<typeof readObject>[1],
): Answer {
  switch (operation) {
    case "CreateBucket":
      state.createBucket(bucketName);
      return { status: 200, headers: {}, body: Buffer.alloc(0) };
    case "ListObjectsV2":
      return listObjects(state.bucket(bucketName), request, state.pageSize);
    case "GetObject":
    case "HeadObject":
      return readObject(state.bucket(bucketName), request);
    case "PutObject":
      return putObject(state.bucket(bucketName), request);
    case "DeleteObject":
      return deleteObject(state.bucket(bucketName), request);
    default:
      return unreachable(operation);
  }
}

/** What a fault does before the request is looked at. */
function applyBefore(fault: Fault, state: ServerState, bucket: string, key: string): void {
  if (fault.fault === "error") throw new S3Refusal(fault.code, fault);
  if (fault.fault === "overwrite") state.bucket(bucket).put(key, Buffer.from(fault.body));
  if (fault.fault === "delete") state.bucket(bucket).delete(key);
}

/** What a fault makes of the true answer. */
function changed(answered: Answer, fault: Fault): Answer {
  if (fault.fault === "odd error") return errorAnswer(fault.code, fault.status, fault.message);
  if (fault.fault === "html") {
    const body = Buffer.from(fault.page);
    return { status: fault.status, headers: { "content-type": "text/html" }, body };
  }
  if (fault.fault === "withhold") {
    const headers = Object.entries(answered.headers);
    const kept = headers.filter(([name]) => !fault.headers.includes(name));
    return { ...answered, headers: Object.fromEntries(kept) };
  }
  return answered;
}

function answerToError(error: unknown): Answer {
  const refusal = error instanceof S3Refusal ? error : new S3Refusal("InternalError");
  const [status, message] = S3_ERRORS[refusal.code];
  return errorAnswer(refusal.code, status, message, {
    headers: { ...refusal.headers },
    elements: { ...refusal.elements, RequestId: "TESTREQUEST" },
  });
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    chunks.push(chunk as Buffer); // No encoding is set, so chunks are Buffers.
    length += chunks.at(-1)?.length ?? 0;
    if (length > LARGEST_BODY_BYTES) throw new S3Refusal("InvalidArgument");
  }
  return Buffer.concat(chunks);
}
