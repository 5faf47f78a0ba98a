import { PgError } from "../core/pg-error.ts";
import { type DuckdbException, firstLine } from "./error-rule.ts";
import { translateException } from "./error-rules.ts";

/**
 * What DuckDB threw, in PostgreSQL's terms. `sql` is the text that DuckDB was given, for the
 * position. Anything that is not DuckDB's comes back as it is.
 */
export function toPgError(thrown: unknown, sql?: string): unknown {
  if (thrown instanceof PgError || !(thrown instanceof Error)) return thrown;
  const found = readException(thrown.message);
  if (found === undefined) return thrown;

  const [told, column] = found.exception_message.split(SOURCE_COLUMN);
  const exception = { ...found, exception_message: told ?? "" };
  const { condition, message, hint } = translateException(exception);
  return new PgError(
    condition,
    withoutPaths(message ?? lowerFirst(firstLine(exception.exception_message)), exception, sql),
    {
      detail: column === undefined ? undefined : `The value is in column "${column}".`,
      hint,
      position: sql === undefined ? undefined : characterPosition(sql, exception.position),
      cause: thrown,
    },
  );
}

/** What DuckDB adds to the message of a cast that a column's value has failed. */
const SOURCE_COLUMN = " when casting from source column ";

/** `{…}` under errors_as_json, sometimes behind a prefix; else DuckDB's plain `IO Error: …`. */
function readException(message: string): DuckdbException | undefined {
  const json = /^(?:[A-Z][A-Za-z -]* Error: |Failed to append: )?(\{"exception_type"[\s\S]*)$/.exec(
    message,
  )?.[1];
  if (json !== undefined) {
    try {
      // DuckDB's own writer of errors, whose fields are all strings.
      return JSON.parse(json) as DuckdbException;
    } catch {
      return { exception_type: "INTERNAL", exception_message: message };
    }
  }
  const plain = /^([A-Z][A-Za-z -]*?) Error: ([\s\S]*)$/.exec(message);
  if (plain !== null) {
    return { exception_type: plain[1] ?? "", exception_message: plain[2] ?? "" };
  }
  const table = /^Table "(?:.*\.)?(.*)" could not be found$/.exec(message)?.[1];
  if (table !== undefined) {
    return {
      exception_type: "Catalog",
      error_subtype: "MISSING_ENTRY",
      type: "Table",
      name: table,
      exception_message: message,
    };
  }
  // What is left of an exception that DuckDB could not describe for want of memory.
  if (/std::bad_alloc|Allocation failure|^Failed to (?:query|execute|prepare)/.test(message)) {
    return { exception_type: "Out of Memory", exception_message: message };
  }
  return undefined;
}

/** DuckDB counts bytes from 0, ErrorResponse counts characters from 1. */
function characterPosition(sql: string, bytePosition: string | undefined): number | undefined {
  if (bytePosition === undefined || !/^\d+$/.test(bytePosition)) return undefined;
  const bytes = Buffer.from(sql);
  const offset = Math.min(Number(bytePosition), bytes.length);
  let characters = 0;
  for (let index = 0; index < offset; index += 1) {
    // Every byte but a continuation byte begins a character.
    if (((bytes[index] ?? 0) & 0xc0) !== 0x80) characters += 1;
  }
  return characters + 1;
}

/** Paths of this machine are not the client's business, unless the client has named them. */
function withoutPaths(
  message: string,
  exception: DuckdbException,
  sql: string | undefined,
): string {
  const showsData = ["Conversion", "Catalog", "Binder", "Parser"].includes(
    exception.exception_type,
  );
  if (showsData && !exception.exception_message.startsWith("CSV Error")) return message;
  return message.replace(/(["']?)(\/[^\s"':,]+(?:\/[^\s"':,]+)+)\1/g, (text, _quote, path) =>
    sql?.includes(path) ? text : "a local file",
  );
}

function lowerFirst(message: string): string {
  // An abbreviation such as LIMIT or JSON stays as it is.
  return /^[A-Z][a-z]/.test(message) ? message.charAt(0).toLowerCase() + message.slice(1) : message;
}
