import { PgError } from "../core/pg-error.ts";
import { formatOf } from "../engine/engine.ts";
import { writeDataRow } from "../protocol/data-row.ts";
import type { Notice } from "../protocol/error-response.ts";
import type { FieldDescription } from "../protocol/field-description.ts";
import { MessageWriter } from "../protocol/message-writer.ts";
import { DENIED } from "../shadow/live-catalog.ts";
import type { CallArgument, GatewayCommand, GatewayFunction } from "../sql/statement.ts";
import { BufferedExecution } from "./buffered-execution.ts";
import type { SessionContext } from "./context.ts";
import type { Binding, Plan, ResultSink } from "./plan.ts";

type Call = Extract<GatewayCommand, { kind: "call" }>;

const FLOAT8 = { oid: 701, size: 8 };
const INT4 = { oid: 23, size: 4 };
const INT8 = { oid: 20, size: 8 };
const VOID = { oid: 2278, size: 4 };
const BOOL = { oid: 16, size: 1 };
const TYPE_NAMES: Readonly<Record<number, string>> = {
  [FLOAT8.oid]: "double precision",
  [INT4.oid]: "integer",
  [INT8.oid]: "bigint",
};

/** PostgreSQL's plain "warning". */
const WARNING_SQLSTATE = "01000";

interface Signature {
  readonly arguments: readonly (typeof INT4)[];
  readonly result: typeof INT4;
}

/** Argument and result types, as pg_proc has them. */
const SIGNATURES: Readonly<Record<GatewayFunction, Signature>> = {
  pg_sleep: { arguments: [FLOAT8], result: VOID },
  pg_cancel_backend: { arguments: [INT4], result: BOOL },
  pg_terminate_backend: { arguments: [INT4, INT8], result: BOOL },
};

/**
 * The functions that only the process with the sockets can carry out, each called by itself: so a
 * cancel needs neither engine nor shadow, which may be what hangs.
 */
export function planForCall(context: SessionContext, call: Call): Plan {
  const signature = SIGNATURES[call.function];
  const { result } = signature;
  const field: FieldDescription = {
    name: call.label,
    tableOid: 0,
    columnNumber: 0,
    typeOid: result.oid,
    typeSize: result.size,
    typeModifier: -1,
  };
  const types = call.arguments.map((_, index) => signature.arguments[index] ?? INT8);
  return {
    parameterOids: parameterOidsOf(call, types),
    fields: [field],
    endsTransaction: false,
    open: (binding, signal) =>
      new BufferedExecution(async (sink) => {
        const values = call.arguments.map((argument, index) =>
          argumentOf(argument, types[index] ?? INT8, binding),
        );
        const known = values.filter((value) => value !== undefined);
        const answer =
          known.length < values.length
            ? undefined
            : await carryOut(context, call.function, known, { sink, signal });
        signal.throwIfAborted();
        const binary = formatOf(binding.resultFormats, 0) === 1;
        const row = new MessageWriter();
        if (binary && result === BOOL && answer !== undefined) {
          row
            .begin("D")
            .uint16(1)
            .int32(1)
            .byte(answer === "t" ? 1 : 0)
            .end();
        } else writeDataRow(row, [answer]);
        return { fields: [field], rows: row.take(), tag: "SELECT 1" };
      }),
  };
}

/** By number; one that is named twice has the type of its first place. */
function parameterOidsOf(call: Call, types: readonly (typeof INT4)[]): readonly number[] {
  const oids: number[] = [];
  call.arguments.forEach((argument, index) => {
    if ("parameter" in argument) oids[argument.parameter - 1] ??= types[index]?.oid ?? 0;
  });
  return Array.from(oids, (oid) => oid ?? 0);
}

async function carryOut(
  context: SessionContext,
  name: GatewayFunction,
  [first = 0, timeoutMs = 0]: readonly number[],
  { sink, signal }: { readonly sink: ResultSink; readonly signal: AbortSignal },
): Promise<string> {
  switch (name) {
    case "pg_sleep":
      await sleep(first * 1000, signal);
      return "";
    case "pg_cancel_backend":
      return signaled(context, first, "cancel", sink) ? "t" : "f";
    case "pg_terminate_backend": {
      if (timeoutMs < 0) {
        throw new PgError("numeric_value_out_of_range", '"timeout" must not be negative');
      }
      if (!signaled(context, first, "terminate", sink)) return "f";
      if (timeoutMs === 0) return "t";
      return (await hasEnded(context, first, timeoutMs, { sink, signal })) ? "t" : "f";
    }
  }
}

/** With the warning and the error of PostgreSQL's signalfuncs.c. */
function signaled(
  { sessions }: SessionContext,
  processId: number,
  act: "cancel" | "terminate",
  sink: ResultSink,
): boolean {
  const outcome = sessions.signal(processId, act);
  if (outcome === "denied") throw new PgError("insufficient_privilege", DENIED[act]);
  if (outcome === "signaled") return true;
  sink.notice(warning(`PID ${processId} is not a PostgreSQL backend process`));
  return false;
}

async function hasEnded(
  { sessions }: SessionContext,
  processId: number,
  timeoutMs: number,
  { sink, signal }: { readonly sink: ResultSink; readonly signal: AbortSignal },
): Promise<boolean> {
  const timeout = AbortSignal.timeout(Math.min(timeoutMs, LONGEST_TIMER_MS));
  await sessions.gone(processId, AbortSignal.any([timeout, signal]));
  signal.throwIfAborted();
  if (!timeout.aborted) return true;
  sink.notice(
    warning(`backend with PID ${processId} did not terminate within ${timeoutMs} milliseconds`),
  );
  return false;
}

function warning(message: string): Notice {
  return { severity: "WARNING", sqlstate: WARNING_SQLSTATE, message };
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(
      () => {
        signal.removeEventListener("abort", abort);
        resolve();
      },
      Math.min(Math.max(0, ms), LONGEST_TIMER_MS),
    );
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}

/** Undefined is NULL, for which these functions are not called. */
function argumentOf(
  argument: CallArgument,
  { oid, size }: typeof INT4,
  binding: Binding,
): number | undefined {
  if ("value" in argument) return argument.value;
  const index = argument.parameter - 1;
  const bytes = binding.parameters[index];
  if (bytes === undefined) return undefined;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (formatOf(binding.parameterFormats, index) === 1) {
    if (view.length !== size) {
      throw new PgError(
        "invalid_binary_representation",
        `incorrect binary data format in bind parameter ${argument.parameter}`,
      );
    }
    if (oid === FLOAT8.oid) return view.readDoubleBE(0);
    return oid === INT8.oid ? Number(view.readBigInt64BE(0)) : view.readInt32BE(0);
  }
  const text = view.toString("utf8");
  const value = Number(text);
  const isRight = oid === FLOAT8.oid ? !Number.isNaN(value) : Number.isInteger(value);
  if (text.trim() === "" || !isRight) {
    throw new PgError(
      "invalid_text_representation",
      `invalid input syntax for type ${TYPE_NAMES[oid] ?? "integer"}: "${text}"`,
    );
  }
  return value;
}
