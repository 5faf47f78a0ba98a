import { readFileSync } from "node:fs";
import { assert } from "../core/assert.ts";

/** Of package.json, which lies beside `src` and beside `dist`. */
export function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const manifest: unknown = JSON.parse(text);
  assert(
    typeof manifest === "object" &&
      manifest !== null &&
      "version" in manifest &&
      typeof manifest.version === "string",
    "package.json has a version",
  );
  return manifest.version;
}
