import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type BackendMessage, readMessages } from "./backend.ts";
import { cancelRequest, int32, message, startup, terminate } from "./frontend.ts";

/** A client that speaks in bytes, so that a test decides on every one of them. */
export class WireClient implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #port: number;
  #unread: Buffer = Buffer.alloc(0);
  #messages: BackendMessage[] = [];
  #arrived: (() => void) | undefined;
  #ended = false;
  processId = 0;
  secretKey: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.#port = port;
    socket.on("data", (chunk: Buffer) => {
      const { messages, rest } = readMessages(Buffer.concat([this.#unread, chunk]));
      this.#unread = rest;
      this.#messages.push(...messages);
      this.#arrived?.();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#ended = true;
      this.#arrived?.();
    });
  }

  static async open(port: number): Promise<WireClient> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return new WireClient(socket, port);
  }

  /** Over a connection that was made otherwise: TLS. */
  static over(socket: Socket, port: number): WireClient {
    return new WireClient(socket, port);
  }

  /** Opens and logs in by SCRAM-SHA-256; resolves at ReadyForQuery. */
  static async logIn(port: number, login: Login): Promise<WireClient> {
    const client = await WireClient.open(port);
    const messages = await client.authenticate(login);
    const failure = messages.find(({ type }) => type === "ErrorResponse");
    if (failure !== undefined) {
      client.destroy();
      throw new Error(`${String(failure["code"])}: ${String(failure["message"])}`);
    }
    return client;
  }

  /** What the server says from the startup packet to ReadyForQuery or to its end. */
  async authenticate({
    user,
    password,
    database,
    parameters = {},
    version,
  }: Login): Promise<BackendMessage[]> {
    this.send(startup({ user, database, ...parameters }, version));
    const seen: BackendMessage[] = [];
    const next = async (): Promise<BackendMessage | undefined> => {
      const one = await this.next();
      if (one !== undefined) seen.push(one);
      return one;
    };
    let first = await next();
    while (first?.type === "NegotiateProtocolVersion") first = await next();
    if (first?.type !== "Authentication") return [...seen, ...(await this.untilEnd())];
    if (first["code"] === 0) return [...seen, ...(await this.#untilReadyOrEnd())];
    const bare = `n=,r=${randomBytes(12).toString("base64")}`;
    const initial = Buffer.from(`n,,${bare}`);
    this.send(message("p", "SCRAM-SHA-256", int32(initial.length), initial));
    const challenge = await next();
    if (challenge?.type !== "Authentication") return [...seen, ...(await this.untilEnd())];
    this.send(message("p", Buffer.from(scramFinal(bare, String(challenge["data"]), password))));
    return [...seen, ...(await this.#untilReadyOrEnd())];
  }

  async #untilReadyOrEnd(): Promise<BackendMessage[]> {
    const seen: BackendMessage[] = [];
    for (let one = await this.next(); one !== undefined; one = await this.next()) {
      seen.push(one);
      if (one.type === "BackendKeyData") {
        this.processId = Number(one["processId"]);
        this.secretKey = one["secretKey"] as Buffer;
      }
      if (one.type === "ReadyForQuery") return seen;
    }
    return seen;
  }

  send(...messages: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat(messages));
  }

  /** The next message, or undefined at the end of the connection. */
  async next(): Promise<BackendMessage | undefined> {
    while (this.#messages.length === 0) {
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
    return this.#messages.shift();
  }

  /** Everything up to and including ReadyForQuery. */
  async untilReady(): Promise<BackendMessage[]> {
    const seen: BackendMessage[] = [];
    for (;;) {
      const one = await this.next();
      if (one === undefined) throw new Error(`connection ended after ${JSON.stringify(seen)}`);
      seen.push(one);
      if (one.type === "ReadyForQuery") return seen;
    }
  }

  async untilEnd(): Promise<BackendMessage[]> {
    const seen: BackendMessage[] = [];
    for (let one = await this.next(); one !== undefined; one = await this.next()) seen.push(one);
    return seen;
  }

  /** One raw byte, as the answer to SSLRequest is. Only before anything else was received. */
  async byte(): Promise<string> {
    while (this.#unread.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
    const byte = this.#unread.subarray(0, 1).toString("latin1");
    this.#unread = this.#unread.subarray(1);
    return byte;
  }

  /** Sends this connection's cancel request over another one; resolves when the server has closed it. */
  async cancel(): Promise<void> {
    const other = await WireClient.open(this.#port);
    other.send(cancelRequest(this.processId, this.secretKey));
    await other.untilEnd();
  }

  /** Stops reading, so that the server's writes back up. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#socket.resume();
    this.#socket.end(terminate());
    const closed = this.#ended ? undefined : once(this.#socket, "close");
    this.#socket.destroySoon();
    await closed;
  }
}

export interface Login {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** Of the protocol; default: 3.0. */
  readonly version?: number;
}

/** RFC 5802's client-final-message. */
export function scramFinal(bare: string, serverFirst: string, password: string): string {
  const attributes = new Map(serverFirst.split(",").map((part) => [part[0] ?? "", part.slice(2)]));
  const salt = Buffer.from(attributes.get("s") ?? "", "base64");
  const salted = pbkdf2Sync(password, salt, Number(attributes.get("i")), 32, "sha256");
  const clientKey = createHmac("sha256", salted).update("Client Key").digest();
  const storedKey = createHash("sha256").update(clientKey).digest();
  const withoutProof = `c=biws,r=${attributes.get("r")}`;
  const signature = createHmac("sha256", storedKey)
    .update(`${bare},${serverFirst},${withoutProof}`)
    .digest();
  const proof = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0));
  return `${withoutProof},p=${Buffer.from(proof).toString("base64")}`;
}
