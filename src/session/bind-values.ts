/** Whether what Bind brings fits its statement, in the order in which PostgreSQL finds out. */
import { PgError } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import { formatOf } from "../engine/engine.ts";
import { readParameter } from "../pgtypes/parameters.ts";
import { pgTypeByOid } from "../pgtypes/pg-types.ts";
import { TimeZone } from "../pgtypes/time-zone.ts";
import type { FormatCode } from "../protocol/field-description.ts";
import type { FrontendMessage } from "../protocol/frontend.ts";

type Bind = Extract<FrontendMessage, { type: "Bind" }>;

/** Whether a value can be read does not depend on the session's time zone. */
const CONTEXT = { zone: new TimeZone("UTC"), nowMicros: 0n };

export function checkParameterCount(message: Bind, expected: number): void {
  const { parameterFormats, parameterCount, statement, defect } = message;
  if (parameterCount === undefined) {
    throw defect ?? new PgError("protocol_violation", "insufficient data left in message");
  }
  if (parameterFormats.length > 1 && parameterFormats.length !== parameterCount) {
    throw new PgError(
      "protocol_violation",
      `bind message has ${parameterFormats.length} parameter formats but ${parameterCount} parameters`,
    );
  }
  if (parameterCount !== expected) {
    throw new PgError(
      "protocol_violation",
      `bind message supplies ${parameterCount} parameters, but prepared statement "${statement}" requires ${expected}`,
    );
  }
}

/**
 * Reads every value, as it is read again where it is used: a value that is none is Bind's error and not
 * Execute's. Answers with the formats, of which there are only two.
 */
export function checkValues(message: Bind, typeOids: readonly number[]): readonly FormatCode[] {
  const { parameterFormats, parameters, portal } = message;
  parameters.forEach((bytes, index) => {
    const format = formatOf(parameterFormats, index);
    const typeOid = typeOids[index] ?? 0;
    try {
      if (!isFormatCode(format)) throw unsupportedFormat(format);
      if (bytes === undefined || (typeOid !== 0 && pgTypeByOid(typeOid) === undefined)) return;
      readParameter({ typeOid, format, bytes, number: index + 1 }, CONTEXT);
    } catch (error) {
      throw inParameter(error, portal, index + 1, format === 0 ? bytes : undefined);
    }
  });
  if (message.defect !== undefined) throw message.defect;
  // A code without a parameter of its own is nobody's.
  return parameterFormats.filter(isFormatCode);
}

export function checkResultFormats({ resultFormats }: Bind, columnCount: number): void {
  if (resultFormats.length > 1 && resultFormats.length !== columnCount) {
    throw new PgError(
      "protocol_violation",
      `bind message has ${resultFormats.length} result formats but query has ${columnCount} columns`,
    );
  }
}

export function isFormatCode(code: number): code is FormatCode {
  return code === 0 || code === 1;
}

export function unsupportedFormat(code: number): PgError {
  return new PgError("invalid_parameter_value", `unsupported format code: ${code}`);
}

/** The value itself stays out of messages, which end in logs. */
function inParameter(
  error: unknown,
  portal: string,
  number: number,
  text: Buffer | undefined,
): unknown {
  if (!(error instanceof PgError)) return error;
  const name = portal === "" ? "unnamed portal" : `portal "${portal}"`;
  const isText = text !== undefined && error.sqlstate !== SQLSTATE.character_not_in_repertoire;
  const value = isText ? ` = ${text.length === 0 ? "''" : "'...'"}` : "";
  return PgError.fromFields({
    ...error.toFields(),
    context: `${name} parameter $${number}${value}`,
  });
}
