import type { Readable, Writable } from "node:stream";
import type { Serve } from "./serve.ts";

/** Fine; the thing asked for failed; wrong usage or configuration. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Where a command reads and writes: the process's own streams, or a test's. */
export interface CliContext {
  /** A terminal where `isTTY` says so. */
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** What the command prints. */
  readonly stdout: Writable & { readonly isTTY?: boolean };
  /** Errors, questions and logs. */
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly serve: Serve;
}
