import { createServer, type Server, type Socket } from "node:net";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { Logger } from "../observe/logger.ts";
import { type ConnectionOutcome, Session } from "../session/session.ts";
import type { CancelOutcome } from "../session/session-registry.ts";
import type { SessionServices } from "../session/session-services.ts";
import { Connection, type ConnectionBounds } from "./connection.ts";
import { type HalfOpenConnection, HalfOpenConnections } from "./half-open.ts";
import { openConnection } from "./opening.ts";
import { HandshakeFailed, type TlsEndpoint } from "./tls.ts";

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  /** Asked for each connection, so that a reload counts for the next one. */
  readonly settings: () => ConnectionSettings;
  readonly services: SessionServices;
  readonly observer: ConnectionObserver;
  readonly log: Logger;
}

export interface ConnectionSettings extends ConnectionBounds {
  readonly authenticationTimeoutMs: number;
  /** Undefined: a request for encryption is answered with N. */
  readonly tls: TlsEndpoint | undefined;
  readonly requireTls: boolean;
}

export interface ConnectionObserver {
  /** What became of a connection: told when it is known, of a session at its start. */
  began(outcome: ConnectionOutcome): void;
  /** It has not logged in in time. */
  timedOut(): void;
  handshakeFailed(): void;
  cancelRequest(outcome: CancelOutcome): void;
}

/** Made once, since a flood of connections hears it. */
const TOO_MANY_CLIENTS = new PgError("too_many_connections", "sorry, too many clients already", {
  severity: "FATAL",
});

/** Accepts connections, brings each to its session or its end, and drains at the end. */
export class Listener {
  readonly #server: Server;
  readonly #options: ListenerOptions;
  readonly #sockets = new Set<Socket>();
  readonly #halfOpen = new HalfOpenConnections(LIMITS.halfOpenConnections);

  private constructor(options: ListenerOptions) {
    this.#options = options;
    const keepAlive = { keepAlive: true, keepAliveInitialDelay: LIMITS.keepAliveDelayMs };
    this.#server = createServer({ noDelay: true, ...keepAlive }, (socket) => this.#accept(socket));
  }

  static async listen(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    await listener.#listen();
    return listener;
  }

  /** The port that was really taken: for port 0 the system has chosen. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : this.#options.port;
  }

  /**
   * No new connections; idle sessions end now, busy ones with their statement, and after `graceMs`
   * whatever is left.
   */
  async drain(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const { sessions } = this.#options.services;
    for (const session of sessions.sessions()) session.drain();
    const timer = setTimeout(() => {
      for (const session of sessions.sessions()) session.terminate();
      // A client that does not read its last message is not waited for.
      setTimeout(() => this.#destroyAll(), 1_000).unref();
    }, graceMs);
    if (sessions.size === 0) this.#destroyAll();
    await closed;
    clearTimeout(timer);
  }

  #destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #listen(): Promise<void> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once("error", (error: NodeJS.ErrnoException) =>
        reject(cannotListen(host, port, error)),
      );
      this.#server.listen({ host, port, backlog: LIMITS.listenBacklog }, () => resolve());
    });
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    void this.#serve(socket);
  }

  async #serve(socket: Socket): Promise<void> {
    const { observer, services } = this.#options;
    let outcome: ConnectionOutcome | "cancel" = "failed";
    const settings = this.#options.settings();
    let wasDropped = false;
    let connection = new Connection(socket, this.#options.settings);
    const halfOpen: HalfOpenConnection = {
      remoteAddress: connection.remoteAddress,
      drop: () => {
        wasDropped = true;
        connection.drop(TOO_MANY_CLIENTS);
      },
    };
    this.#halfOpen.put(halfOpen, "silent");
    socket.once("close", () => this.#halfOpen.remove(halfOpen));
    let timeout = (): void => connection.destroy();
    const timer = setTimeout(() => {
      observer.timedOut();
      timeout();
    }, settings.authenticationTimeoutMs);
    try {
      const opening = await openConnection(connection, settings, (encrypted) => {
        connection = encrypted;
      });
      switch (opening.next) {
        case "gone":
          break;
        case "cancel":
          // Applied before the socket closes: session-clock.ts says how it finds its statement.
          observer.cancelRequest(services.sessions.cancel(opening.processId, opening.secretKey));
          connection.end();
          outcome = "cancel";
          break;
        case "session": {
          timeout = () => endUnauthenticated(connection);
          this.#halfOpen.put(halfOpen, "logging in");
          const session = new Session(connection, services, () => {
            clearTimeout(timer);
            this.#halfOpen.remove(halfOpen);
            observer.began("accepted");
          });
          outcome = await session.run(opening.message);
          break;
        }
      }
    } catch (error) {
      this.#end(connection, error);
    } finally {
      clearTimeout(timer);
      if (wasDropped) outcome = "rejected";
      else if (!socket.destroyed) this.#halfOpen.put(halfOpen, "leaving");
      if (outcome === "rejected" || outcome === "failed") observer.began(outcome);
    }
  }

  #end(connection: Connection, error: unknown): void {
    const { observer, log } = this.#options;
    if (error instanceof HandshakeFailed) {
      observer.handshakeFailed();
      log.debug({ address: connection.remoteAddress, reason: error.message }, "no tls handshake");
      connection.destroy();
      return;
    }
    if (error instanceof PgError) connection.sendError(error);
    else log.error({ err: error }, "connection failed");
    connection.end();
  }
}

function endUnauthenticated(connection: Connection): void {
  connection.sendError(
    new PgError("query_canceled", "canceling authentication due to timeout", {
      severity: "FATAL",
    }),
  );
  connection.end();
}

function cannotListen(host: string, port: number, error: NodeJS.ErrnoException): PgError {
  const where = `${host}:${port}`;
  if (error.code === "EADDRINUSE") {
    return new PgError(
      "cannot_connect_now",
      `port ${port} of ${host} is in use by another program`,
      {
        hint: "Stop that program, or choose another port: --port N, or listen.port in the configuration.",
      },
    );
  }
  if (error.code === "EACCES") {
    return new PgError("insufficient_privilege", `not allowed to listen on ${where}`, {
      hint: "Choose a port above 1023: --port N.",
    });
  }
  return new PgError(
    "config_file_error",
    `cannot listen on ${where}: ${error.code ?? error.message}`,
    {
      hint: "Check listen.host: it must be an address of this machine.",
      cause: error,
    },
  );
}
