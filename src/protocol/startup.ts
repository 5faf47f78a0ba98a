import { PgError } from "../core/pg-error.ts";
import { MessageReader } from "./message-reader.ts";

/** The first packet of a connection (PostgreSQL documentation 55.7). */
export type StartupPacket =
  | { readonly type: "SSLRequest" }
  | { readonly type: "GSSENCRequest" }
  | { readonly type: "CancelRequest"; readonly processId: number; readonly secretKey: Buffer }
  | {
      readonly type: "StartupMessage";
      readonly minorVersion: number;
      readonly parameters: ReadonlyMap<string, string>;
    };

const CANCEL_REQUEST = 80877102;
const SSL_REQUEST = 80877103;
const GSSENC_REQUEST = 80877104;

/** PostgreSQL accepts keys of 4 to 256 bytes since protocol 3.2. */
const CANCEL_KEY_BYTES = { min: 4, max: 256 };

/** Reads the body of a startup packet: what stands behind its length. */
export function readStartupPacket(body: Buffer): StartupPacket {
  const reader = new MessageReader(body);
  const code = reader.uint32();
  switch (code) {
    case SSL_REQUEST:
      reader.end();
      return { type: "SSLRequest" };
    case GSSENC_REQUEST:
      reader.end();
      return { type: "GSSENCRequest" };
    case CANCEL_REQUEST:
      return readCancelRequest(reader);
    default:
      return readStartupMessage(reader, code);
  }
}

function readCancelRequest(reader: MessageReader): StartupPacket {
  const processId = reader.uint32();
  const secretKey = reader.rest();
  if (secretKey.length < CANCEL_KEY_BYTES.min || secretKey.length > CANCEL_KEY_BYTES.max) {
    throw fatal("protocol_violation", "invalid length of cancel request packet");
  }
  return { type: "CancelRequest", processId, secretKey };
}

function readStartupMessage(reader: MessageReader, version: number): StartupPacket {
  const major = version >>> 16;
  const minorVersion = version & 0xffff;
  if (major !== 3) {
    throw fatal(
      "protocol_violation",
      `unsupported frontend protocol ${major}.${minorVersion}: server supports 3.0 to 3.2`,
      "The bytes received are not the PostgreSQL protocol; check what is connecting to this port.",
    );
  }
  const parameters = new Map<string, string>();
  for (;;) {
    const name = reader.cstring();
    if (name === "") break;
    parameters.set(name, reader.cstring());
  }
  if (reader.remaining !== 0) {
    throw fatal(
      "protocol_violation",
      "invalid startup packet layout: expected terminator as last byte",
    );
  }
  return { type: "StartupMessage", minorVersion, parameters };
}

function fatal(condition: "protocol_violation", message: string, hint?: string): PgError {
  return new PgError(condition, message, { severity: "FATAL", hint });
}
