import { PgError } from "../core/pg-error.ts";
import type { FormatCode } from "../protocol/field-description.ts";
import type { FrontendMessage } from "../protocol/frontend.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { IncomingMessages } from "./incoming-messages.ts";

/** The client's side of COPY FROM STDIN (PostgreSQL documentation 55.2.7). */
export class CopyInChannel {
  readonly #connection: ClientConnection;
  readonly #messages: IncomingMessages;
  #isOutOfStep = false;

  constructor(connection: ClientConnection, messages: IncomingMessages) {
    this.#connection = connection;
    this.#messages = messages;
  }

  /** Asks the client for data, and gives what it sends until it says that this is all. */
  async *receive(
    format: FormatCode,
    columnCount: number,
    signal: AbortSignal,
  ): AsyncGenerator<Buffer, void> {
    this.#connection.send({ type: "CopyInResponse", format, columnCount });
    this.#connection.flush();
    for (;;) {
      const message = await this.#messages.nextUnlessAborted(signal);
      if (message === undefined) throw clientLeft();
      switch (message.type) {
        case "CopyData":
          yield message.data;
          break;
        case "CopyDone":
          return;
        case "CopyFail":
          throw new PgError("query_canceled", `COPY from stdin failed: ${message.reason}`);
        // What drivers send behind every statement, before they know that it is a COPY.
        case "Flush":
        case "Sync":
          break;
        case "Malformed":
          throw message.error;
        default:
          this.#isOutOfStep = true;
          throw new PgError(
            "protocol_violation",
            `unexpected message type 0x${TYPE_BYTES[message.type]} during COPY from stdin`,
          );
      }
    }
  }

  /**
   * What ends the session where a message came that no COPY knows: like PostgreSQL's, it hears the
   * error first. Undefined where it is in step.
   */
  endOfSession(error: PgError): PgError | undefined {
    if (!this.#isOutOfStep) return undefined;
    this.#connection.sendError(error);
    return new PgError(
      "protocol_violation",
      "terminating connection because protocol synchronization was lost",
      { severity: "FATAL" },
    );
  }
}

function clientLeft(): PgError {
  return new PgError(
    "connection_failure",
    "unexpected EOF on client connection with an open transaction",
    { severity: "FATAL" },
  );
}

type CopyMessage = "CopyData" | "CopyDone" | "CopyFail" | "Flush" | "Sync" | "Malformed";

/** PostgreSQL documentation 55.7, in the form in which the error has them. */
const TYPE_BYTES: Readonly<Record<Exclude<FrontendMessage["type"], CopyMessage>, string>> = {
  Query: "51",
  Parse: "50",
  Bind: "42",
  Describe: "44",
  Execute: "45",
  Close: "43",
  Terminate: "58",
  FunctionCall: "46",
  AuthenticationResponse: "70",
};
