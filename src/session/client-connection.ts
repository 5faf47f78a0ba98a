import type { ChannelBinding } from "../auth/scram.ts";
import type { PgError } from "../core/pg-error.ts";
import type { BackendMessage } from "../protocol/backend.ts";
import type { CellText, ClientEncoding } from "../protocol/client-encoding.ts";
import type { Notice } from "../protocol/error-response.ts";
import type { FrontendMessage } from "../protocol/frontend.ts";

/** What is known of the client's own certificate. */
export type ClientCertificate =
  | { readonly state: "none" }
  /** It comes from an authority that is trusted. */
  | { readonly state: "valid"; readonly commonName: string | undefined }
  | { readonly state: "invalid"; readonly why: string };

/** A connection's TLS, as far as logins depend on it and pg_stat_ssl shows it. */
export interface Encryption {
  /** Undefined where the server's certificate has no hash to bind to. */
  readonly channelBinding: ChannelBinding | undefined;
  readonly clientCertificate: ClientCertificate;
  /** Such as TLSv1.3. */
  readonly version: string;
  readonly cipher: string;
  /** Of its key. */
  readonly bits: number | undefined;
}

/** What a session needs of its socket. */
export interface ClientConnection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Undefined where what is sent can be read on the way. */
  readonly encryption: Encryption | undefined;
  /** In what the client's text is now. */
  readonly encoding: ClientEncoding;
  /** Asked for every message, since it may change with each of them. */
  useEncoding(encoding: () => ClientEncoding): void;
  /** Aborts when the client is gone; the reason is the PgError that ends what still runs for it. */
  readonly closed: AbortSignal;
  /** One message at a time; ends when the client has closed its side. */
  messages(): AsyncIterable<FrontendMessage>;
  /** After authentication larger messages are welcome. */
  acceptLargeMessages(): void;
  /** Collects; nothing leaves before `flush` or a full page. */
  send(message: BackendMessage): void;
  sendRow(values: readonly (string | undefined)[]): void;
  sendError(error: PgError): void;
  sendNotice(notice: Notice): void;
  /**
   * Whole messages made elsewhere, whose text is UTF-8. The promise resolves when the socket can take
   * more. `columns` says what of them is text, where it is not everything.
   */
  sendPage(pieces: readonly Buffer[], columns?: readonly CellText[]): Promise<void> | undefined;
  flush(): void;
  /** Sends what was collected, then closes. */
  end(): void;
}
