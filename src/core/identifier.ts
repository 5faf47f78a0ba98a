/** An SQL identifier, quoted, for PostgreSQL and DuckDB alike. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** An SQL string literal, for PostgreSQL (standard_conforming_strings) and DuckDB alike. */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
