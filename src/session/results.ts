import { formatOf } from "../engine/engine.ts";
import type { Notice } from "../protocol/error-response.ts";
import type { FieldDescription, FormatCode } from "../protocol/field-description.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { ResultSink } from "./plan.ts";

/** Since the last time they were reported, for the metrics. */
export interface SentCounters {
  rows: number;
  bytes: number;
}

/** What an execution produces, as messages to the client. */
export class ClientSink implements ResultSink {
  readonly #connection: ClientConnection;
  readonly #sent: SentCounters;
  readonly #rowDescription: "sent first" | "known already";

  /** In the extended protocol a client has asked for the row description by Describe. */
  constructor(
    connection: ClientConnection,
    sent: SentCounters,
    rowDescription: "sent first" | "known already",
  ) {
    this.#connection = connection;
    this.#sent = sent;
    this.#rowDescription = rowDescription;
  }

  fields(fields: readonly FieldDescription[], formats: readonly FormatCode[] = []): void {
    if (this.#rowDescription === "sent first") {
      this.#connection.send({
        type: "RowDescription",
        fields,
        formats: formatsFor(fields, formats),
      });
    }
  }

  copyOut(format: FormatCode, columnCount: number): void {
    this.#connection.send({ type: "CopyOutResponse", format, columnCount });
  }

  page(pieces: readonly Buffer[]): Promise<void> | undefined {
    for (const piece of pieces) this.#sent.bytes += piece.length;
    return this.#connection.sendPage(pieces);
  }

  notice(notice: Notice): void {
    this.#connection.sendNotice(notice);
  }
}

/** The format code of each column, from Bind's list of none, one or all. */
export function formatsFor(
  fields: readonly FieldDescription[],
  formats: readonly number[],
): readonly number[] {
  return fields.map((_, column) => formatOf(formats, column));
}
