import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { message, query, sslRequest, startup } from "../support/frontend.ts";
import { USER } from "../support/gateway.ts";
import { saslInitialResponse } from "./corpus.ts";
import { readStrictly, type StrictMessage } from "./strict-backend.ts";

/** What a server has done that it must not. */
export class Finding extends Error {
  override readonly name = "Finding";
}

/** No answer takes longer, whatever else the machine does: statements are timed out before. */
const PATIENCE_MS = 15_000;

export interface OpenOptions {
  readonly port: number;
  /** One of loopback's, so that failed logins of some do not hold up others. */
  readonly localAddress?: string;
  readonly isEncrypted?: boolean;
}

/** A connection all of whose answers are held against the protocol. */
export class LiveConnection {
  readonly #socket: Socket;
  #unread: Buffer = Buffer.alloc(0);
  #messages: StrictMessage[] = [];
  #broken: Finding | undefined;
  #changed: () => void = () => undefined;
  #closed = false;
  #lastError = "nothing was said";
  /** What comes back is TLS, of which nothing can be said here. */
  isRaw = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#closed = true;
      this.#changed();
    });
  }

  static async open({ port, localAddress, isEncrypted }: OpenOptions): Promise<LiveConnection> {
    const socket = connect({
      port,
      host: "127.0.0.1",
      noDelay: true,
      ...(localAddress && { localAddress }),
    });
    await once(socket, "connect");
    if (isEncrypted !== true) return new LiveConnection(socket);
    socket.write(sslRequest());
    await once(socket, "data");
    const secured = connectTls({ socket, rejectUnauthorized: false });
    await once(secured, "secureConnect");
    return new LiveConnection(secured);
  }

  static async logIn(options: OpenOptions, version = 0x0003_0000): Promise<LiveConnection> {
    const connection = await LiveConnection.open(options);
    connection.write(startup({ user: USER.user, database: USER.database }, version));
    await connection.until(({ type }) => type === "R");
    const bare = `n=,r=${randomBytes(12).toString("base64")}`;
    connection.write(saslInitialResponse(`n,,${bare}`));
    const challenge = await connection.until(({ type }) => type === "R");
    connection.write(message("p", Buffer.from(proof(bare, challenge?.fields.get("R") ?? ""))));
    const last = await connection.until(({ type }) => type === "Z");
    if (last === undefined)
      throw new Finding(`a proper login was refused: ${connection.#lastError}`);
    return connection;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  write(bytes: Buffer): void {
    if (!this.#closed) this.#socket.write(bytes);
  }

  /** No more comes from this side. */
  finish(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** The first message that fits; undefined where the server has closed the connection first. */
  async until(fits: (message: StrictMessage) => boolean): Promise<StrictMessage | undefined> {
    const timeout = AbortSignal.timeout(PATIENCE_MS);
    const rang = (): void => this.#changed();
    timeout.addEventListener("abort", rang);
    try {
      for (;;) {
        for (let next = this.#messages.shift(); next !== undefined; next = this.#messages.shift()) {
          const text = next.fields.get("M") ?? "";
          if (next.type === "E") this.#lastError = text;
          if (next.fields.get("C") === "XX000" && text.startsWith("internal error"))
            throw new Finding(`XX000 ${text}`);
          if (fits(next)) return next;
        }
        if (this.#broken !== undefined) throw this.#broken;
        if (this.#closed) {
          if (this.#unread.length > 0) throw new Finding("the last message is not whole");
          return undefined;
        }
        if (timeout.aborted) throw new Finding("neither an answer nor the end has come");
        await new Promise<void>((resolve) => {
          this.#changed = resolve;
        });
      }
    } finally {
      timeout.removeEventListener("abort", rang);
    }
  }

  /** True where the session goes on: a statement that no state of it can change is answered. */
  async answers(marker: string): Promise<boolean> {
    this.write(query(marker));
    const error = await this.until(
      ({ type, fields }) => type === "E" && (fields.get("M") ?? "").includes(marker),
    );
    return error !== undefined && (await this.until(({ type }) => type === "Z")) !== undefined;
  }

  /** True where the rows of a table were counted. */
  async counts(table: string): Promise<boolean> {
    this.write(query(`SELECT count(*) FROM ${table}`));
    let rows = 0;
    const last = await this.until(({ type }) => {
      if (type === "D") rows += 1;
      return type === "Z";
    });
    return last !== undefined && rows === 1;
  }

  async untilClosed(): Promise<void> {
    await this.until(() => false);
  }

  #receive(chunk: Buffer): void {
    if (this.isRaw || this.#broken !== undefined) return;
    try {
      const { messages, rest } = readStrictly(Buffer.concat([this.#unread, chunk]));
      this.#unread = rest;
      this.#messages.push(...messages);
    } catch (error) {
      this.#broken = new Finding(`no valid message: ${String(error)}`);
    }
    this.#changed();
  }
}

let salted: { readonly salt: string; readonly key: Buffer } | undefined;

/** As wire-client.ts has it, but the costly part is done once for all logins. */
function proof(bare: string, serverFirst: string): string {
  const attributes = new Map(serverFirst.split(",").map((part) => [part[0] ?? "", part.slice(2)]));
  const salt = attributes.get("s") ?? "";
  if (salted?.salt !== salt) {
    const bytes = Buffer.from(salt, "base64");
    const iterations = Number(attributes.get("i"));
    salted = { salt, key: pbkdf2Sync(USER.password, bytes, iterations, 32, "sha256") };
  }
  const clientKey = createHmac("sha256", salted.key).update("Client Key").digest();
  const storedKey = createHash("sha256").update(clientKey).digest();
  const withoutProof = `c=biws,r=${attributes.get("r")}`;
  const signature = createHmac("sha256", storedKey)
    .update(`${bare},${serverFirst},${withoutProof}`)
    .digest();
  const bytes = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0));
  return `${withoutProof},p=${Buffer.from(bytes).toString("base64")}`;
}
