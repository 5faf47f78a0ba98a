import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * With all directories above it, where they are missing. Unlike the recursive mkdir of Node.js it
 * says of a full or read-only disk that it is so, and not ENOENT.
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") {
      await makeDirectory(dirname(path));
      await mkdir(path, { recursive: true });
      // Where something stands that is no directory, whoever uses it will be told.
    } else if (code !== "EEXIST") throw error;
  }
}
