import { quoteIdentifier } from "../core/identifier.ts";
import { PgError } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import { pgTypeByOid } from "../pgtypes/pg-types.ts";
import { walk } from "../sql/ast.ts";
import { parseStatements } from "../sql/parse.ts";
import type { Statement } from "../sql/statement.ts";
import { collect } from "./buffered-execution.ts";
import type { SessionContext } from "./context.ts";
import { NO_BINDING } from "./plan.ts";
import { openInShadow } from "./shadow-plan.ts";

/**
 * EXECUTE's arguments are expressions: a SELECT of them, each brought to its parameter's type, gives
 * the values to bind, as text. They can refer to no table, so that PostgreSQL itself computes them.
 */
export async function executeArguments(
  context: SessionContext,
  parameterOids: readonly number[],
  argumentsSql: readonly string[],
  signal: AbortSignal,
): Promise<readonly (Buffer | undefined)[]> {
  if (argumentsSql.length === 0) return [];
  const values = argumentsSql.map((sql, index) => `(${sql})${castTo(parameterOids[index])}::text`);
  try {
    const [statement] = parseStatements(`SELECT ${values.join(", ")}`);
    if (statement === undefined) return [];
    refuseWhatIsNoExpression(statement);
    return valuesIn(
      (await collect(openInShadow(context, statement.text, [], NO_BINDING, signal))).rows,
    );
  } catch (error) {
    throw ofExecute(error);
  }
}

function castTo(oid: number | undefined): string {
  const type = pgTypeByOid(oid ?? 0);
  if (type === undefined) return "";
  return `::pg_catalog.${quoteIdentifier(type.name)}${type.isArray ? "[]" : ""}`;
}

function refuseWhatIsNoExpression({ ast, parameterCount }: Statement): void {
  if (parameterCount > 0) throw new PgError("undefined_parameter", "there is no parameter $1");
  if (ast === undefined) return;
  walk(ast, {
    enter(kind) {
      if (kind !== "SubLink") return undefined;
      throw new PgError("feature_not_supported", "cannot use subquery in EXECUTE parameter");
    },
    leave: () => undefined,
  });
}

/** The client never saw the SELECT, so that no place in it means anything to the client. */
function ofExecute(error: unknown): unknown {
  if (!(error instanceof PgError)) return error;
  const fields = { ...error.toFields(), position: undefined };
  if (error.sqlstate !== SQLSTATE.cannot_coerce) return PgError.fromFields(fields);
  return PgError.fromFields({
    ...fields,
    sqlstate: SQLSTATE.datatype_mismatch,
    hint: "You will need to rewrite or cast the expression.",
  });
}

/** The values of the first DataRow. */
function valuesIn(rows: Buffer): readonly (Buffer | undefined)[] {
  let offset = 7;
  return Array.from({ length: rows.readUInt16BE(5) }, () => {
    const length = rows.readInt32BE(offset);
    offset += 4;
    if (length < 0) return undefined;
    offset += length;
    return rows.subarray(offset - length, offset);
  });
}
