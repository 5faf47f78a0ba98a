import { PgError, type PgErrorFields } from "../core/pg-error.ts";

/** A failure as it goes to the gateway. What is no PgError is our bug: the client hears so, the log why. */
export function fieldsOfError(error: unknown): PgErrorFields {
  if (error instanceof PgError) return error.toFields();
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return new PgError("internal_error", "the engine failed on this statement").toFields();
}
