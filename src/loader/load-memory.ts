/** How much memory DuckDB gets for a conversion. */
import type { LoadContext } from "./load-context.ts";

/** A conversion streams: with more DuckDB would only keep what it has written already. */
export const STREAMING_MEMORY_BYTES = 400 * 1024 * 1024;

/** DuckDB counts this for each column of a table, and touches a third of it. */
const COLUMN_BYTES = 288 * 1024;
/** With more columns one thread's rows are as much as may be in memory at a time. */
const WIDE_COLUMNS = 500;

/** For a table of so many columns, before it is read. */
export async function makeRoomFor(columns: number, context: LoadContext): Promise<void> {
  if (columns <= WIDE_COLUMNS) return;
  const { connection, memoryBytes } = context;
  const wanted = STREAMING_MEMORY_BYTES + columns * COLUMN_BYTES;
  // Twice, because what is counted is not what is used.
  await connection.run(`SET memory_limit = '${Math.min(wanted, 2 * memoryBytes)}B'`);
  await connection.run("SET threads = 1");
}
