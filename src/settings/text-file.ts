import { readFileSync, statSync } from "node:fs";
import { LIMITS } from "../core/limits.ts";
import { formatSize } from "../core/units.ts";
import type { Problem } from "./problem.ts";

/** A configuration file's text, or the problem that stands in its way. */
export function readTextFile(file: string, missingHint?: string): string | Problem {
  const problem = (message: string, hint?: string): Problem => {
    return { file, line: 1, column: 1, message, hint };
  };
  try {
    const status = statSync(file);
    if (status.isDirectory()) return problem("this is a folder, not a file", missingHint);
    if (status.size > LIMITS.configurationFileBytes) {
      return problem(`the file is larger than ${formatSize(LIMITS.configurationFileBytes)}`);
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "ENOENT" || code === "ENOTDIR") {
      return problem("there is no such file", missingHint);
    }
    if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") {
      return problem("the file is not UTF-8", "Save it as UTF-8.");
    }
    return problem(`the file cannot be read (${code})`, "Check its permissions.");
  }
}
