import { PgError } from "../core/pg-error.ts";

/** The first packet of a connection (PostgreSQL documentation 55.7). */
export type StartupPacket =
  | { readonly type: "SSLRequest" }
  | { readonly type: "GSSENCRequest" }
  | { readonly type: "CancelRequest"; readonly processId: number; readonly secretKey: Buffer }
  | StartupMessage;

export interface StartupMessage {
  readonly type: "StartupMessage";
  /** As the client asks for it; it may be one that nobody has heard of. */
  readonly minorVersion: number;
  readonly parameters: ReadonlyMap<string, string>;
}

/** The newest minor version of protocol 3 that is spoken here. */
export const NEWEST_MINOR_VERSION = 2;

const CANCEL_REQUEST = 80877102;
const SSL_REQUEST = 80877103;
const GSSENC_REQUEST = 80877104;

const REQUEST_CODES = { SSLRequest: SSL_REQUEST, GSSENCRequest: GSSENC_REQUEST } as const;

/** Reads the body of a startup packet: what stands behind its length. */
export function readStartupPacket(body: Buffer): StartupPacket {
  if (body.length < 4) {
    throw violation("invalid length of startup packet", NOT_THE_PROTOCOL);
  }
  const code = body.readUInt32BE(0);
  switch (code) {
    case SSL_REQUEST:
      return { type: "SSLRequest" };
    case GSSENC_REQUEST:
      return { type: "GSSENCRequest" };
    case CANCEL_REQUEST:
      return readCancelRequest(body);
    default:
      return readStartupMessage(body, code);
  }
}

/** What PostgreSQL says to a request for encryption that may not come (again) at this point. */
export function requestOutOfPlace(type: keyof typeof REQUEST_CODES): PgError {
  return unsupportedProtocol(REQUEST_CODES[type]);
}

/** A cancel request is never answered: one of another length merely fits no key. */
function readCancelRequest(body: Buffer): StartupPacket {
  const processId = body.length < 8 ? 0 : body.readUInt32BE(4);
  return { type: "CancelRequest", processId, secretKey: body.subarray(8) };
}

function readStartupMessage(body: Buffer, version: number): StartupMessage {
  if (version >>> 16 !== 3) throw unsupportedProtocol(version);
  const parameters = new Map<string, string>();
  const strings = new StringCursor(body, 4);
  for (;;) {
    const name = strings.next();
    if (name === "") break;
    parameters.set(name, strings.next());
  }
  if (!strings.atEnd) throw noTerminator();
  return { type: "StartupMessage", minorVersion: version & 0xffff, parameters };
}

/**
 * Strings behind one another, each with its terminator. Nothing says in what encoding they are; what
 * is not UTF-8 names no user of ours.
 */
class StringCursor {
  readonly #body: Buffer;
  #at: number;

  constructor(body: Buffer, at: number) {
    this.#body = body;
    this.#at = at;
  }

  get atEnd(): boolean {
    return this.#at === this.#body.length;
  }

  next(): string {
    const end = this.#body.indexOf(0, this.#at);
    if (end < 0 || this.atEnd) throw noTerminator();
    const text = this.#body.toString("utf8", this.#at, end);
    this.#at = end + 1;
    return text;
  }
}

function noTerminator(): PgError {
  return violation("invalid startup packet layout: expected terminator as last byte");
}

function unsupportedProtocol(version: number): PgError {
  const asked = `${version >>> 16}.${version & 0xffff}`;
  return new PgError(
    "feature_not_supported",
    `unsupported frontend protocol ${asked}: server supports 3.0 to 3.${NEWEST_MINOR_VERSION}`,
    { severity: "FATAL", hint: NOT_THE_PROTOCOL },
  );
}

const NOT_THE_PROTOCOL =
  "The bytes received are not the PostgreSQL protocol; check what is connecting to this port.";

function violation(message: string, hint?: string): PgError {
  return new PgError("protocol_violation", message, { severity: "FATAL", hint });
}
