import type { CursorRun } from "../engine/engine.ts";
import { endOfRows } from "../protocol/data-row.ts";
import type { Notice } from "../protocol/error-response.ts";
import type { FieldDescription, FormatCode } from "../protocol/field-description.ts";
import type { Completion, Execution, ResultSink } from "./plan.ts";

/** A result that is small and whole in memory: of the shadow, or of the gateway itself. */
export interface BufferedResult {
  readonly fields: readonly FieldDescription[] | undefined;
  /** Whole DataRow messages, one behind the other. */
  readonly rows: Buffer;
  readonly tag: string;
}

type Ask = (sink: ResultSink, formats: readonly FormatCode[]) => Promise<BufferedResult>;

/** Asks for the result at the first run and hands it out in as many parts as the client wants. */
export class BufferedExecution implements Execution {
  readonly #ask: Ask;
  readonly #formats: readonly FormatCode[] | undefined;
  #result: { readonly answer: BufferedResult; readonly formats: string } | undefined;
  /** What a run goes on from: a row, and where it starts. */
  #row = 0;
  #offset = 0;
  #suspended = false;

  /** Without formats the answer is the same in any. */
  constructor(ask: Ask, formats?: readonly FormatCode[]) {
    this.#ask = ask;
    this.#formats = formats;
  }

  async run(sink: ResultSink, maxRows: number, cursor?: CursorRun): Promise<Completion> {
    const { rows, tag } = await this.#answer(sink, cursor?.formats);
    if (cursor?.rows === "none") return { outcome: "suspended", rows: 0 };
    if (cursor?.from !== undefined) return await this.#scroll(rows, sink, maxRows, cursor);
    const left = rows.subarray(this.#offset);
    const part = endOfRows(left, maxRows === 0 ? Number.POSITIVE_INFINITY : maxRows);
    if (part.end > 0 && cursor?.rows !== "skipped") await sink.page([left.subarray(0, part.end)]);
    this.#offset += part.end;
    this.#row += part.rows;
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

  /** A cursor whose client changes the formats on the way has the result asked for once more. */
  async #answer(
    sink: ResultSink,
    wanted: readonly FormatCode[] | undefined,
  ): Promise<BufferedResult> {
    const formats = (this.#formats && wanted) ?? this.#formats ?? [];
    const key = formats.join();
    if (this.#result?.formats === key) return this.#result.answer;
    const isFirst = this.#result === undefined;
    const answer = await this.#ask(sink, formats);
    this.#result = { answer, formats: key };
    this.#offset = endOfRows(answer.rows, this.#row).end;
    if (isFirst && answer.fields !== undefined) sink.fields(answer.fields);
    return answer;
  }

  async #scroll(
    rows: Buffer,
    sink: ResultSink,
    maxRows: number,
    { rows: use, from }: CursorRun,
  ): Promise<Completion> {
    const limit = maxRows === 0 ? Number.POSITIVE_INFINITY : maxRows;
    const row = from?.row ?? 0;
    const isForward = from?.direction !== "backward";
    const first = isForward ? row : Math.max(0, row + 1 - limit);
    const start = endOfRows(rows, first).end;
    const part = endOfRows(rows.subarray(start), isForward ? limit : row + 1 - first);
    const found = rows.subarray(start, start + part.end);
    if (use === "sent" && part.rows > 0) await sink.page(isForward ? [found] : reversed(found));
    return { outcome: "suspended", rows: part.rows };
  }
}

/** The rows, the last one first. */
function reversed(rows: Buffer): readonly Buffer[] {
  const messages: Buffer[] = [];
  for (let start = 0; start < rows.length; ) {
    const { end } = endOfRows(rows.subarray(start), 1);
    messages.push(rows.subarray(start, start + end));
    start += end;
  }
  return messages.toReversed();
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
