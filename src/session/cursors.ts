import { PgError } from "../core/pg-error.ts";
import type { FieldDescription, FormatCode } from "../protocol/field-description.ts";
import type { CursorMotion, DeclareCursor, GatewayCommand } from "../sql/statement.ts";
import { BufferedExecution } from "./buffered-execution.ts";
import type { SessionContext } from "./context.ts";
import type { Binding, Completion, Execution, Plan, ResultSink } from "./plan.ts";
import { PortalScan, type ScanTarget } from "./portal-scan.ts";

type Fetch = Extract<GatewayCommand, { kind: "fetch" }>;

const NO_ROWS = Buffer.alloc(0);

/** DECLARE of a query that is planned already: its parameters are the query's. */
export function planForDeclare(context: SessionContext, command: DeclareCursor, query: Plan): Plan {
  return {
    parameterOids: query.parameterOids,
    fields: undefined,
    endsTransaction: false,
    open: (binding, signal) =>
      new BufferedExecution(async (sink) => {
        await declare(context, command, query, { binding, sink, signal });
        return { fields: undefined, rows: NO_ROWS, tag: "DECLARE CURSOR" };
      }),
  };
}

/** An error of the query inside a DECLARE, whose place counts from the start of the DECLARE. */
export function inDeclare({ queryOffset }: DeclareCursor, error: unknown): unknown {
  if (!(error instanceof PgError) || error.position === undefined) return error;
  return PgError.fromFields({ ...error.toFields(), position: error.position + queryOffset });
}

async function declare(
  { transaction, portals }: SessionContext,
  { name, scroll, hold, binary }: DeclareCursor,
  query: Plan,
  run: { readonly binding: Binding; readonly sink: ResultSink; readonly signal: AbortSignal },
): Promise<void> {
  if (!hold) transaction.requireOpen("DECLARE CURSOR");
  portals.requireFree(name);
  const abort = new AbortController();
  const binding: Binding = { ...run.binding, resultFormats: [], scrolls: scroll };
  const scan = new PortalScan(query.open(binding, abort.signal), {
    portal: name,
    returnsRows: true,
    scrolls: scroll,
    abort,
  });
  const fields = query.fields ?? [];
  portals.add(name, {
    scan,
    fields,
    formats: [],
    endsTransaction: false,
    isBinary: binary,
    holds: hold,
  });
  if (!hold) return;
  // What it shows is what its transaction sees, which may be over before the first FETCH.
  try {
    await scan.begin(new CursorSink(run.sink, fields, []), run.signal);
  } catch (error) {
    portals.close(name);
    throw error;
  }
}

/** FETCH or MOVE. What it returns is the cursor's affair, at the time when somebody asks. */
export function planForFetch(context: SessionContext, command: Fetch): Plan {
  return {
    parameterOids: [],
    get fields(): readonly FieldDescription[] | undefined {
      return command.isMove ? undefined : context.portals.find(command.name)?.fields;
    },
    endsTransaction: false,
    open: ({ resultFormats }, signal) =>
      new FetchExecution(context, command, resultFormats, signal),
  };
}

/** In a simple Query, where nobody has said which formats: those of the cursor. */
export function openFetch(context: SessionContext, command: Fetch, signal: AbortSignal): Execution {
  const isBinary = context.portals.find(command.name)?.isBinary === true;
  return new FetchExecution(context, command, isBinary ? [1] : [], signal);
}

/** CLOSE name, or CLOSE ALL. Answers with the tag. */
export function closeCursors({ portals }: SessionContext, name: string | undefined): string {
  if (name === undefined) {
    portals.closeAll();
    return "CLOSE CURSOR ALL";
  }
  if (portals.cursor(name).scan?.isRunning === true) {
    throw new PgError("invalid_cursor_state", `cannot drop active portal "${name}"`);
  }
  portals.close(name);
  return "CLOSE CURSOR";
}

class FetchExecution implements Execution {
  readonly #context: SessionContext;
  readonly #command: Fetch;
  readonly #formats: readonly FormatCode[];
  readonly #signal: AbortSignal;
  /** What an Execute with a limit has left to do. */
  #motion: CursorMotion | undefined;

  constructor(
    context: SessionContext,
    command: Fetch,
    formats: readonly FormatCode[],
    signal: AbortSignal,
  ) {
    this.#context = context;
    this.#command = command;
    this.#formats = formats;
    this.#signal = signal;
    this.#motion = fromTheFront(command.motion);
  }

  async run(sink: ResultSink, maxRows: number): Promise<Completion> {
    const { name, isMove } = this.#command;
    const { scan, fields } = this.#context.portals.cursor(name);
    if (scan === undefined || fields === undefined) {
      throw new PgError("object_not_in_prerequisite_state", `portal "${name}" cannot be run`);
    }
    const described = new CursorSink(sink, fields, this.#formats);
    const target: ScanTarget = {
      sink: described,
      rows: isMove ? "skipped" : "sent",
      formats: this.#formats,
    };
    const limit = maxRows === 0 || isMove ? Number.POSITIVE_INFINITY : maxRows;
    const rows = await this.#move(scan, target, limit);
    if (isMove) return { outcome: "complete", tag: `MOVE ${rows}`, rows: 0 };
    described.describe();
    return rows === limit
      ? { outcome: "suspended", rows }
      : { outcome: "complete", tag: `FETCH ${rows}`, rows };
  }

  /** The cursor is its own: it outlives the FETCH. */
  close(): void {
    this.#motion = undefined;
  }

  /**
   * PostgreSQL runs the whole FETCH and keeps its rows; here an Execute with a limit moves the cursor
   * only as far as it has sent rows.
   */
  async #move(scan: PortalScan, target: ScanTarget, limit: number): Promise<number> {
    const motion = this.#motion;
    if (motion === undefined) return 0;
    const isLong = motion.direction === "forward" || motion.direction === "backward";
    const part = isLong ? { ...motion, count: Math.min(motion.count, limit) } : motion;
    const left = motion.count - part.count;
    this.#motion = isLong && left > 0 ? { ...motion, count: left } : undefined;
    try {
      return await scan.fetch(part, target, this.#signal);
    } catch (error) {
      // A place in the cursor's query means nothing in the text of the FETCH.
      if (!(error instanceof PgError) || error.position === undefined) throw error;
      throw PgError.fromFields({ ...error.toFields(), position: undefined });
    }
  }
}

/** FORWARD -3 is BACKWARD 3. */
function fromTheFront({ direction, count }: CursorMotion): CursorMotion {
  if (count >= 0 || direction === "absolute" || direction === "relative")
    return { direction, count };
  return { direction: direction === "forward" ? "backward" : "forward", count: -count };
}

/** The row description is the cursor's, and goes ahead of the first rows or of the end. */
class CursorSink implements ResultSink {
  readonly #sink: ResultSink;
  readonly #fields: readonly FieldDescription[];
  readonly #formats: readonly FormatCode[];
  #isDescribed = false;

  constructor(
    sink: ResultSink,
    fields: readonly FieldDescription[],
    formats: readonly FormatCode[],
  ) {
    this.#sink = sink;
    this.#fields = fields;
    this.#formats = formats;
  }

  describe(): void {
    if (this.#isDescribed) return;
    this.#isDescribed = true;
    this.#sink.fields(this.#fields, this.#formats);
  }

  /** Those of the cursor's query. */
  fields(): void {}

  page(pieces: readonly Buffer[]): Promise<void> | undefined {
    this.describe();
    return this.#sink.page(pieces);
  }

  copyOut(): void {}

  notice(notice: Parameters<ResultSink["notice"]>[0]): void {
    this.#sink.notice(notice);
  }
}
