import { PgError } from "../core/pg-error.ts";
import type { RowPlace } from "../engine/engine.ts";
import type { FormatCode } from "../protocol/field-description.ts";
import type { CursorMotion } from "../sql/statement.ts";
import type { Completion, Execution, ResultSink } from "./plan.ts";

/** Where the rows of a motion go. */
export interface ScanTarget {
  readonly sink: ResultSink;
  readonly rows: "sent" | "skipped";
  /** Undefined: as the portal's own Bind has asked for. */
  readonly formats: readonly FormatCode[] | undefined;
}

export interface ScanOptions {
  /** For what is said of it. */
  readonly portal: string;
  readonly returnsRows: boolean;
  /** Rows may be asked for again: the execution was opened to scroll. */
  readonly scrolls: boolean;
  /** Ends the execution. */
  readonly abort: AbortController;
}

type State = "ready" | "running" | "failed" | "done";

/**
 * Where a portal stands in its rows: before the first, on one of them or behind the last. Motions
 * are those of PostgreSQL's pquery.c, by its rules: which ones ask for a way back decides which of
 * them a portal without SCROLL refuses.
 */
export class PortalScan {
  readonly #execution: Execution;
  readonly #options: ScanOptions;
  #state: State = "ready";
  /** Rows up to the one it stands on, counted from 1. */
  #position = 0;
  #atStart = true;
  #atEnd = false;
  #tag = "SELECT 0";

  constructor(execution: Execution, options: ScanOptions) {
    this.#execution = execution;
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#state === "running";
  }

  /** What an Execute message asks for: the next rows, or for a command that it is carried out. */
  async execute(sink: ResultSink, maxRows: number, signal: AbortSignal): Promise<Completion> {
    if (!this.#options.returnsRows) {
      const completion = await this.#run(signal, () => this.#execution.run(sink, maxRows));
      this.#state = "done";
      return completion;
    }
    const count = maxRows === 0 ? Number.POSITIVE_INFINITY : maxRows;
    const target: ScanTarget = { sink, rows: "sent", formats: undefined };
    const rows = await this.#run(signal, () => this.#forward(count, target));
    if (!this.#atEnd) return { outcome: "suspended", rows };
    return {
      outcome: "complete",
      rows,
      tag: this.#tag.replace(/^(SELECT|FETCH) \d+$/, `$1 ${rows}`),
    };
  }

  /** FETCH and MOVE: answers how many rows there were. */
  async fetch(motion: CursorMotion, target: ScanTarget, signal: AbortSignal): Promise<number> {
    return await this.#run(signal, () => this.#move(motion, target));
  }

  /** Fixes what the rows will be of, without any of them. */
  async begin(sink: ResultSink, signal: AbortSignal): Promise<void> {
    await this.#run(signal, () =>
      this.#execution.run(sink, 0, { rows: "none", formats: undefined }),
    );
  }

  close(): void {
    this.#execution.close();
  }

  /** An execution outlives the message that runs it: only while one does may the message abort it. */
  async #run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const { portal, abort: controller } = this.#options;
    if (this.#state !== "ready") {
      throw new PgError("object_not_in_prerequisite_state", `portal "${portal}" cannot be run`);
    }
    const abort = (): void => controller.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    this.#state = "running";
    try {
      const outcome = await work();
      this.#state = "ready";
      return outcome;
    } catch (error) {
      this.#state = "failed";
      this.#execution.close();
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** PostgreSQL's DoPortalRunFetch(). */
  async #move({ direction, count }: CursorMotion, target: ScanTarget): Promise<number> {
    switch (direction) {
      case "absolute":
        return await this.#moveTo(count, target);
      case "relative":
        if (count === 0) return await this.#stay("forward", target);
        await this.#step(count - Math.sign(count), skipping(target));
        return await this.#step(Math.sign(count), target);
      case "forward":
        return count === 0 ? await this.#stay(direction, target) : await this.#step(count, target);
      case "backward":
        if (count === 0) return await this.#stay(direction, target);
        if (count === Number.POSITIVE_INFINITY && target.rows === "skipped") {
          const passed = this.#position - (this.#position > 0 && !this.#atEnd ? 1 : 0);
          this.#rewind();
          return passed;
        }
        return await this.#step(-count, target);
    }
  }

  async #moveTo(row: number, target: ScanTarget): Promise<number> {
    if (row === 0) {
      this.#rewind();
      return 0;
    }
    if (row < 0) {
      await this.#forward(Number.POSITIVE_INFINITY, skipping(target));
      await this.#step(row + 1, skipping(target));
      return await this.#backward(1, target);
    }
    if (row - 1 <= this.#position / 2) {
      this.#rewind();
      await this.#step(row - 1, skipping(target));
    } else {
      const position = this.#position + (this.#atEnd ? 1 : 0);
      // To stand on the row before it.
      await this.#step(row - 1 - position, skipping(target));
    }
    return await this.#forward(1, target);
  }

  /** A count of 0 is the current row once more, which takes a way back. */
  async #stay(direction: "forward" | "backward", target: ScanTarget): Promise<number> {
    const isOnRow = !this.#atStart && !this.#atEnd;
    if (target.rows === "skipped") return isOnRow ? 1 : 0;
    if (isOnRow) {
      await this.#backward(1, skipping(target));
      return await this.#forward(1, target);
    }
    if (direction === "backward") this.#requireScroll();
    return 0;
  }

  async #step(rows: number, target: ScanTarget): Promise<number> {
    if (rows === 0) return 0;
    return rows > 0 ? await this.#forward(rows, target) : await this.#backward(-rows, target);
  }

  async #forward(count: number, target: ScanTarget): Promise<number> {
    if (this.#atEnd) return 0;
    const rows = await this.#read(count, target, { row: this.#position, direction: "forward" });
    if (rows > 0) this.#atStart = false;
    if (rows < count) this.#atEnd = true;
    this.#position += rows;
    return rows;
  }

  async #backward(count: number, target: ScanTarget): Promise<number> {
    this.#requireScroll();
    if (this.#atStart) return 0;
    const row = this.#position - (this.#atEnd ? 1 : 2);
    const rows = row < 0 ? 0 : await this.#read(count, target, { row, direction: "backward" });
    if (rows > 0 && this.#atEnd) {
      this.#atEnd = false;
      this.#position += 1;
    }
    if (rows < count) {
      this.#atStart = true;
      this.#position = 0;
    } else {
      this.#position -= rows;
    }
    return rows;
  }

  /** What has not moved yet need not be able to go back. */
  #rewind(): void {
    if (this.#atStart && !this.#atEnd) return;
    this.#requireScroll();
    this.#atStart = true;
    this.#atEnd = false;
    this.#position = 0;
  }

  async #read(count: number, target: ScanTarget, from: RowPlace): Promise<number> {
    const { sink, rows, formats } = target;
    const completion = await this.#execution.run(
      sink,
      count === Number.POSITIVE_INFINITY ? 0 : count,
      { rows, formats, ...(this.#options.scrolls ? { from } : {}) },
    );
    if (completion.outcome === "complete") this.#tag = completion.tag;
    return completion.rows;
  }

  #requireScroll(): void {
    if (this.#options.scrolls) return;
    throw new PgError("object_not_in_prerequisite_state", "cursor can only scan forward", {
      hint: "Declare it with SCROLL option to enable backward scan.",
    });
  }
}

function skipping(target: ScanTarget): ScanTarget {
  return { ...target, rows: "skipped" };
}
