import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { ClientEncoding } from "./client-encoding.ts";
import type { FormatCode } from "./field-description.ts";
import type { Frame } from "./framing.ts";
import { MessageReader } from "./message-reader.ts";

/** What a client may send behind its startup packet (PostgreSQL documentation 55.7). */
export type FrontendMessage =
  | { readonly type: "Query"; readonly sql: string }
  | {
      readonly type: "Parse";
      readonly name: string;
      readonly sql: string;
      readonly parameterOids: readonly number[];
    }
  | {
      readonly type: "Bind";
      readonly portal: string;
      readonly statement: string;
      readonly parameterFormats: readonly FormatCode[];
      readonly parameters: readonly (Buffer | undefined)[];
      readonly resultFormats: readonly FormatCode[];
    }
  | { readonly type: "Describe"; readonly target: Target; readonly name: string }
  | { readonly type: "Execute"; readonly portal: string; readonly maxRows: number }
  | { readonly type: "Close"; readonly target: Target; readonly name: string }
  | { readonly type: "Flush" }
  | { readonly type: "Sync" }
  | { readonly type: "Terminate" }
  | { readonly type: "CopyData"; readonly data: Buffer }
  | { readonly type: "CopyDone" }
  | { readonly type: "CopyFail"; readonly reason: string }
  | { readonly type: "FunctionCall" }
  /** A whole message whose body cannot be read: the next one can, and the session goes on. */
  | { readonly type: "Malformed"; readonly isQuery: boolean; readonly error: PgError }
  /** PasswordMessage, SASLInitialResponse or SASLResponse: only the exchange knows which. */
  | { readonly type: "AuthenticationResponse"; readonly body: Buffer };

export type Target = "statement" | "portal";

type Reading = (reader: MessageReader) => FrontendMessage;

/** How each message is read, by its type byte. */
const READINGS: Readonly<Record<string, Reading>> = {
  Q: (reader) => ({ type: "Query", sql: reader.cstring() }),
  P: readParse,
  B: readBind,
  D: (reader) => ({
    type: "Describe",
    target: readTarget(reader, "DESCRIBE"),
    name: reader.cstring(),
  }),
  E: (reader) => ({ type: "Execute", portal: reader.cstring(), maxRows: reader.int32() }),
  C: (reader) => ({ type: "Close", target: readTarget(reader, "CLOSE"), name: reader.cstring() }),
  H: () => ({ type: "Flush" }),
  S: () => ({ type: "Sync" }),
  X: () => ({ type: "Terminate" }),
  d: (reader) => ({ type: "CopyData", data: reader.rest() }),
  c: () => ({ type: "CopyDone" }),
  f: (reader) => ({ type: "CopyFail", reason: reader.cstring() }),
  p: (reader) => ({ type: "AuthenticationResponse", body: reader.rest() }),
  F: (reader) => {
    reader.rest();
    return { type: "FunctionCall" };
  },
};

/** Reads one message. An unknown type ends the session: nothing behind it can be trusted. */
export function readFrontendMessage(
  frame: Frame,
  encoding: ClientEncoding = "UTF8",
): FrontendMessage {
  const reading = Object.hasOwn(READINGS, frame.type) ? READINGS[frame.type] : undefined;
  if (reading === undefined) {
    throw new PgError(
      "protocol_violation",
      `invalid frontend message type ${frame.type.charCodeAt(0)}`,
      {
        severity: "FATAL",
      },
    );
  }
  const reader = new MessageReader(frame.body, encoding);
  try {
    const message = reading(reader);
    reader.end();
    return message;
  } catch (error) {
    if (!(error instanceof PgError)) throw error;
    return { type: "Malformed", isQuery: frame.type === "Q", error };
  }
}

function readParse(reader: MessageReader): FrontendMessage {
  const name = reader.cstring();
  const sql = reader.cstring();
  const parameterOids = readList(reader, () => reader.uint32());
  return { type: "Parse", name, sql, parameterOids };
}

function readBind(reader: MessageReader): FrontendMessage {
  const portal = reader.cstring();
  const statement = reader.cstring();
  const parameterFormats = readList(reader, () => readFormat(reader));
  const parameters = readList(reader, () => {
    const length = reader.int32();
    if (length < -1) throw new PgError("protocol_violation", "insufficient data left in message");
    return length === -1 ? undefined : reader.bytes(length);
  });
  const resultFormats = readList(reader, () => readFormat(reader));
  return { type: "Bind", portal, statement, parameterFormats, parameters, resultFormats };
}

function readList<T>(reader: MessageReader, read: () => T): T[] {
  const count = reader.uint16();
  // Every element takes at least two bytes, so that a false count cannot take memory.
  if (count > LIMITS.parameters || count * 2 > reader.remaining) {
    throw new PgError("protocol_violation", "insufficient data left in message");
  }
  return Array.from({ length: count }, read);
}

function readFormat(reader: MessageReader): FormatCode {
  const code = reader.int16();
  if (code !== 0 && code !== 1) {
    throw new PgError("invalid_parameter_value", `unsupported format code: ${code}`);
  }
  return code;
}

function readTarget(reader: MessageReader, message: string): Target {
  const byte = reader.byte();
  if (byte === 0x53) return "statement";
  if (byte === 0x50) return "portal";
  throw new PgError("protocol_violation", `invalid ${message} message subtype ${byte}`);
}
