/**
 * Runs all scripts against a PostgreSQL of its own and writes what it answers to
 * traces.recorded.json. By hand, when scripts are added:
 *
 *     node --import tsx test/trace/record.ts
 */
import { writeRecording } from "./recording.ts";
import { SCRIPTS } from "./scripts.ts";
import { startTheirs } from "./servers.ts";
import { type Trace, traceOf } from "./trace-client.ts";

/** Long enough for any answer of these scripts on a busy machine. */
const QUIET_MS = 400;

const { server, postgres } = await startTheirs();
try {
  const traces: Record<string, Trace> = {};
  for (const script of SCRIPTS) {
    traces[script.name] = await traceOf(script, server, { afterMs: QUIET_MS });
  }
  writeRecording({ version: postgres.version, traces });
} finally {
  await postgres[Symbol.asyncDispose]();
}
