import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { PreparedStatement } from "../duckdb/prepared-statement.ts";
import type { ResultColumn, RowStream } from "../duckdb/row-stream.ts";
import type { DataChunk } from "../duckdb/vectors.ts";
import { type CursorRun, type ExecuteRequest, formatOf } from "../engine/engine.ts";
import type { UpFrame } from "../engine/frames.ts";
import type { TypedValue } from "../pgtypes/duckdb-type.ts";
import { readParameter } from "../pgtypes/parameters.ts";
import { type TimeZone, TimeZones } from "../pgtypes/time-zone.ts";
import type { FieldDescription, FormatCode } from "../protocol/field-description.ts";
import type { CopyOptions } from "../sql/statement.ts";
import { fieldsOfError } from "./error-fields.ts";
import { fieldOf } from "./fields.ts";
import type { Lease } from "./lease.ts";
import { checkExpected, rowFormat, sameFormats } from "./result-shape.ts";
import { type CodeCache, createRowEncoder, type RowEncoder } from "./row-encoder.ts";
import { copyHeader, copyTrailer } from "./row-encoder-copy.ts";
import { PageWriter } from "./row-encoder-page.ts";
import { RowSpool } from "./row-spool.ts";
import { ScrolledRows } from "./scrolled-rows.ts";
import type { Occupant } from "./session-catalog.ts";
import type { WorkspaceEngine } from "./workspace-engine.ts";

export interface StreamOutput {
  frame(frame: UpFrame): void;
  page(page: Buffer): void;
}

type RunEnd = Extract<UpFrame, { readonly rows: number }>;

/** A statement that is executed: rows become pages, as far as the client's credit reaches. */
export class StatementStream implements Occupant {
  readonly #workspace: Promise<WorkspaceEngine>;
  readonly #request: ExecuteRequest;
  readonly #output: StreamOutput;
  readonly #codeCache: CodeCache;
  readonly #page = new PageWriter();
  #lease: Lease | undefined;
  #rows: RowStream | undefined;
  /** Of the statement's own result, whatever its rows come from. */
  #columns: readonly ResultColumn[] = [];
  /** Of a request that scrolls: what has come of `#rows` so far, and is read instead. */
  #scrolled: ScrolledRows | undefined;
  /** Where the rows come from since the connection was needed for something else. */
  #spool: RowSpool | undefined;
  #zones = new TimeZones();
  #encoder: RowEncoder | undefined;
  /** Those of the encoder. */
  #formats: readonly FormatCode[] = [];
  /** Until they are sent. */
  #fields: readonly FieldDescription[] | undefined;
  /** What COPY's binary format has behind its rows. */
  #trailer: Buffer | undefined;
  #chunk: DataChunk | undefined;
  /** The one that the encoder has taken its values from. */
  #loaded: DataChunk | undefined;
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
  run(maxRows: number, cursor?: CursorRun): Promise<void> {
    this.#work = this.#work.then(async () => {
      this.#isRunning = true;
      await this.#run(maxRows, cursor);
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
    this.#scrolled?.interrupt(this.#interruption);
    this.#wake();
  }

  /** Ends the statement wherever it is; resolves when its connection is given back. */
  close(): Promise<void> {
    this.#closed = true;
    if (this.#isRunning) this.interrupt();
    this.#work = this.#work.then(() => this.#release("interrupted"));
    return this.#work;
  }

  /** The transaction that it was part of is over. */
  end(): Promise<void> {
    this.#interruption ??= new PgError("invalid_transaction_state", "the transaction has ended");
    this.#work = this.#work.then(() => this.#release("interrupted"));
    return this.#work;
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
      if (this.#scrolled !== undefined) {
        await this.#scrolled.complete();
        await this.#giveBack("clean");
        return;
      }
      this.#spool = await RowSpool.create(workspace.connect, source.columns);
      await this.#spool.drain(source);
      await this.#giveBack("clean");
      this.#rows = await this.#spool.read({ start: 0 });
    } catch (error) {
      // Its own client hears of it when it asks for more; the other statement is none the worse.
      this.#interruption ??= PgError.fromFields(fieldsOfError(error));
      await this.#release("interrupted");
    }
  }

  async #run(maxRows: number, cursor: CursorRun | undefined): Promise<void> {
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
      const outcome = await this.#produce(maxRows, cursor);
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
    if (this.#rows !== undefined || this.#scrolled !== undefined) return;
    const request = this.#request;
    const workspace = await this.#workspace;
    this.#zones = workspace.zones;
    this.#lease = await workspace.lease(request, this);
    this.#rows = await (await this.#prepare(workspace, this.#lease)).stream();
    this.#columns = this.#rows.columns;
    this.#fields = this.#columns.map(fieldOf);
    checkExpected(this.#fields, request.expectedTypeOids);
    if (request.output.kind === "copy") this.#beginCopy(request.output.options);
    if (request.scrolls === true) {
      this.#scrolled = await ScrolledRows.create(this.#rows, workspace.connect);
    }
  }

  async #prepare(workspace: WorkspaceEngine, lease: Lease): Promise<PreparedStatement> {
    const request = this.#request;
    const prepared = await workspace.prepare(lease, request);
    prepared.bind(parametersOf(request, workspace.zones.get(request.settings.timeZone)));
    this.#stopIfInterrupted();
    return prepared;
  }

  /** What of COPY's formats stands around the rows. */
  #beginCopy({ header }: CopyOptions): void {
    const columns = this.#columns;
    const format = rowFormat(this.#request, columns, []);
    if (format.kind === "data-row") return;
    const first = copyHeader(format, header ? columns.map(({ name }) => name) : undefined);
    if (first !== undefined) this.#outputPage(first);
    this.#trailer = copyTrailer(format);
  }

  async #produce(maxRows: number, cursor: CursorRun | undefined): Promise<RunEnd> {
    if (cursor?.rows === "none") return { type: "suspended", rows: 0 };
    const { output } = this.#request;
    const formats = cursor?.formats ?? (output.kind === "rows" ? output.formats : []);
    if (this.#scrolled !== undefined)
      return await this.#scroll(this.#scrolled, maxRows, cursor, formats);
    if (this.#rows === undefined) throw new Error("the stream has not started");
    if (cursor?.rows !== "skipped") this.#encodeAs(formats);
    const end = await this.#pump(this.#rows, maxRows, cursor?.rows === "skipped");
    if (end.type === "complete" && this.#trailer !== undefined) this.#outputPage(this.#trailer);
    return end;
  }

  async #scroll(
    scrolled: ScrolledRows,
    maxRows: number,
    cursor: CursorRun | undefined,
    formats: readonly FormatCode[],
  ): Promise<RunEnd> {
    const place = cursor?.from;
    if (place === undefined) throw new Error("a statement that scrolls is told from where");
    this.#stopIfInterrupted();
    const count = await scrolled.countFrom(place, maxRows);
    if (scrolled.isComplete) await this.#giveBack("clean");
    if (count > 0 && cursor?.rows === "sent") {
      await using range = await scrolled.range(place, count);
      this.#encodeAs(formats);
      await this.#pump(range, 0, false);
    }
    return { type: "suspended", rows: count };
  }

  /** A chunk of which a part was sent goes on in other formats where a cursor's client wants them. */
  #encodeAs(formats: readonly FormatCode[]): void {
    const columns = this.#columns;
    if (this.#encoder !== undefined && sameFormats(columns, formats, this.#formats)) return;
    this.#encoder = createRowEncoder(
      columns,
      rowFormat(this.#request, columns, formats),
      { timeZone: this.#request.settings.timeZone },
      { codeCache: this.#codeCache, zones: this.#zones },
    );
    this.#formats = formats;
    this.#loaded = undefined;
  }

  async #pump(source: RowStream, maxRows: number, isSkipped: boolean): Promise<RunEnd> {
    let rows = 0;
    for (;;) {
      if (this.#chunk === undefined) {
        this.#stopIfInterrupted();
        this.#chunk = await source.next();
        if (this.#chunk === undefined) break;
        this.#nextRow = 0;
      }
      const count = this.#chunk.rowCount;
      const end = maxRows === 0 ? count : Math.min(count, this.#nextRow + maxRows - rows);
      const reached = isSkipped ? end : this.#encode(this.#chunk, this.#nextRow, end);
      rows += reached - this.#nextRow;
      this.#nextRow = reached;
      if (reached === count) this.#chunk = this.#loaded = undefined;
      if (this.#page.length >= LIMITS.pageBytes) await this.#sendPage();
      if (maxRows !== 0 && rows === maxRows) {
        await this.#sendPage();
        return { type: "suspended", rows };
      }
    }
    await this.#sendPage();
    return { type: "complete", rows };
  }

  #encode(chunk: DataChunk, fromRow: number, toRow: number): number {
    if (this.#encoder === undefined) throw new Error("rows are sent in some format");
    if (this.#loaded !== chunk) this.#encoder.load(chunk);
    this.#loaded = chunk;
    return this.#encoder.encode(this.#page, fromRow, toRow);
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
    const [scrolled, spool] = [this.#scrolled, this.#spool];
    this.#scrolled = this.#spool = undefined;
    this.#encoder = undefined;
    this.#chunk = this.#loaded = undefined;
    await scrolled?.close();
    await this.#giveBack(state);
    await spool?.close();
  }

  /** The connection that the statement runs on, and with it the version of the files that it sees. */
  async #giveBack(state: "clean" | "interrupted"): Promise<void> {
    const [rows, lease] = [this.#rows, this.#lease];
    this.#rows = this.#lease = undefined;
    const workspace = await this.#workspace.catch(() => undefined);
    const isJoined = lease !== undefined && workspace?.isJoined(lease) === true;
    await (isJoined ? rows?.abandon() : rows?.close())?.catch(() => undefined);
    if (lease !== undefined) workspace?.release(lease, state);
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
