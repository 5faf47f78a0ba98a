import { quoteIdentifier } from "../core/identifier.ts";
import { PgError } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import { writeBackendMessage } from "../protocol/backend.ts";
import type { FieldDescription, FormatCode } from "../protocol/field-description.ts";
import { MessageWriter } from "../protocol/message-writer.ts";
import { parseStatements } from "../sql/parse.ts";
import type { CopyOptions, CopyRelation, Route, Statement } from "../sql/statement.ts";
import type { SessionContext } from "./context.ts";
import { headerWithFirstRow } from "./copy-binary-header.ts";
import { copyDataEncoder } from "./copy-out-encoding.ts";
import { RowsAsCopyData } from "./copy-out-rows.ts";
import { openInEngine } from "./engine-plan.ts";
import { type Completion, type Execution, NO_BINDING, type Plan, type ResultSink } from "./plan.ts";
import { openInShadowOrEngine } from "./shadow-or-engine.ts";

/** Describes a query, by whoever answers it. */
export type PlanQuery = (statement: Statement, signal: AbortSignal) => Promise<Plan>;

/** Starts a COPY that was classified as one. `plan` is asked for names that the query has not told. */
export function openCopyOut(
  context: SessionContext,
  statement: Statement,
  signal: AbortSignal,
  plan: PlanQuery,
): Execution {
  const { route } = statement;
  if (route.to !== "copy-out") throw new Error("not a COPY");
  const { query, options, relation } = route;
  const columnsOf = async (table: CopyRelation): Promise<readonly string[]> => {
    const [all] = parseStatements(`SELECT * FROM ${nameOf(table)}`, context.sql());
    const fields = all === undefined ? undefined : (await plan(all, signal)).fields;
    return (fields ?? []).map(({ name }) => name);
  };
  return new CopyOutExecution(openRows(context, route, signal), options, {
    columnsOf: relation === undefined ? undefined : () => columnsOf(relation),
    relation,
    // A query inside of a COPY counts its positions from its own start.
    shift: query.offset - statement.offset,
  });
}

function openRows(
  context: SessionContext,
  { query, options }: Extract<Route, { to: "copy-out" }>,
  signal: AbortSignal,
): Execution {
  if (query.route.to !== "shadow") {
    const output = { kind: "copy", options } as const;
    return openInEngine(context, query, NO_BINDING, { signal, output });
  }
  const resultFormats: readonly FormatCode[] = options.format === "binary" ? [1] : [];
  const rows = openInShadowOrEngine(context, query, signal, { ...NO_BINDING, resultFormats });
  return new RowsAsCopyData(rows, options);
}

interface CopySource {
  readonly relation: CopyRelation | undefined;
  readonly columnsOf: (() => Promise<readonly string[]>) | undefined;
  readonly shift: number;
}

/** COPY … TO STDOUT (PostgreSQL documentation, COPY and 55.2.7) over an execution that yields CopyData. */
class CopyOutExecution implements Execution {
  readonly #rows: Execution;
  readonly #options: CopyOptions;
  readonly #source: CopySource;
  /** A column of FORCE_QUOTE that is not copied. */
  #unreferenced: string | undefined;

  constructor(rows: Execution, options: CopyOptions, source: CopySource) {
    this.#rows = rows;
    this.#options = options;
    this.#source = source;
  }

  async run(sink: ResultSink): Promise<Completion> {
    const encode = copyDataEncoder(this.#options.encoding);
    const send: ResultSink["page"] = (pieces) => sink.page(pieces);
    // What is binary has no text to be encoded.
    const page =
      this.#options.format === "binary"
        ? headerWithFirstRow(send)
        : encode === undefined
          ? send
          : (pieces: readonly Buffer[]) => send([encode(Buffer.concat(pieces))]);
    try {
      const completion = await this.#rows.run(
        {
          fields: (fields) => this.#begin(sink, fields),
          page,
          copyOut: () => undefined,
          notice: (notice) => sink.notice(notice),
        },
        0,
      );
      const end = new MessageWriter();
      writeBackendMessage(end, { type: "CopyDone" });
      await sink.page([end.take()]);
      return { outcome: "complete", tag: `COPY ${completion.rows}`, rows: completion.rows };
    } catch (error) {
      throw await this.#explained(error);
    }
  }

  close(): void {
    this.#rows.close();
  }

  #begin(sink: ResultSink, fields: readonly FieldDescription[]): void {
    const { format, forceQuote } = this.#options;
    const names = fields.map(({ name }) => name);
    this.#unreferenced =
      forceQuote === "all" ? undefined : forceQuote.find((name) => !names.includes(name));
    if (this.#unreferenced !== undefined) {
      throw new PgError(
        "invalid_column_reference",
        `FORCE_QUOTE column "${this.#unreferenced}" not referenced by COPY`,
      );
    }
    sink.copyOut(format === "binary" ? 1 : 0, fields.length);
  }

  /** In PostgreSQL's words for a COPY: columns of a table are the table's, and have no position. */
  async #explained(error: unknown): Promise<unknown> {
    if (!(error instanceof PgError)) return error;
    const { relation, columnsOf, shift } = this.#source;
    const unreferenced = this.#unreferenced;
    if (relation === undefined || columnsOf === undefined) {
      if (unreferenced !== undefined) return missingColumn(unreferenced);
      if (error.position === undefined) return error;
      return PgError.fromFields({ ...error.toFields(), position: error.position + shift });
    }
    if (unreferenced === undefined && error.sqlstate !== SQLSTATE.undefined_column) return error;
    const columns = await columnsOf();
    const asked = unreferenced === undefined ? relation.columns : [unreferenced];
    const missing = asked.find((name) => !columns.includes(name));
    return missing === undefined ? error : missingColumn(missing, relation.name);
  }
}

function missingColumn(column: string, table?: string): PgError {
  const place = table === undefined ? "" : ` of relation "${table}"`;
  return new PgError("undefined_column", `column "${column}"${place} does not exist`);
}

function nameOf({ schema, name }: CopyRelation): string {
  return [...(schema === undefined ? [] : [schema]), name].map(quoteIdentifier).join(".");
}
