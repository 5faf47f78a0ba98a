import { statfs } from "node:fs/promises";
import { join } from "node:path";
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
  if (code === "ENOSPC" || code === "EDQUOT" || (await isDiskFull(error, tools.cache))) {
    return new PgError("disk_full", "no space is left for the cache", {
      hint: "Free space where the cache's directory is, or move it with cache.directory.",
      cause: error,
    });
  }
  if (error instanceof PgError) return error;
  const { workspace, table } = request;
  tools.log.error({ err: error, workspace, table: table.name }, "table could not be loaded");
  if (/^E[A-Z]+$/.test(code) && isInCache(error, tools.cache)) {
    return new PgError("io_error", `the cache cannot be written: ${code}`, {
      hint: "Check that cache.directory is a directory which the gateway may write to.",
      cause: error,
    });
  }
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

/** The words of a disk that is full differ: DuckDB's are of the limits of a query. */
async function isDiskFull(error: unknown, cache: Cache): Promise<boolean> {
  if (!(error instanceof PgError)) return false;
  if (error.sqlstate === SQLSTATE.disk_full) return true;
  if (error.sqlstate !== SQLSTATE.io_error) return false;
  try {
    const { bavail, bsize } = await statfs(cache.directory);
    return bavail * bsize < FULL_DISK_BYTES;
  } catch {
    return false;
  }
}

function isInCache(error: unknown, { directory }: Cache): boolean {
  const path = error instanceof Error && "path" in error ? String(error.path) : "";
  return path === directory || path.startsWith(join(directory, "/"));
}
