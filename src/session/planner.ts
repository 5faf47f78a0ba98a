import { PgError } from "../core/pg-error.ts";
import { pgTypeOidByName } from "../pgtypes/pg-types.ts";
import { firstParameter } from "../sql/first-parameter.ts";
import type { DeclareCursor, GatewayCommand, Statement } from "../sql/statement.ts";
import { planForCall } from "./backend-functions.ts";
import { BufferedExecution, type BufferedResult } from "./buffered-execution.ts";
import { planForCommand } from "./commands.ts";
import type { SessionContext } from "./context.ts";
import { openCopyIn } from "./copy-in.ts";
import { openCopyOut } from "./copy-out.ts";
import { inDeclare, openFetch, planForDeclare, planForFetch } from "./cursors.ts";
import { openInEngine, planForEngine } from "./engine-plan.ts";
import { movedBy } from "./error-position.ts";
import { executeArguments } from "./execute-arguments.ts";
import { explainExecution, QUERY_PLAN_FIELD } from "./explain.ts";
import { type Execution, NO_BINDING, type Plan } from "./plan.ts";
import { openInShadowOrEngine, planForShadowOrEngine } from "./shadow-or-engine.ts";
import { planForTemporary } from "./temporary-plan.ts";

type Prepare = Extract<GatewayCommand, { kind: "prepare" }>;
type Execute = Extract<GatewayCommand, { kind: "execute" }>;

interface CommandInText<C extends GatewayCommand> {
  readonly command: C;
  /** Of the whole statement. */
  readonly text: string;
  /** Where the text begins in its message. */
  readonly offset: number;
}

/** Understands a statement to the point where it can be described and run. */
export async function planStatement(
  context: SessionContext,
  statement: Statement,
  declaredOids: readonly number[],
  signal: AbortSignal,
): Promise<Plan> {
  const { route } = statement;
  switch (route.to) {
    case "shadow":
      return await planForShadowOrEngine(context, statement, declaredOids, signal);
    case "engine":
      return await planForEngineRoute(context, statement, declaredOids, signal);
    case "copy-out":
      return {
        parameterOids: [],
        fields: undefined,
        endsTransaction: false,
        open: (_binding, aborted) =>
          openCopyOut(context, statement, aborted, (query, asked) =>
            planStatement(context, query, [], asked),
          ),
      };
    case "copy-in":
      return {
        parameterOids: [],
        fields: undefined,
        endsTransaction: false,
        open: (_binding, aborted) => openCopyIn(context, statement, aborted),
      };
    case "temporary":
      return await planForTemporary(context, statement, declaredOids, signal);
    case "gateway":
      return await planForGateway(
        context,
        { command: route.command, text: statement.text, offset: statement.offset },
        declaredOids,
        signal,
      );
  }
}

/**
 * What a simple Query runs at once: without the round trip of a description where the answer brings
 * the row description with it.
 */
export async function openStatement(
  context: SessionContext,
  statement: Statement,
  signal: AbortSignal,
): Promise<Execution> {
  const { route } = statement;
  if (route.to !== "gateway" && statement.parameterCount > 0) {
    const { number, position } = firstParameter(statement);
    throw new PgError("undefined_parameter", `there is no parameter $${number}`, { position });
  }
  if (route.to === "gateway" && route.command.kind === "fetch")
    return openFetch(context, route.command, signal);
  if (route.to === "shadow") return openInShadowOrEngine(context, statement, signal);
  if (route.to === "engine" && explainOf(statement) === undefined) {
    return openInEngine(context, statement, NO_BINDING, {
      signal,
      output: { kind: "rows", formats: [] },
    });
  }
  const plan = await planStatement(context, statement, [], signal);
  if (plan.parameterOids.length > 0) {
    throw new PgError("undefined_parameter", "there is no parameter $1");
  }
  return plan.open(NO_BINDING, signal);
}

/** Whether the statement may run in a failed transaction block. */
export function endsTransaction({ route }: Statement): boolean {
  return (
    route.to === "gateway" && ["commit", "rollback", "rollback-to"].includes(route.command.kind)
  );
}

function explainOf({ route }: Statement): { readonly format: "text" | "json" } | undefined {
  return route.to === "engine" ? route.explain : undefined;
}

async function planForEngineRoute(
  context: SessionContext,
  statement: Statement,
  declaredOids: readonly number[],
  signal: AbortSignal,
): Promise<Plan> {
  const plan = await planForEngine(context, statement, declaredOids, signal);
  const explain = explainOf(statement);
  if (explain === undefined) return plan;
  return {
    ...plan,
    fields: [QUERY_PLAN_FIELD],
    open: (binding, aborted) =>
      explainExecution(plan.open({ ...binding, resultFormats: [] }, aborted), explain.format),
  };
}

async function planForGateway(
  context: SessionContext,
  { command, text, offset }: CommandInText<GatewayCommand>,
  declaredOids: readonly number[],
  signal: AbortSignal,
): Promise<Plan> {
  switch (command.kind) {
    case "declare":
      return await planForDeclared(context, command, declaredOids, signal);
    case "fetch":
      return planForFetch(context, command);
    case "call":
      return planForCall(context, command);
    case "prepare":
      return {
        parameterOids: [],
        fields: undefined,
        endsTransaction: false,
        open: (_binding, aborted) =>
          new BufferedExecution(() => prepare(context, { command, text, offset }, aborted)),
      };
    case "execute":
      return await planForExecute(context, command, signal);
    default:
      return planForCommand(context, command);
  }
}

async function planForDeclared(
  context: SessionContext,
  command: DeclareCursor,
  declaredOids: readonly number[],
  signal: AbortSignal,
): Promise<Plan> {
  try {
    const query = await planStatement(context, command.query, declaredOids, signal);
    return planForDeclare(context, command, query);
  } catch (error) {
    throw inDeclare(command, error);
  }
}

async function prepare(
  context: SessionContext,
  { command, text, offset }: CommandInText<Prepare>,
  signal: AbortSignal,
): Promise<BufferedResult> {
  const { name, parameterTypes, statement } = command;
  context.statements.requireFree(name);
  const oids = parameterTypes.map((type) => {
    const oid = pgTypeOidByName(type);
    if (oid === undefined) throw new PgError("undefined_object", `type "${type}" does not exist`);
    return oid;
  });
  const plan = await planStatement(context, statement, oids, signal).catch((error: unknown) => {
    throw movedBy(statement.offset - offset, error);
  });
  context.statements.add(name, { text, plan, preparedAt: new Date(), isFromSql: true });
  return { fields: undefined, rows: Buffer.alloc(0), tag: "PREPARE" };
}

/** EXECUTE's arguments are expressions: a SELECT of them, cast to text, gives the values to bind. */
async function planForExecute(
  context: SessionContext,
  { name, argumentsSql }: Execute,
  signal: AbortSignal,
): Promise<Plan> {
  const { plan } = context.statements.get(name);
  if (plan === undefined)
    throw new PgError("feature_not_supported", "an empty statement cannot be executed");
  if (plan.parameterOids.length !== argumentsSql.length) {
    throw new PgError(
      "syntax_error",
      `wrong number of parameters for prepared statement "${name}"`,
      {
        detail: `Expected ${plan.parameterOids.length} parameters but got ${argumentsSql.length}.`,
      },
    );
  }
  const parameters = await executeArguments(context, plan.parameterOids, argumentsSql, signal);
  return {
    ...plan,
    parameterOids: [],
    open: ({ resultFormats }, aborted) =>
      plan.open({ parameterFormats: [], parameters, resultFormats }, aborted),
  };
}
