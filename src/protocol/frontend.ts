import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { ClientEncoding } from "./client-encoding.ts";
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
      /** Codes as they came: 0 and 1 are formats, others an error that comes later. */
      readonly parameterFormats: readonly number[];
      /** How many there should be; undefined where the message ends before it says so. */
      readonly parameterCount: number | undefined;
      readonly parameters: readonly (Buffer | undefined)[];
      readonly resultFormats: readonly number[];
      /** Why no more could be read: an error after those that what was read makes. */
      readonly defect: PgError | undefined;
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
  | { readonly type: "FunctionCall"; readonly functionOid: number }
  /** A whole message whose body cannot be read: the next one can, and the session goes on. */
  | {
      readonly type: "Malformed";
      /** The message that it would have been: only some are answered with ReadyForQuery. */
      readonly of: "Query" | "Sync" | "FunctionCall" | "other";
      readonly error: PgError;
    }
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
  F: readFunctionCall,
};

const READY_BEHIND: Readonly<Record<string, "Query" | "Sync" | "FunctionCall">> = {
  Q: "Query",
  S: "Sync",
  F: "FunctionCall",
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
    return { type: "Malformed", of: READY_BEHIND[frame.type] ?? "other", error };
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
  const codes = (): readonly number[] => readList(reader, () => reader.int16());
  let parameterFormats: readonly number[] = [];
  let parameterCount: number | undefined;
  const parameters: (Buffer | undefined)[] = [];
  let resultFormats: readonly number[] = [];
  let defect: PgError | undefined;
  try {
    parameterFormats = codes();
    parameterCount = reader.uint16();
    while (parameters.length < parameterCount) parameters.push(readValue(reader));
    resultFormats = codes();
    reader.end();
  } catch (error) {
    if (!(error instanceof PgError)) throw error;
    defect = error;
    reader.rest();
  }
  return {
    type: "Bind",
    portal,
    statement,
    parameterFormats,
    parameterCount,
    parameters,
    resultFormats,
    defect,
  };
}

function readValue(reader: MessageReader): Buffer | undefined {
  const length = reader.int32();
  if (length < -1) throw new PgError("protocol_violation", "insufficient data left in message");
  return length === -1 ? undefined : reader.bytes(length);
}

function readFunctionCall(reader: MessageReader): FrontendMessage {
  const functionOid = reader.uint32();
  readList(reader, () => reader.int16());
  for (let left = reader.uint16(); left > 0; left -= 1) readValue(reader);
  reader.int16();
  return { type: "FunctionCall", functionOid };
}

function readList<T>(reader: MessageReader, read: () => T): T[] {
  const count = reader.uint16();
  // Every element takes at least two bytes, so that a false count cannot take memory.
  if (count > LIMITS.parameters || count * 2 > reader.remaining) {
    throw new PgError("protocol_violation", "insufficient data left in message");
  }
  return Array.from({ length: count }, read);
}

function readTarget(reader: MessageReader, message: string): Target {
  const byte = reader.byte();
  if (byte === 0x53) return "statement";
  if (byte === 0x50) return "portal";
  throw new PgError("protocol_violation", `invalid ${message} message subtype ${byte}`);
}
