import type { CursorRun, RowSink } from "../engine/engine.ts";
import type { Notice } from "../protocol/error-response.ts";
import type { FieldDescription, FormatCode } from "../protocol/field-description.ts";

/** A statement that is understood and can be described and run; who answers it is its own affair. */
export interface Plan {
  /** Type OIDs, `$1` first. */
  readonly parameterOids: readonly number[];
  /** Undefined where the statement returns no rows. */
  readonly fields: readonly FieldDescription[] | undefined;
  /** What may run in a failed transaction block: only what ends the block. */
  readonly endsTransaction: boolean;
  open(binding: Binding, signal: AbortSignal): Execution;
}

/** What Bind gives to a plan. */
export interface Binding {
  readonly parameterFormats: readonly FormatCode[];
  readonly parameters: readonly (Uint8Array | undefined)[];
  readonly resultFormats: readonly FormatCode[];
  /** Each run will say from which row it goes where. */
  readonly scrolls?: boolean;
}

export const NO_BINDING: Binding = { parameterFormats: [], parameters: [], resultFormats: [] };

/** Takes what an execution produces, in the order in which the client is to get it. */
export interface ResultSink extends RowSink {
  /** CopyOutResponse in place of a row description. */
  copyOut(format: FormatCode, columnCount: number): void;
  notice(notice: Notice): void;
}

/** A statement that runs: the inside of a portal. */
export interface Execution {
  /** Produces rows until `maxRows` (0 is all). Only what returns rows is run for a cursor. */
  run(sink: ResultSink, maxRows: number, cursor?: CursorRun): Promise<Completion>;
  /** Ends it, finished or not. Harmless when it has ended. */
  close(): void;
}

export type Completion =
  | { readonly outcome: "suspended"; readonly rows: number }
  /** `tag` is CommandComplete's. */
  | { readonly outcome: "complete"; readonly tag: string; readonly rows: number };
