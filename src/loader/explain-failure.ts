import { statfs } from "node:fs/promises";
import type { Cache } from "../cache/cache.ts";
import { PgError } from "../core/pg-error.ts";
import { SQLSTATE } from "../core/sqlstate.ts";
import type { LoadTools } from "./load-table.ts";
import type { LoadRequest } from "./loader.ts";

/** With less free space a write error is taken for a full disk. */
const FULL_DISK_BYTES = 64 * 1024 * 1024;

/** What a user is to hear of it. What is no PgError is logged here, where its cause is known. */
export async function explainFailure(
  error: unknown,
  request: LoadRequest,
  tools: Pick<LoadTools, "cache" | "log">,
): Promise<PgError> {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const isWriteError = error instanceof PgError && error.sqlstate === SQLSTATE.io_error;
  if (code === "ENOSPC" || code === "EDQUOT" || (isWriteError && (await isDiskFull(tools.cache)))) {
    return new PgError("disk_full", "no space is left for the cache", {
      hint: "Free space where the cache's directory is, or move it with cache.directory.",
      cause: error,
    });
  }
  if (error instanceof PgError) return error;
  const { workspace, table } = request;
  tools.log.error({ err: error, workspace, table: table.name }, "table could not be loaded");
  if (/^E[A-Z]+$/.test(code)) {
    return new PgError("io_error", `source of table "${table.name}" cannot be read: ${code}`, {
      hint: "Check the permissions and the disk of the cache and of the store's directory.",
      cause: error,
    });
  }
  return new PgError("internal_error", `table "${table.name}" could not be loaded`, {
    hint: "The log of the gateway says why.",
    cause: error,
  });
}

async function isDiskFull(cache: Cache): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(cache.directory);
    return bavail * bsize < FULL_DISK_BYTES;
  } catch {
    return false;
  }
}
