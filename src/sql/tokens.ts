import { type ScanToken, scanSync } from "libpg-query";

/**
 * The tokens of an SQL text, comments left out, or undefined where PostgreSQL's scanner gives up.
 */
export function tokensOf(sql: string): readonly ScanToken[] | undefined {
  try {
    return scanSync(sql).tokens.filter(({ tokenName }) => !COMMENTS.has(tokenName));
  } catch {
    // An unterminated string or comment: whoever asked has the parser's error, which says so.
    return undefined;
  }
}

const COMMENTS: ReadonlySet<string> = new Set(["SQL_COMMENT", "C_COMMENT"]);

/** The byte ranges between the semicolons, those with nothing but comments left out. */
export function rangesBetweenSemicolons(tokens: readonly ScanToken[]): readonly TokenRange[] {
  const ranges: TokenRange[] = [];
  let current: ScanToken[] = [];
  for (const token of tokens) {
    if (token.text !== ";") {
      current.push(token);
    } else if (current.length > 0) {
      ranges.push(rangeOf(current));
      current = [];
    }
  }
  if (current.length > 0) ranges.push(rangeOf(current));
  return ranges;
}

export interface TokenRange {
  readonly start: number;
  readonly end: number;
  readonly tokens: readonly ScanToken[];
}

function rangeOf(tokens: readonly ScanToken[]): TokenRange {
  return { start: tokens[0]?.start ?? 0, end: tokens.at(-1)?.end ?? 0, tokens };
}

/** The index of the bracket that closes the one at `open`, or of the end. */
export function closingBracket(tokens: readonly ScanToken[], open: number): number {
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    const { text } = tokens[i] ?? { text: "" };
    if (text === "(" || text === "[") depth++;
    if ((text === ")" || text === "]") && --depth === 0) return i;
  }
  return tokens.length;
}
