import { PgError } from "../core/pg-error.ts";
import type { Condition } from "../core/sqlstate.ts";

/** What the operating system refused, by its code: a condition, the reason and the cure. */
const REFUSALS: Readonly<Record<string, readonly [Condition, reason: string, hint: string]>> = {
  EACCES: [
    "insufficient_privilege",
    "permission denied",
    "Let the user that runs the gateway read it, and search the folders above it.",
  ],
  EPERM: [
    "insufficient_privilege",
    "operation not permitted",
    "Let the user that runs the gateway read it.",
  ],
  ELOOP: ["undefined_file", "too many symbolic links", "Correct the link, which leads to itself."],
  EMFILE: [
    "insufficient_resources",
    "too many open files",
    "Raise the gateway's limit of open files (ulimit -n).",
  ],
  ENFILE: ["insufficient_resources", "too many open files on this machine", "Raise fs.file-max."],
  EIO: ["io_error", "the disk reports an error", "Check the disk or the network share."],
  ESTALE: [
    "io_error",
    "the network share has lost the file",
    "It is tried again at the next refresh.",
  ],
};

/** The PgError for a path under a directory store that could not be read. */
export function directoryError(error: unknown, store: string, path: string): unknown {
  const code = systemCode(error);
  const refusal = Object.hasOwn(REFUSALS, code) ? REFUSALS[code] : undefined;
  if (refusal === undefined) return error;
  const [condition, reason, hint] = refusal;
  const message = `could not read "${path}" of store "${store}": ${reason}`;
  return new PgError(condition, message, { hint, cause: error });
}

/** Node.js's code of a failed system call, or "". */
export function systemCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : "";
}
