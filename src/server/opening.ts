import { PgError } from "../core/pg-error.ts";
import { requestOutOfPlace, type StartupMessage } from "../protocol/startup.ts";
import { Connection } from "./connection.ts";
import { ALPN_PROTOCOL, HandshakeFailed, type TlsEndpoint } from "./tls.ts";

export interface OpeningSettings {
  readonly tls: TlsEndpoint | undefined;
  readonly requireTls: boolean;
}

/** What a connection turned out to be for. */
export type Opening =
  | { readonly next: "session"; readonly message: StartupMessage }
  | { readonly next: "cancel"; readonly processId: number; readonly secretKey: Buffer }
  | { readonly next: "gone" };

/** A ClientHello's first byte, which is no beginning of a length that a startup packet may have. */
const CLIENT_HELLO = 0x16;

/**
 * From the first byte to the startup packet (PostgreSQL documentation 55.2.1, 55.2.11, 55.2.12).
 * `encrypted` hears of the connection that takes this one's place.
 */
export async function openConnection(
  first: Connection,
  settings: OpeningSettings,
  encrypted: (connection: Connection) => void,
): Promise<Opening> {
  let connection = first;
  // As in PostgreSQL each may be asked for again only when the other was refused in between.
  let mayAskFor = { tls: true, gss: true };
  const startTls = async (endpoint: TlsEndpoint): Promise<string | undefined> => {
    const secured = await endpoint.handshake(connection.detach());
    connection = new Connection(secured.socket, first.bounds, secured.encryption);
    encrypted(connection);
    return secured.protocol;
  };
  if ((await connection.nextByte()) === CLIENT_HELLO) {
    if (settings.tls === undefined) throw new HandshakeFailed("there is no encryption here");
    if ((await startTls(settings.tls)) !== ALPN_PROTOCOL) throw withoutAlpn();
  }
  for (;;) {
    const packet = await connection.startupPacket();
    if (packet === undefined) return { next: "gone" };
    switch (packet.type) {
      case "GSSENCRequest":
        if (!mayAskFor.gss) throw requestOutOfPlace(packet.type);
        refuseUnencrypted(connection, "GSSAPI encryption");
        connection.sendByte("N");
        mayAskFor = { tls: true, gss: false };
        break;
      case "SSLRequest": {
        if (!mayAskFor.tls) throw requestOutOfPlace(packet.type);
        refuseUnencrypted(connection, "SSL");
        const endpoint = connection.encryption === undefined ? settings.tls : undefined;
        connection.sendByte(endpoint === undefined ? "N" : "S");
        mayAskFor = { tls: false, gss: endpoint === undefined };
        if (endpoint !== undefined) await startTls(endpoint);
        break;
      }
      case "CancelRequest":
        return { next: "cancel", processId: packet.processId, secretKey: packet.secretKey };
      case "StartupMessage":
        if (settings.requireTls && connection.encryption === undefined) throw encryptionRequired();
        return { next: "session", message: packet };
    }
  }
}

/** Whoever sent more could have been between the client and us (CVE-2021-23214). */
function refuseUnencrypted(connection: Connection, request: string): void {
  if (connection.bufferedBytes === 0) return;
  throw violation(
    `received unencrypted data after ${request} request`,
    "This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.",
  );
}

/** Without it, bytes of another protocol could be replayed to us (the ALPACA attack). */
function withoutAlpn(): PgError {
  return violation(
    "received direct SSL connection request without ALPN protocol negotiation extension",
  );
}

function violation(message: string, detail?: string): PgError {
  return new PgError("protocol_violation", message, { severity: "FATAL", detail });
}

function encryptionRequired(): PgError {
  return new PgError("invalid_authorization_specification", "this server requires encryption", {
    severity: "FATAL",
    hint: "Connect with sslmode=require.",
  });
}
