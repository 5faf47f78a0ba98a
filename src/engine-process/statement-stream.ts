import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { PreparedStatement } from "../duckdb/prepared-statement.ts";
import type { ResultColumn, RowStream } from "../duckdb/row-stream.ts";
import type { DataChunk } from "../duckdb/vectors.ts";
import { type ExecuteRequest, formatOf } from "../engine/engine.ts";
import type { UpFrame } from "../engine/frames.ts";
import type { TypedValue } from "../pgtypes/duckdb-type.ts";
import { readParameter } from "../pgtypes/parameters.ts";
import type { TimeZone } from "../pgtypes/time-zone.ts";
import type { FieldDescription } from "../protocol/field-description.ts";
import { fieldsOfError } from "./error-fields.ts";
import { fieldOf } from "./fields.ts";
import type { Lease } from "./lease.ts";
import {
  type CodeCache,
  createRowEncoder,
  type RowEncoder,
  type RowFormat,
} from "./row-encoder.ts";
import { copyHeader, copyTrailer } from "./row-encoder-copy.ts";
import { PageWriter } from "./row-encoder-page.ts";
import { RowSpool } from "./row-spool.ts";
import type { Occupant } from "./session-catalog.ts";
import type { WorkspaceEngine } from "./workspace-engine.ts";

export interface StreamOutput {
  frame(frame: UpFrame): void;
  page(page: Buffer): void;
}

/** A statement that is executed: rows become pages, as far as the client's credit reaches. */
export class StatementStream implements Occupant {
  readonly #workspace: Promise<WorkspaceEngine>;
  readonly #request: ExecuteRequest;
  readonly #output: StreamOutput;
  readonly #codeCache: CodeCache;
  readonly #page = new PageWriter();
  #lease: Lease | undefined;
  #rows: RowStream | undefined;
  /** Where the rows come from since the connection was needed for something else. */
  #spool: RowSpool | undefined;
  #encoder: RowEncoder | undefined;
  /** Until they are sent. */
  #fields: readonly FieldDescription[] | undefined;
  /** What COPY's binary format has behind its rows. */
  #trailer: Buffer | undefined;
  #chunk: DataChunk | undefined;
  #nextRow = 0;
  #creditBytes: number;
  #creditArrived: (() => void) | undefined;
  #interruption: PgError | undefined;
  #work: Promise<void> = Promise.resolve();
  #isRunning = false;
  #closed = false;

  constructor(
    workspace: Promise<WorkspaceEngine>,
    request: ExecuteRequest,
    creditBytes: number,
    output: StreamOutput,
    codeCache: CodeCache,
  ) {
    this.#codeCache = codeCache;
    this.#workspace = workspace;
    this.#request = request;
    this.#creditBytes = creditBytes;
    this.#output = output;
  }

  /** Sends rows until `maxRows` (0 is all), then how it ended. Resolves when nothing runs any more. */
  run(maxRows: number): Promise<void> {
    this.#work = this.#work.then(async () => {
      this.#isRunning = true;
      await this.#run(maxRows);
      this.#isRunning = false;
    });
    return this.#work;
  }

  credit(bytes: number): void {
    this.#creditBytes += bytes;
    if (this.#creditBytes > 0) this.#wake();
  }

  interrupt(): void {
    this.#interruption ??= new PgError("query_canceled", "canceling statement due to user request");
    this.#lease?.connection.interrupt(this.#interruption);
    this.#wake();
  }

  /** Ends the statement wherever it is; resolves when its connection is given back. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#isRunning) this.interrupt();
    await this.#work;
    await this.#release("interrupted");
  }

  /** The transaction that it was part of is over. */
  async end(): Promise<void> {
    this.#interruption ??= new PgError("invalid_transaction_state", "the transaction has ended");
    await this.#work;
    await this.#release("interrupted");
  }

  /**
   * What is left of the rows goes to a spool, so that another statement can have the connection.
   * Only a stream that is suspended is ever asked: a session runs one statement at a time.
   */
  vacate(): Promise<void> {
    this.#work = this.#work.then(() => this.#spoolRows());
    return this.#work;
  }

  async #spoolRows(): Promise<void> {
    const [source, lease] = [this.#rows, this.#lease];
    if (source === undefined || lease === undefined || this.#closed) return;
    const workspace = await this.#workspace;
    try {
      this.#spool = await RowSpool.create(workspace.connect, source.columns);
      await this.#spool.drain(source);
      this.#rows = await this.#spool.read({ start: 0 });
      workspace.release(lease, "clean");
      this.#lease = undefined;
    } catch (error) {
      // Its own client hears of it when it asks for more; the other statement is none the worse.
      this.#interruption ??= PgError.fromFields(fieldsOfError(error));
      await this.#release("interrupted");
    }
  }

  async #run(maxRows: number): Promise<void> {
    if (this.#closed) return;
    try {
      this.#stopIfInterrupted();
      if (this.#request.output.kind === "none") {
        const rows = await this.#change();
        await this.#release("clean");
        this.#output.frame({ type: "complete", rows });
        return;
      }
      await this.#start();
      const outcome = await this.#pump(maxRows);
      this.#outputFields();
      this.#output.frame(outcome);
      if (outcome.type === "complete") await this.#release("clean");
    } catch (error) {
      await this.#release("interrupted");
      this.#output.frame({ type: "failed", error: fieldsOfError(error) });
    }
  }

  /** Runs it for its effect. */
  async #change(): Promise<number> {
    const workspace = await this.#workspace;
    this.#lease = await workspace.lease(this.#request, this);
    const prepared = await this.#prepare(workspace, this.#lease);
    const rows = await prepared.run();
    if (!prepared.changesRowsOnly) this.#lease.forget();
    return rows;
  }

  async #start(): Promise<void> {
    if (this.#rows !== undefined) return;
    const request = this.#request;
    const workspace = await this.#workspace;
    this.#lease = await workspace.lease(request, this);
    this.#rows = await (await this.#prepare(workspace, this.#lease)).stream();
    const fields = this.#rows.columns.map(fieldOf);
    checkExpected(fields, request.expectedTypeOids);
    const format = rowFormat(request, this.#rows.columns);
    const { timeZone } = request.settings;
    this.#encoder = createRowEncoder(
      this.#rows.columns,
      format,
      { timeZone },
      {
        codeCache: this.#codeCache,
        zones: workspace.zones,
      },
    );
    this.#fields = fields;
    if (format.kind !== "data-row") {
      const { output } = request;
      const hasHeader = output.kind === "copy" && output.options.header;
      const header = copyHeader(format, hasHeader ? fields.map(({ name }) => name) : undefined);
      if (header !== undefined) this.#outputPage(header);
      this.#trailer = copyTrailer(format);
    }
  }

  async #prepare(workspace: WorkspaceEngine, lease: Lease): Promise<PreparedStatement> {
    const request = this.#request;
    const prepared = await workspace.prepare(lease, request);
    prepared.bind(parametersOf(request, workspace.zones.get(request.settings.timeZone)));
    this.#stopIfInterrupted();
    return prepared;
  }

  async #pump(maxRows: number): Promise<Extract<UpFrame, { rows: number }>> {
    const [source, encoder] = [this.#rows, this.#encoder];
    if (source === undefined || encoder === undefined)
      throw new Error("the stream has not started");
    let rows = 0;
    for (;;) {
      if (this.#chunk === undefined) {
        this.#stopIfInterrupted();
        this.#chunk = await source.next();
        if (this.#chunk === undefined) break;
        encoder.load(this.#chunk);
        this.#nextRow = 0;
      }
      const count = this.#chunk.rowCount;
      const end = maxRows === 0 ? count : Math.min(count, this.#nextRow + maxRows - rows);
      const reached = encoder.encode(this.#page, this.#nextRow, end);
      rows += reached - this.#nextRow;
      this.#nextRow = reached;
      if (reached === count) this.#chunk = undefined;
      if (this.#page.length >= LIMITS.pageBytes) await this.#sendPage();
      if (maxRows !== 0 && rows === maxRows) {
        await this.#sendPage();
        return { type: "suspended", rows };
      }
    }
    await this.#sendPage();
    if (this.#trailer !== undefined) this.#outputPage(this.#trailer);
    return { type: "complete", rows };
  }

  async #sendPage(): Promise<void> {
    if (this.#page.length === 0) return;
    const page = this.#page.take();
    this.#creditBytes -= page.length;
    this.#outputPage(page);
    if (this.#creditBytes <= 0 && this.#interruption === undefined) {
      await new Promise<void>((resolve) => {
        this.#creditArrived = resolve;
      });
    }
    this.#stopIfInterrupted();
  }

  #outputPage(page: Buffer): void {
    this.#outputFields();
    this.#output.page(page);
  }

  /** With the first page or the end, so that a small answer leaves in one write. */
  #outputFields(): void {
    if (this.#fields === undefined) return;
    this.#output.frame({ type: "fields", fields: this.#fields });
    this.#fields = undefined;
  }

  #stopIfInterrupted(): void {
    if (this.#interruption !== undefined) throw this.#interruption;
  }

  #wake(): void {
    this.#creditArrived?.();
    this.#creditArrived = undefined;
  }

  async #release(state: "clean" | "interrupted"): Promise<void> {
    const workspace = await this.#workspace.catch(() => undefined);
    const isJoined = this.#lease !== undefined && workspace?.isJoined(this.#lease) === true;
    if (isJoined) await this.#rows?.abandon();
    else await this.#rows?.close();
    if (this.#lease !== undefined) workspace?.release(this.#lease, state);
    await this.#spool?.close();
    this.#spool = undefined;
    this.#rows = undefined;
    this.#lease = undefined;
    this.#encoder = undefined;
    this.#chunk = undefined;
  }
}

function parametersOf(request: ExecuteRequest, zone: TimeZone): readonly TypedValue[] {
  const context = { zone, nowMicros: BigInt(Date.now()) * 1000n };
  return request.parameters.map((bytes, index) =>
    readParameter(
      {
        typeOid: request.parameterOids[index] ?? 0,
        format: formatOf(request.parameterFormats, index),
        bytes: bytes ?? null,
        number: index + 1,
      },
      context,
    ),
  );
}

/** The client reads values by the types it was told: other ones must not reach it. */
function checkExpected(
  fields: readonly FieldDescription[],
  expected: readonly number[] | undefined,
): void {
  if (expected === undefined) return;
  const same =
    expected.length === fields.length &&
    fields.every((field, index) => field.typeOid === expected[index]);
  if (!same) {
    throw new PgError("feature_not_supported", "cached plan must not change result type", {
      hint: "The table has changed since the statement was prepared; prepare it again.",
    });
  }
}

function rowFormat(request: ExecuteRequest, columns: readonly ResultColumn[]): RowFormat {
  const { output } = request;
  if (output.kind !== "copy") {
    return {
      kind: "data-row",
      formats: columns.map((_, index) =>
        formatOf(output.kind === "rows" ? output.formats : [], index),
      ),
    };
  }
  const { format, delimiter, nullText, quote, escape, forceQuote } = output.options;
  switch (format) {
    case "binary":
      return { kind: "copy-binary" };
    case "text":
      return { kind: "copy-text", delimiter, nullText };
    case "csv":
      return {
        kind: "copy-csv",
        delimiter,
        nullText,
        quote,
        escape,
        forceQuote: columns.map(({ name }) => forceQuote === "all" || forceQuote.includes(name)),
      };
  }
}
