import { constants, X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { PgError } from "../core/pg-error.ts";
import type { ClientCertificate, Encryption } from "../session/client-connection.ts";
import { channelBindingOf } from "./certificate-hash.ts";

/** What a server proves itself with, and how it wants its clients to. */
export interface TlsMaterial {
  /** PEM: the server's own certificate first, then those between it and the root. */
  readonly certificate: string;
  readonly key: string;
  /** PEM of the authorities that clients' certificates may come from; undefined: none is asked for. */
  readonly clientCa: string | undefined;
  /** False where something in front of us ends TLS and begins it anew. */
  readonly offersChannelBinding: boolean;
}

export interface EncryptedSocket {
  readonly socket: Socket;
  readonly encryption: Encryption;
  /** What was agreed on by ALPN; only `postgresql` can be. */
  readonly protocol: string | undefined;
}

/** A handshake that came to nothing: the peer's affair, or the network's. */
export class HandshakeFailed extends Error {
  override readonly name = "HandshakeFailed";
}

/** The one protocol that is spoken inside TLS (IANA's registry of ALPN protocol ids). */
export const ALPN_PROTOCOL = "postgresql";

/** Of TLS 1.3 all; of TLS 1.2 only what has forward secrecy and is authenticated encryption. */
const CIPHERS = [
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "TLS_AES_128_GCM_SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
].join(":");

const CURVES = "X25519:prime256v1:secp384r1";

type Settled = (outcome: TLSSocket | HandshakeFailed) => void;

/** One certificate in force. A connection keeps the one that its handshake began with. */
export class TlsEndpoint {
  readonly certificate: X509Certificate;
  readonly #server: Server;
  readonly #channelBinding: Encryption["channelBinding"];
  /** By the peer's address and port, which no two live connections share. */
  readonly #handshakes = new Map<string, Settled>();

  /** Throws where the parts do not fit together. */
  constructor(material: TlsMaterial) {
    this.certificate = firstCertificate(material);
    this.#server = serverOf(material);
    this.#channelBinding = material.offersChannelBinding
      ? channelBindingOf(this.certificate.raw)
      : undefined;
    this.#server.on("secureConnection", (socket) => this.#settle(socket, socket));
    this.#server.on("tlsClientError", (error, socket) => {
      this.#settle(socket, new HandshakeFailed(error.message));
      socket.destroy();
    });
  }

  /** Rejects with HandshakeFailed; the socket is closed then. */
  async handshake(socket: Socket): Promise<EncryptedSocket> {
    const peer = peerOf(socket);
    const outcome = await new Promise<TLSSocket | HandshakeFailed>((resolve) => {
      const closed = (): void => resolve(new HandshakeFailed("the connection was closed"));
      this.#handshakes.set(peer, resolve);
      socket.once("close", closed);
      // Without a peer there is nobody left to greet.
      if (socket.destroyed) closed();
      else this.#server.emit("connection", socket);
    });
    this.#handshakes.delete(peer);
    if (outcome instanceof HandshakeFailed) {
      socket.destroy();
      throw outcome;
    }
    return {
      socket: outcome,
      protocol: outcome.alpnProtocol || undefined,
      encryption: {
        channelBinding: this.#channelBinding,
        clientCertificate: clientCertificateOf(outcome),
        ...agreedOn(outcome),
      },
    };
  }

  #settle(socket: TLSSocket, outcome: TLSSocket | HandshakeFailed): void {
    const settled = this.#handshakes.get(peerOf(socket));
    if (settled !== undefined) settled(outcome);
    else socket.destroy();
  }
}

function agreedOn(socket: TLSSocket): Pick<Encryption, "version" | "cipher" | "bits"> {
  const { name, standardName } = socket.getCipher();
  const bits = /(128|256)/.exec(name)?.[0] ?? (name.includes("CHACHA20") ? "256" : undefined);
  return {
    version: socket.getProtocol() ?? "",
    cipher: standardName,
    bits: bits === undefined ? undefined : Number(bits),
  };
}

/** It listens nowhere: connections are handed to it, and it knows how clients are verified. */
function serverOf({ certificate, key, clientCa }: TlsMaterial): Server {
  try {
    // What is no certificate would be passed over without a word, and nobody's would be valid then.
    if (clientCa !== undefined) new X509Certificate(clientCa);
    return createServer({
      cert: certificate,
      key,
      ca: clientCa,
      requestCert: clientCa !== undefined,
      // Who needs a certificate is known only when the role is.
      rejectUnauthorized: false,
      ALPNProtocols: [ALPN_PROTOCOL],
      minVersion: "TLSv1.2",
      ciphers: CIPHERS,
      honorCipherOrder: true,
      ecdhCurve: CURVES,
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION,
    });
  } catch (error) {
    throw new PgError("config_file_error", "tls.certificate and tls.key cannot be used together", {
      hint: "Both must be PEM, and the key must be the certificate's own, without a passphrase; so must tls.client_ca.",
      cause: error,
    });
  }
}

function firstCertificate({ certificate }: TlsMaterial): X509Certificate {
  try {
    return new X509Certificate(certificate);
  } catch (error) {
    throw new PgError("config_file_error", "tls.certificate holds no certificate", {
      hint: "It must be a PEM file that begins with the server's own certificate.",
      cause: error,
    });
  }
}

function clientCertificateOf(socket: TLSSocket): ClientCertificate {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return { state: "none" };
  if (!socket.authorized) {
    // The code of OpenSSL's verification, though the declaration says Error.
    return { state: "invalid", why: String(socket.authorizationError) };
  }
  // Several of them come as a list, of which PostgreSQL takes the first as well.
  const names: unknown = socket.getPeerCertificate().subject?.CN;
  const first: unknown = Array.isArray(names) ? names[0] : names;
  return { state: "valid", commonName: typeof first === "string" ? first : undefined };
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
