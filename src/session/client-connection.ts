import type { PgError } from "../core/pg-error.ts";
import type { BackendMessage } from "../protocol/backend.ts";
import type { Notice } from "../protocol/error-response.ts";
import type { FrontendMessage } from "../protocol/frontend.ts";

/** As pg_stat_ssl shows it. */
export interface Encryption {
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
  /** Undefined where what is sent can be read on its way. */
  readonly encryption: Encryption | undefined;
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
  /** Whole messages made elsewhere. The promise resolves when the socket can take more. */
  sendPage(pieces: readonly Buffer[]): Promise<void> | undefined;
  flush(): void;
  /** Sends what was collected, then closes. */
  end(): void;
}
