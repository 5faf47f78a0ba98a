import type { Node, SelectStmt } from "libpg-query";
import { PgError } from "../core/pg-error.ts";
import { type Body, bodyOf } from "./ast.ts";
import { innerStatement, type Parse } from "./inner-statements.ts";
import type { CursorMotion, GatewayCommand, Route } from "./statement.ts";
import { tokensOf } from "./tokens.ts";

/** DECLARE, FETCH, MOVE and CLOSE as PostgreSQL's grammar gives them. */

/** The bits of DeclareCursorStmt's options: PostgreSQL's parsenodes.h. */
const BINARY = 0x01;
const SCROLL = 0x02;
const NO_SCROLL = 0x04;
const INSENSITIVE = 0x08;
const ASENSITIVE = 0x10;
const HOLD = 0x20;

export function declareCursor(
  { portalname = "", options = 0, query }: Body<"DeclareCursorStmt">,
  _ast: Node,
  text: string,
  parse: Parse,
): Route {
  const has = (bit: number): boolean => (options & bit) !== 0;
  if (has(SCROLL) && has(NO_SCROLL)) throw contradiction("SCROLL and NO SCROLL");
  if (has(ASENSITIVE) && has(INSENSITIVE)) throw contradiction("ASENSITIVE and INSENSITIVE");
  const select = bodyOf(query, "SelectStmt");
  if (select !== undefined) refuseWrites(select);
  if (select?.lockingClause !== undefined) refuseLocks(has, select.lockingClause);
  const tokens = tokensOf(text) ?? [];
  // The name, which may be the same word, is the second token; a quoted one keeps its quotes.
  const keyword = (word: string, after: number): number =>
    tokens.findIndex(({ text: token }, index) => index > after && token.toLowerCase() === word);
  const start = tokens[keyword("for", keyword("cursor", 1))]?.end;
  if (start === undefined) throw new Error("a DECLARE has no query");
  const inner = innerStatement(text, start, tokens.at(-1)?.end ?? 0, parse);
  return {
    to: "gateway",
    command: {
      kind: "declare",
      name: portalname,
      binary: has(BINARY),
      scroll: has(SCROLL),
      hold: has(HOLD),
      query: inner,
      queryOffset: inner.offset,
    },
  };
}

const DIRECTIONS: Readonly<Record<string, CursorMotion["direction"]>> = {
  FETCH_FORWARD: "forward",
  FETCH_BACKWARD: "backward",
  FETCH_ABSOLUTE: "absolute",
  FETCH_RELATIVE: "relative",
};

/** The grammar's FETCH_ALL: LONG_MAX where a long has 32 bits, as in the parser's WebAssembly. */
const ALL = 2_147_483_647;

export function fetch({
  direction = "FETCH_FORWARD",
  howMany,
  portalname = "",
  ismove,
}: Body<"FetchStmt">): GatewayCommand {
  const count = Number(howMany ?? 0);
  return {
    kind: "fetch",
    name: portalname,
    isMove: ismove === true,
    motion: {
      direction: DIRECTIONS[direction] ?? "forward",
      count: count === ALL ? Number.POSITIVE_INFINITY : count,
    },
  };
}

function contradiction(options: string): PgError {
  return new PgError("invalid_cursor_definition", `cannot specify both ${options}`);
}

function refuseWrites({ withClause, intoClause }: SelectStmt): void {
  if (intoClause !== undefined)
    throw new PgError("syntax_error", "SELECT ... INTO is not allowed here");
  const queries = (withClause?.ctes ?? []).map((cte) => bodyOf(cte, "CommonTableExpr")?.ctequery);
  if (queries.some((query) => query !== undefined && bodyOf(query, "SelectStmt") === undefined)) {
    throw new PgError(
      "feature_not_supported",
      "DECLARE CURSOR must not contain data-modifying statements in WITH",
    );
  }
}

const LOCKS: Readonly<Record<string, string>> = {
  LCS_FORKEYSHARE: "FOR KEY SHARE",
  LCS_FORSHARE: "FOR SHARE",
  LCS_FORNOKEYUPDATE: "FOR NO KEY UPDATE",
  LCS_FORUPDATE: "FOR UPDATE",
};

/** A cursor with none of these options locks its rows, as far as the query itself may. */
function refuseLocks(has: (bit: number) => boolean, clauses: readonly Node[]): void {
  const strength = bodyOf(clauses[0], "LockingClause")?.strength ?? "LCS_FORUPDATE";
  const lock = LOCKS[strength] ?? "FOR UPDATE";
  if (has(HOLD)) {
    throw new PgError(
      "feature_not_supported",
      `DECLARE CURSOR WITH HOLD ... ${lock} is not supported`,
      { detail: "Holdable cursors must be READ ONLY." },
    );
  }
  if (has(SCROLL)) {
    throw new PgError(
      "feature_not_supported",
      `DECLARE SCROLL CURSOR ... ${lock} is not supported`,
      { detail: "Scrollable cursors must be READ ONLY." },
    );
  }
  if (has(INSENSITIVE)) {
    throw new PgError(
      "invalid_cursor_definition",
      `DECLARE INSENSITIVE CURSOR ... ${lock} is not valid`,
      { detail: "Insensitive cursors must be READ ONLY." },
    );
  }
}
