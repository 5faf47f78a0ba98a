import { PgError } from "../core/pg-error.ts";

/** What PostgreSQL's lexer passes over before the first word: space, comments, `(` and `;`. */
const BEFORE_FIRST_WORD = /[\s(;]+|--[^\n\r]*/y;
const COMMENT_EDGE = /\/\*|\*\//g;
const WORD = /[A-Za-z_]+/y;

const ALLOWED: ReadonlySet<string> = new Set([
  "SELECT",
  "VALUES",
  "TABLE",
  "WITH",
  "SHOW",
  "EXPLAIN",
]);

/**
 * The gateway sends only SELECT, VALUES, SHOW and EXPLAIN here, by their syntax tree. Because a
 * `RESET SESSION AUTHORIZATION` or DO would make its sender the superuser, the first word is looked
 * at once more; Parse takes one statement only, so nothing can stand behind it.
 */
export function checkStatementKind(sql: string): void {
  const start = firstWordOffset(sql);
  // Nothing but space and comments is the empty statement.
  if (start === sql.length) return;
  WORD.lastIndex = start;
  const word = WORD.exec(sql)?.[0].toUpperCase() ?? sql.charAt(start);
  if (ALLOWED.has(word)) return;
  throw new PgError("feature_not_supported", `${word} cannot run on the system catalogs`);
}

function firstWordOffset(sql: string): number {
  let offset = 0;
  for (;;) {
    BEFORE_FIRST_WORD.lastIndex = offset;
    const skipped = BEFORE_FIRST_WORD.exec(sql);
    if (skipped !== null) offset += skipped[0].length;
    else if (sql.startsWith("/*", offset)) offset = commentEnd(sql, offset);
    else return offset;
  }
}

/** Comments nest. One that is never closed reaches to the end. */
function commentEnd(sql: string, start: number): number {
  let depth = 0;
  COMMENT_EDGE.lastIndex = start;
  for (let edge = COMMENT_EDGE.exec(sql); edge !== null; edge = COMMENT_EDGE.exec(sql)) {
    depth += edge[0] === "/*" ? 1 : -1;
    if (depth === 0) return COMMENT_EDGE.lastIndex;
  }
  return sql.length;
}
