import type { Condition } from "../core/sqlstate.ts";
import { parseDuckdbType } from "../pgtypes/duckdb-type-text.ts";
import { pgTypeText } from "../pgtypes/duckdb-types.ts";

/** What DuckDB writes under `errors_as_json`; only what the rules look at. */
export interface DuckdbException {
  readonly exception_type: string;
  readonly exception_message: string;
  readonly error_subtype?: string | undefined;
  readonly type?: string | undefined;
  readonly name?: string | undefined;
  readonly candidates?: string | undefined;
  readonly position?: string | undefined;
}

export interface Translation {
  readonly condition: Condition;
  /** Undefined keeps the first line of DuckDB's message. */
  readonly message?: string | undefined;
  readonly hint?: string | undefined;
}

export interface Rule {
  /** DuckDB's exception types; undefined is any. */
  readonly types?: readonly string[];
  readonly subtype?: string;
  /** The kinds of catalog entry. */
  readonly entries?: readonly string[];
  readonly text?: RegExp;
  readonly to: Condition | ((exception: DuckdbException, match: readonly string[]) => Translation);
}

/** Always the same error, in words of our own. */
export function to(condition: Condition, message: string, hint?: string): () => Translation {
  return () => ({ condition, message, hint });
}

/** A message without its details, in PostgreSQL's manner without a full stop. */
export function firstLine(message: string): string {
  return (message.split("\n", 1)[0] ?? "").trim().replace(/[.!]$/, "");
}

/** A type as DuckDB names it in a message, in PostgreSQL's words. */
export function typeName(text: string | undefined): string {
  if (text === "STRING_LITERAL" || text === '"NULL"') return "unknown";
  if (text === "INTEGER_LITERAL") return "integer";
  const type = parseDuckdbType(text ?? "");
  return type === undefined ? (text ?? "").toLowerCase() : pgTypeText(type).replace(/\(.*\)/, "");
}
