import type { Connection } from "../duckdb/connection.ts";

/**
 * The tables and views that a query names, without their schemas, as DuckDB itself has parsed it.
 * Empty for what is no query. For the explanation of errors: it costs a statement.
 */
export async function relationNames(
  connection: Connection,
  sql: string,
): Promise<readonly string[]> {
  const query = sql.replace(/^\s*EXPLAIN\s+(?:ANALYZE\s+|\([^)]*\)\s*)?/i, "");
  const [row] = await connection.rows("SELECT json_serialize_sql($1::VARCHAR)::VARCHAR", [query]);
  const names: string[] = [];
  collect(JSON.parse(String(row?.[0])), names);
  return names;
}

function collect(node: unknown, names: string[]): void {
  if (typeof node !== "object" || node === null) return;
  if ("type" in node && node.type === "BASE_TABLE" && "table_name" in node) {
    names.push(String(node.table_name));
  }
  for (const child of Object.values(node)) collect(child, names);
}
