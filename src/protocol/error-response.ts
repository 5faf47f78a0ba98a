import type { PgError } from "../core/pg-error.ts";
import type { MessageWriter } from "./message-writer.ts";

/** Appends an ErrorResponse (PostgreSQL documentation 55.8 lists the fields). */
export function writeErrorResponse(to: MessageWriter, error: PgError): void {
  writeFields(to.begin("E"), error.severity, error);
}

/** What went on without failing: the client shows it and continues. */
export interface Notice {
  readonly severity: "WARNING" | "NOTICE" | "INFO" | "LOG";
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
}

export function writeNoticeResponse(to: MessageWriter, notice: Notice): void {
  writeFields(to.begin("N"), notice.severity, { position: undefined, ...notice });
}

interface Fields {
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  readonly position?: number | undefined;
  readonly context?: string | undefined;
}

function writeFields(to: MessageWriter, severity: string, fields: Fields): void {
  field(to, "S", severity);
  field(to, "V", severity);
  field(to, "C", fields.sqlstate);
  field(to, "M", fields.message);
  field(to, "D", fields.detail);
  field(to, "H", fields.hint);
  field(to, "P", fields.position?.toString());
  field(to, "W", fields.context);
  to.byte(0);
  to.end();
}

function field(to: MessageWriter, code: string, value: string | undefined): void {
  if (value !== undefined) to.byte(code.charCodeAt(0)).cstring(value);
}
