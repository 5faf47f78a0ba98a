import { PgError } from "../core/pg-error.ts";
import { formatOf } from "../engine/engine.ts";
import type { Notice } from "../protocol/error-response.ts";
import type { FieldDescription, FormatCode } from "../protocol/field-description.ts";
import { isFormatCode } from "./bind-values.ts";
import type { ClientConnection } from "./client-connection.ts";
import { textColumns } from "./client-text.ts";
import type { ResultSink } from "./plan.ts";
import type { Portal } from "./portals.ts";

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

  readonly #portal: Pick<Portal, "fields" | "formats"> | undefined;
  /** Where no portal says it. */
  #described: Pick<Portal, "fields" | "formats"> = { fields: [], formats: [] };

  /**
   * In the extended protocol a client has asked for the row description by Describe, and for a format
   * of each column by Bind.
   */
  constructor(
    connection: ClientConnection,
    sent: SentCounters,
    rowDescription: "sent first" | "known already",
    portal?: Pick<Portal, "fields" | "formats">,
  ) {
    this.#connection = connection;
    this.#sent = sent;
    this.#rowDescription = rowDescription;
    this.#portal = portal;
  }

  fields(fields: readonly FieldDescription[], formats: readonly FormatCode[] = []): void {
    this.#described = { fields, formats };
    if (this.#rowDescription === "sent first") {
      this.#connection.send({
        type: "RowDescription",
        fields,
        formats: formatsFor(fields, formats),
      });
    }
  }

  copyOut(format: FormatCode, columnCount: number): void {
    if (format === 1 && this.#connection.encoding === "LATIN1") {
      throw new PgError(
        "feature_not_supported",
        "COPY in binary format is not supported with client_encoding LATIN1",
        { hint: "SET client_encoding TO UTF8, or copy as text or csv." },
      );
    }
    this.#connection.send({ type: "CopyOutResponse", format, columnCount });
  }

  page(pieces: readonly Buffer[]): Promise<void> | undefined {
    for (const piece of pieces) this.#sent.bytes += piece.length;
    if (this.#connection.encoding !== "LATIN1") return this.#connection.sendPage(pieces);
    const { fields = [], formats } = this.#portal ?? this.#described;
    return this.#connection.sendPage(pieces, textColumns(fields, formats.filter(isFormatCode)));
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
