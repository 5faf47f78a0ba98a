import { PgError } from "../core/pg-error.ts";
import { formatOf } from "../engine/engine.ts";
import { writeDataRow } from "../protocol/data-row.ts";
import type { FieldDescription } from "../protocol/field-description.ts";
import { MessageWriter } from "../protocol/message-writer.ts";
import type { CallArgument, GatewayCommand, GatewayFunction } from "../sql/statement.ts";
import { BufferedExecution } from "./buffered-execution.ts";
import type { SessionContext } from "./context.ts";
import type { Binding, Plan } from "./plan.ts";

type Call = Extract<GatewayCommand, { kind: "call" }>;

const FLOAT8 = { oid: 701, size: 8 };
const INT4 = { oid: 23, size: 4 };
const VOID = { oid: 2278, size: 4 };
const BOOL = { oid: 16, size: 1 };

/** Argument and result types, as pg_proc has them. */
const SIGNATURES: Readonly<
  Record<GatewayFunction, { readonly argument: typeof INT4; readonly result: typeof INT4 }>
> = {
  pg_sleep: { argument: FLOAT8, result: VOID },
  pg_cancel_backend: { argument: INT4, result: BOOL },
  pg_terminate_backend: { argument: INT4, result: BOOL },
};

/** The functions that only the process with the sockets can carry out, each called by itself. */
export function planForCall(context: SessionContext, call: Call): Plan {
  const { argument, result } = SIGNATURES[call.function];
  const field: FieldDescription = {
    name: call.label,
    tableOid: 0,
    columnNumber: 0,
    typeOid: result.oid,
    typeSize: result.size,
    typeModifier: -1,
  };
  return {
    parameterOids: "parameter" in call.argument ? [argument.oid] : [],
    fields: [field],
    endsTransaction: false,
    open: (binding, signal) =>
      new BufferedExecution(async () => {
        const value = argumentOf(call.argument, argument.oid, binding);
        const answer =
          value === undefined ? undefined : await carryOut(context, call.function, value, signal);
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

async function carryOut(
  context: SessionContext,
  name: GatewayFunction,
  value: number,
  signal: AbortSignal,
): Promise<string> {
  switch (name) {
    case "pg_sleep":
      await sleep(value * 1000, signal);
      return "";
    case "pg_cancel_backend":
      return context.cancelSession(value) ? "t" : "f";
    case "pg_terminate_backend":
      return context.terminateSession(value) ? "t" : "f";
  }
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
function argumentOf(argument: CallArgument, oid: number, binding: Binding): number | undefined {
  if ("value" in argument) return argument.value;
  const index = argument.parameter - 1;
  const bytes = binding.parameters[index];
  if (bytes === undefined) return undefined;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (formatOf(binding.parameterFormats, index) === 1) {
    const expected = oid === FLOAT8.oid ? FLOAT8.size : INT4.size;
    if (view.length !== expected) {
      throw new PgError(
        "invalid_binary_representation",
        `incorrect binary data format in bind parameter ${argument.parameter}`,
      );
    }
    return oid === FLOAT8.oid ? view.readDoubleBE(0) : view.readInt32BE(0);
  }
  const text = view.toString("utf8");
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) {
    const type = oid === FLOAT8.oid ? "double precision" : "integer";
    throw new PgError(
      "invalid_text_representation",
      `invalid input syntax for type ${type}: "${text}"`,
    );
  }
  return value;
}
