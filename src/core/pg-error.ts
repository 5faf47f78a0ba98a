import { type Condition, SQLSTATE } from "./sqlstate.ts";

export type Severity = "ERROR" | "FATAL";

/** The optional fields of an ErrorResponse that we fill (PostgreSQL documentation 55.8). */
export interface PgErrorDetails {
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  /** In characters of the statement's text, counted from 1. */
  readonly position?: number | undefined;
  /** Where in the data or the call it happened: psql's CONTEXT. */
  readonly context?: string | undefined;
  /** FATAL ends the session; the default is ERROR. */
  readonly severity?: Severity | undefined;
  readonly cause?: unknown;
}

/** The fields as they cross a process border. */
export interface PgErrorFields {
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  readonly position?: number | undefined;
  readonly context?: string | undefined;
  readonly severity?: Severity | undefined;
}

/** A failure in PostgreSQL's own terms: what the client is to hear. */
export class PgError extends Error {
  override readonly name = "PgError";
  readonly sqlstate: string;
  readonly severity: Severity;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  readonly position: number | undefined;
  readonly context: string | undefined;

  constructor(condition: Condition, message: string, details: PgErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.sqlstate = SQLSTATE[condition];
    this.severity = details.severity ?? "ERROR";
    this.detail = details.detail;
    this.hint = details.hint;
    this.position = details.position;
    this.context = details.context;
  }

  /** An error that another process, or a real PostgreSQL, has already put into words. */
  static fromFields(fields: PgErrorFields): PgError {
    const error = new PgError("internal_error", fields.message, fields);
    (error as { sqlstate: string }).sqlstate = fields.sqlstate;
    return error;
  }

  toFields(): PgErrorFields {
    const { sqlstate, message, detail, hint, position, context, severity } = this;
    return { sqlstate, message, detail, hint, position, context, severity };
  }
}
