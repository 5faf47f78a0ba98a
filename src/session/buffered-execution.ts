import { endOfRows } from "../protocol/data-row.ts";
import type { Notice } from "../protocol/error-response.ts";
import type { FieldDescription } from "../protocol/field-description.ts";
import type { Completion, Execution, ResultSink } from "./plan.ts";

/** A result that is small and whole in memory: of the shadow, or of the gateway itself. */
export interface BufferedResult {
  readonly fields: readonly FieldDescription[] | undefined;
  /** Whole DataRow messages, one behind the other. */
  readonly rows: Buffer;
  readonly tag: string;
}

/** Asks for the result at the first run and hands it out in as many parts as the client wants. */
export class BufferedExecution implements Execution {
  readonly #ask: (sink: ResultSink) => Promise<BufferedResult>;
  #result: BufferedResult | undefined;
  #offset = 0;
  #suspended = false;

  constructor(ask: (sink: ResultSink) => Promise<BufferedResult>) {
    this.#ask = ask;
  }

  async run(sink: ResultSink, maxRows: number): Promise<Completion> {
    if (this.#result === undefined) {
      this.#result = await this.#ask(sink);
      if (this.#result.fields !== undefined) sink.fields(this.#result.fields);
    }
    const { rows, tag } = this.#result;
    const left = rows.subarray(this.#offset);
    const part = endOfRows(left, maxRows === 0 ? Number.POSITIVE_INFINITY : maxRows);
    if (part.end > 0) await sink.page([left.subarray(0, part.end)]);
    this.#offset += part.end;
    if (maxRows !== 0 && part.rows === maxRows) {
      this.#suspended = true;
      return { outcome: "suspended", rows: part.rows };
    }
    // Each Execute reports its own rows, as PostgreSQL does.
    return {
      outcome: "complete",
      rows: part.rows,
      tag: this.#suspended ? tag.replace(/\d+$/, String(part.rows)) : tag,
    };
  }

  close(): void {
    this.#result = undefined;
  }
}

/** Runs a small result to its end and keeps it whole: for the gateway's own use of an answer. */
export async function collect(
  execution: Execution,
  notice: (notice: Notice) => void = () => undefined,
): Promise<BufferedResult> {
  const pages: Buffer[] = [];
  let fields: readonly FieldDescription[] | undefined;
  const completion = await execution.run(
    {
      fields: (described) => {
        fields = described;
      },
      page: (pieces) => {
        pages.push(...pieces);
        return undefined;
      },
      copyOut: () => undefined,
      notice,
    },
    0,
  );
  const tag = completion.outcome === "complete" ? completion.tag : "";
  return { fields, rows: Buffer.concat(pages), tag };
}
