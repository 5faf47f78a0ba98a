import { PgError } from "../core/pg-error.ts";

/** What the client of a transaction hears that can no longer be shown the version it began with. */
export function snapshotLost(): PgError {
  return new PgError(
    "serialization_failure",
    "could not go on with the transaction because what it has seen is gone",
    {
      detail: "The engine process was started again, or the workspace's limits have changed.",
      hint: "Run the transaction again.",
    },
  );
}
