import { PgError } from "../core/pg-error.ts";
import { writeBackendMessage } from "../protocol/backend.ts";
import type { FieldDescription, FormatCode } from "../protocol/field-description.ts";
import { MessageWriter } from "../protocol/message-writer.ts";
import { referencesOf } from "../sql/relations.ts";
import type { CopyOptions, Statement } from "../sql/statement.ts";
import type { SessionContext } from "./context.ts";
import { headerWithFirstRow } from "./copy-binary-header.ts";
import { openInEngine } from "./engine-plan.ts";
import { type Completion, type Execution, NO_BINDING, type ResultSink } from "./plan.ts";

/** COPY … TO STDOUT (PostgreSQL documentation, COPY and 55.2.7) over an execution that yields CopyData. */
export class CopyOutExecution implements Execution {
  readonly #rows: Execution;
  readonly #options: CopyOptions;

  constructor(rows: Execution, options: CopyOptions) {
    this.#rows = rows;
    this.#options = options;
  }

  async run(sink: ResultSink): Promise<Completion> {
    const page: ResultSink["page"] = (pieces) => sink.page(pieces);
    const completion = await this.#rows.run(
      {
        fields: (fields) => this.#begin(sink, fields),
        page: this.#options.format === "binary" ? headerWithFirstRow(page) : page,
        copyOut: () => undefined,
        notice: (notice) => sink.notice(notice),
      },
      0,
    );
    const end = new MessageWriter();
    writeBackendMessage(end, { type: "CopyDone" });
    await sink.page([end.take()]);
    return { outcome: "complete", tag: `COPY ${completion.rows}`, rows: completion.rows };
  }

  close(): void {
    this.#rows.close();
  }

  #begin(sink: ResultSink, fields: readonly FieldDescription[]): void {
    const format: FormatCode = this.#options.format === "binary" ? 1 : 0;
    sink.copyOut(format, fields.length);
  }
}

/** Starts a COPY that was classified as one. */
export function openCopyOut(
  context: SessionContext,
  statement: Statement,
  signal: AbortSignal,
): Execution {
  if (statement.route.to !== "copy-out") throw new Error("not a COPY");
  const { query, options } = statement.route;
  if (
    query.route.to === "shadow" &&
    query.ast !== undefined &&
    referencesOf(query.ast).relations.length > 0
  ) {
    throw new PgError("feature_not_supported", "COPY of system catalogs is not supported", {
      hint: "Run the query itself.",
    });
  }
  const output = { kind: "copy", options } as const;
  return new CopyOutExecution(
    openInEngine(context, query, NO_BINDING, { signal, output }),
    options,
  );
}
