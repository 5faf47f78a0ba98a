import { PgError, type PgErrorFields } from "../core/pg-error.ts";
import type { CopyInRequest } from "../engine/engine.ts";
import type { UpFrame } from "../engine/frames.ts";
import { type CopyReader, createCopyReader } from "./copy-in-rows.ts";
import { type CopyTable, openCopyTable } from "./copy-in-table.ts";
import { fieldsOfError } from "./error-fields.ts";
import type { WorkspaceEngine } from "./workspace-engine.ts";

/**
 * A COPY FROM STDIN that runs: bytes from the gateway become rows of a table as they come, in as
 * much memory as one batch of rows takes. What of it was appended when it fails goes with the
 * transaction that it is part of.
 */
export class CopyInStream {
  readonly #workspace: Promise<WorkspaceEngine>;
  readonly #request: CopyInRequest;
  readonly #output: (frame: UpFrame) => void;
  #table: CopyTable | undefined;
  #reader: CopyReader | undefined;
  /** Why the data have ended before they began. */
  #failure: PgError | undefined;
  #isOver = false;

  constructor(
    workspace: Promise<WorkspaceEngine>,
    request: CopyInRequest,
    output: (frame: UpFrame) => void,
  ) {
    this.#workspace = workspace;
    this.#request = request;
    this.#output = output;
  }

  /** Looks for the table, and asks for the data. */
  async start(): Promise<void> {
    try {
      const workspace = await this.#workspace;
      const table = await openCopyTable(workspace, this.#request);
      this.#table = table;
      if (this.#failure !== undefined) throw this.#failure;
      const { settings, options } = this.#request;
      this.#reader = createCopyReader(table, options, {
        zone: workspace.zones.get(settings.timeZone),
        nowMicros: BigInt(Date.now()) * 1000n,
      });
      this.#output({ type: "copy-ready", columnCount: table.columns.length });
    } catch (error) {
      this.#end(error);
    }
  }

  receive(pieces: readonly Buffer[]): void {
    if (this.#isOver) return;
    try {
      let bytes = 0;
      for (const piece of pieces) {
        this.#reader?.push(piece);
        bytes += piece.length;
      }
      this.#output({ type: "credit", bytes });
    } catch (error) {
      this.#end(error);
    }
  }

  /** The client has sent everything. */
  async complete(): Promise<void> {
    if (this.#isOver) return;
    try {
      const rows = this.#reader?.complete() ?? 0;
      await this.#table?.finish();
      this.#close("finished");
      this.#output({ type: "complete", rows });
    } catch (error) {
      this.#end(error);
    }
  }

  /** What is done with the data that have all come is to end. */
  interrupt(): void {
    this.#table?.interrupt();
  }

  /** The data end with an error; without any, nobody waits for an answer. */
  fail(fields: PgErrorFields): void {
    const error = PgError.fromFields(fields);
    this.#failure = error;
    if (this.#reader !== undefined) this.#end(this.#reader.located(error));
  }

  #end(error: unknown): void {
    if (this.#isOver) return;
    this.#close("failed");
    this.#output({ type: "failed", error: fieldsOfError(error) });
  }

  #close(outcome: "finished" | "failed"): void {
    this.#isOver = true;
    if (outcome === "failed") this.#table?.abandon();
    this.#table?.release();
    this.#reader = undefined;
  }
}
