import { once } from "node:events";
import { connect } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { sslRequest } from "./frontend.ts";
import { WireClient } from "./wire-client.ts";

/** TLS by SSLRequest, as libpq begins it. The certificate is looked at only where `ca` is given. */
export async function openTls(port: number, options: ConnectionOptions = {}): Promise<WireClient> {
  return WireClient.over(await tlsSocket(port, options), port);
}

export async function tlsSocket(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const raw = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(raw, "connect");
  raw.write(sslRequest());
  const [answer] = (await once(raw, "data")) as [Buffer];
  if (answer.toString("latin1") !== "S") throw new Error(`no encryption: ${answer.toString()}`);
  return await secured(connectTls({ socket: raw, ...withDefaults(options) }));
}

/** TLS from the first byte, as libpq 17 begins it with sslnegotiation=direct. */
export async function openDirectTls(
  port: number,
  options: ConnectionOptions = {},
): Promise<WireClient> {
  const socket = connectTls({ port, host: "127.0.0.1", ...withDefaults(options) });
  return WireClient.over(await secured(socket), port);
}

async function secured(socket: TLSSocket): Promise<TLSSocket> {
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return socket;
}

function withDefaults(options: ConnectionOptions): ConnectionOptions {
  return { servername: "localhost", rejectUnauthorized: options.ca !== undefined, ...options };
}
