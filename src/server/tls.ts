import { once } from "node:events";
import type { Socket } from "node:net";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { PgError } from "../core/pg-error.ts";
import type { Connection } from "./connection.ts";

export interface Certificate {
  /** PEM: the server's own certificate first, then those between it and the root. */
  readonly certificate: string;
  readonly key: string;
}

/** Checks a certificate and its key once, when they are loaded. */
export function secureContextOf({ certificate, key }: Certificate): SecureContext {
  try {
    return createSecureContext({ cert: certificate, key, minVersion: "TLSv1.2" });
  } catch (error) {
    throw new PgError("config_file_error", "tls.certificate and tls.key cannot be used together", {
      hint: "Both must be PEM, and the key must be the certificate's own, without a passphrase.",
      cause: error,
    });
  }
}

/** Answers an SSLRequest with S and makes the handshake (PostgreSQL documentation 55.2.11). */
export async function encrypt(
  connection: Connection,
  secureContext: SecureContext,
): Promise<Socket> {
  const socket = connection.detach();
  const encrypted = new TLSSocket(socket, { isServer: true, secureContext });
  connection.sendByte("S");
  await once(encrypted, "secure");
  return encrypted;
}
