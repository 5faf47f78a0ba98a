import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Trace } from "./trace-client.ts";

/** What PostgreSQL has answered to each script, by its name. */
export interface Recording {
  /** As `postgres --version` prints it. */
  readonly version: string;
  readonly traces: Readonly<Record<string, Trace>>;
}

const PATH = fileURLToPath(new URL("./traces.recorded.json", import.meta.url));

export function readRecording(): Recording {
  // The recorder has written it.
  return JSON.parse(readFileSync(PATH, "utf8")) as Recording;
}

/** One line of the file for each message. */
export function writeRecording(recording: Recording): void {
  writeFileSync(PATH, `${JSON.stringify(recording, undefined, 1)}\n`);
}
