import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { FormatCode } from "../protocol/field-description.ts";
import type { FrontendMessage } from "../protocol/frontend.ts";
import { parseStatements } from "../sql/parse.ts";
import {
  checkParameterCount,
  checkResultFormats,
  checkValues,
  isFormatCode,
  unsupportedFormat,
} from "./bind-values.ts";
import type { ClientConnection } from "./client-connection.ts";
import { parametersFromLatin1 } from "./client-text.ts";
import type { SessionContext } from "./context.ts";
import { movedBy } from "./error-position.ts";
import type { Execution, Plan } from "./plan.ts";
import { endsTransaction, planStatement } from "./planner.ts";
import { PortalScan } from "./portal-scan.ts";
import type { Portal } from "./portals.ts";
import { ClientSink, formatsFor } from "./results.ts";
import { abortedTransaction } from "./transaction.ts";

type Message<T extends FrontendMessage["type"]> = Extract<FrontendMessage, { type: T }>;

/** Parse, Bind, Describe, Execute and Close (PostgreSQL documentation 55.2.3). */
export class ExtendedQuery {
  readonly #context: SessionContext;
  readonly #connection: ClientConnection;

  constructor(context: SessionContext, connection: ClientConnection) {
    this.#context = context;
    this.#connection = connection;
  }

  async parse({ name, sql, parameterOids }: Message<"Parse">, signal: AbortSignal): Promise<void> {
    const { statements, transaction } = this.#context;
    // The old unnamed statement goes even when the new one fails to parse.
    if (name === "") statements.close("");
    const parsed = parseStatements(sql, this.#context.sql());
    if (parsed.length > 1) {
      throw new PgError(
        "syntax_error",
        "cannot insert multiple commands into a prepared statement",
      );
    }
    const [statement] = parsed;
    if (statement !== undefined && transaction.status === "E" && !endsTransaction(statement)) {
      throw abortedTransaction();
    }
    statements.requireFree(name);
    if (parameterOids.length > LIMITS.parameters) {
      throw new PgError("too_many_arguments", `too many parameters: ${parameterOids.length}`);
    }
    requireTypes(parameterOids);
    const plan =
      statement &&
      (await planStatement(this.#context, statement, parameterOids, signal).catch(
        (error: unknown) => {
          throw movedBy(statement.offset, error);
        },
      ));
    statements.add(name, { text: sql, plan, preparedAt: new Date(), isFromSql: false });
    this.#connection.send({ type: "ParseComplete" });
  }

  bind(message: Message<"Bind">): void {
    const { statements, transaction, portals } = this.#context;
    const { plan } = statements.get(message.statement);
    const parameterOids = plan?.parameterOids ?? [];
    checkParameterCount(message, parameterOids.length);
    if (transaction.status === "E" && !(plan?.endsTransaction === true)) throw abortedTransaction();
    portals.requireFree(message.portal);
    const parameters =
      this.#connection.encoding === "LATIN1"
        ? parametersFromLatin1(message, parameterOids)
        : message.parameters;
    const parameterFormats = checkValues({ ...message, parameters }, parameterOids);
    checkResultFormats(message, plan?.fields?.length ?? 0);
    const abort = new AbortController();
    const fields = plan?.fields;
    portals.add(message.portal, {
      scan:
        plan &&
        new PortalScan(openPlan(plan, { ...message, parameters }, parameterFormats, abort.signal), {
          portal: message.portal,
          returnsRows: fields !== undefined,
          scrolls: false,
          abort,
        }),
      fields,
      formats: message.resultFormats,
      endsTransaction: plan?.endsTransaction ?? false,
      isBinary: false,
      holds: false,
    });
    this.#connection.send({ type: "BindComplete" });
  }

  describe({ target, name }: Message<"Describe">): void {
    const { statements, transaction } = this.#context;
    if (target === "statement") {
      const { plan } = statements.get(name);
      if (plan?.fields !== undefined && transaction.status === "E") throw abortedTransaction();
      this.#connection.send({ type: "ParameterDescription", typeOids: plan?.parameterOids ?? [] });
      this.#describeFields(plan?.fields, []);
      return;
    }
    const portal = this.#context.portals.get(name);
    if (portal.fields !== undefined && transaction.status === "E") throw abortedTransaction();
    this.#describeFields(portal.fields, portal.formats);
  }

  async execute({ portal: name, maxRows }: Message<"Execute">, signal: AbortSignal): Promise<void> {
    const portal = this.#context.portals.get(name);
    const { scan } = portal;
    if (scan === undefined) {
      this.#connection.send({ type: "EmptyQueryResponse" });
      return;
    }
    if (this.#context.transaction.status === "E" && !portal.endsTransaction)
      throw abortedTransaction();
    const completion = await scan.execute(
      new ClientSink(this.#connection, this.#context.sent, "known already", portal),
      Math.max(0, maxRows),
      signal,
    );
    this.#context.sent.rows += completion.rows;
    if (completion.outcome === "suspended") {
      this.#connection.send({ type: "PortalSuspended" });
      return;
    }
    this.#context.clock.nextStatement();
    this.#connection.send({ type: "CommandComplete", tag: completion.tag });
    this.#context.transaction.executed();
  }

  close({ target, name }: Message<"Close">): void {
    if (target === "statement") this.#context.statements.close(name);
    else this.#context.portals.close(name);
    this.#connection.send({ type: "CloseComplete" });
  }

  /** PostgreSQL's fast path, which only large objects ever used. */
  refusalOfFunctionCall(): PgError {
    if (this.#context.transaction.status === "E") return abortedTransaction();
    return new PgError("feature_not_supported", "function calls by OID are not supported", {
      hint: "Call the function in a SELECT.",
    });
  }

  #describeFields(fields: Portal["fields"], formats: Portal["formats"]): void {
    if (fields === undefined) this.#connection.send({ type: "NoData" });
    else
      this.#connection.send({
        type: "RowDescription",
        fields,
        formats: formatsFor(fields, formats),
      });
  }
}

/** PostgreSQL's FirstNormalObjectId: types from here on are users', and nobody makes any here. */
const FIRST_USER_TYPE = 16_384;

/** Asked about such a type, PostgreSQL fails in a way after which its instance would be replaced. */
function requireTypes(oids: readonly number[]): void {
  const unknown = oids.find((oid) => oid >= FIRST_USER_TYPE);
  if (unknown !== undefined)
    throw new PgError("internal_error", `cache lookup failed for type ${unknown}`);
}

/** A format of results that does not exist is an error of the rows, when there are some to send. */
function openPlan(
  plan: Plan,
  { parameters, resultFormats: codes }: Message<"Bind">,
  parameterFormats: readonly FormatCode[],
  signal: AbortSignal,
): Execution {
  const resultFormats = codes.filter(isFormatCode);
  const unknown = codes.find((code) => !isFormatCode(code));
  if (unknown === undefined || plan.fields === undefined) {
    return plan.open({ parameterFormats, parameters, resultFormats }, signal);
  }
  return { run: () => Promise.reject(unsupportedFormat(unknown)), close: () => undefined };
}
