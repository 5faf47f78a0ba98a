import { PgError } from "../core/pg-error.ts";

/** An error whose position counts in a part of a text, as one that counts in the whole of it. */
export function movedBy(characters: number, error: unknown): unknown {
  if (!(error instanceof PgError) || error.position === undefined || characters === 0) return error;
  return PgError.fromFields({ ...error.toFields(), position: error.position + characters });
}
