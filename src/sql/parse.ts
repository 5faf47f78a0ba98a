import type { Node } from "libpg-query";
import { hasSqlDetails, loadModule, parseSync } from "libpg-query";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import { type Body, tooComplex, walk } from "./ast.ts";
import { classify } from "./classify.ts";
import { SourceText } from "./source-text.ts";
import type { Route, Statement } from "./statement.ts";
import type { StatementCache } from "./statement-cache.ts";
import { rangesBetweenSemicolons, type TokenRange, tokensOf } from "./tokens.ts";

interface ParseOptions {
  readonly cache?: StatementCache;
}

/** To be awaited once, before the first statement: it compiles PostgreSQL's parser. */
export async function loadParser(): Promise<void> {
  await loadModule();
}

/** The statements of a whole Query or Parse message; none if there is nothing but comments. */
export function parseStatements(sql: string, options: ParseOptions = {}): readonly Statement[] {
  return options.cache?.statements(sql, () => parseMessage(sql)) ?? parseMessage(sql);
}

function parseMessage(sql: string): readonly Statement[] {
  // Bytes are counted only where characters are few enough to count.
  if (sql.length > LIMITS.sqlTextBytes || Buffer.byteLength(sql) > LIMITS.sqlTextBytes) {
    throw new PgError("program_limit_exceeded", "statement is too long", {
      detail: `An SQL text may have ${LIMITS.sqlTextBytes} bytes.`,
      hint: "Send values as parameters, and long lists as an array.",
    });
  }
  refuseLongLists(sql);
  const source = new SourceText(sql);
  const parsed = parse(sql);
  if ("error" in parsed) return parseWithDuckdb(source, parsed.error);
  return parsed.statements.map(({ location, length }) => {
    const end = length === undefined ? source.byteLength : location + length;
    const start = startOfText(source, location, end);
    const text = source.slice(start, end).trimEnd();
    // A lone statement is classified on the tree at hand. With neighbours its locations count from
    // the message's start, so it is parsed again on its own.
    const alone = parsed.statements.length === 1 && start === 0 ? parsed.statements[0] : undefined;
    const ast = alone?.ast ?? parseOne(text);
    return statementOf(text, source.characters(start), ast);
  });
}

/** While a text is parsed, everybody else waits. */
function refuseLongLists(sql: string): void {
  if (sql.length <= LIMITS.listItems) return;
  let items = 0;
  let isQuoted = false;
  for (let index = 0; index < sql.length; index += 1) {
    const code = sql.charCodeAt(index);
    if (code === QUOTE) isQuoted = !isQuoted;
    else if (code === COMMA && !isQuoted) items += 1;
  }
  if (items <= LIMITS.listItems) return;
  throw new PgError("statement_too_complex", "statement is too complex", {
    detail: `Its lists have more than ${LIMITS.listItems} items.`,
    hint: "Send them as an array in one parameter, or COPY them into a temporary table.",
  });
}

const QUOTE = 0x27;
const COMMA = 0x2c;

/** PostgreSQL cannot read `source`: is each statement it cannot read one that DuckDB may know? */
function parseWithDuckdb(source: SourceText, error: PgError): readonly Statement[] {
  const tokens = tokensOf(source.text);
  if (tokens === undefined) throw error;
  // What PostgreSQL says of the whole text is about the first that it cannot read.
  let ofWhole: PgError | undefined = error;
  return rangesBetweenSemicolons(tokens).map((range) => {
    const text = source.slice(range.start, range.end);
    const offset = source.characters(range.start);
    const parsed = parse(text);
    if (!("error" in parsed)) return statementOf(text, offset, parseOne(text));
    if (!isDuckdbQuery(range)) throw error;
    const syntaxError = ofWhole === undefined ? parsed.error : inStatement(ofWhole, offset);
    ofWhole = undefined;
    return {
      text,
      offset,
      ast: undefined,
      parameterCount: parameterCountOf(range),
      syntaxError,
      route: { to: "engine", dialect: "duckdb" },
    };
  });
}

function inStatement(error: PgError, offset: number): PgError {
  const { position, ...fields } = error.toFields();
  return PgError.fromFields({ ...fields, position: position && position - offset });
}

/**
 * How DuckDB's own queries begin; what begins otherwise is a mistake, or none of a client's
 * business.
 */
const DUCKDB_QUERIES: ReadonlySet<string> = new Set([
  "select",
  "from",
  "with",
  "values",
  "table",
  "(",
  "pivot",
  "unpivot",
  "summarize",
  "describe",
  "desc",
]);

function isDuckdbQuery({ tokens }: TokenRange): boolean {
  return DUCKDB_QUERIES.has(tokens[0]?.text.toLowerCase() ?? "");
}

function parameterCountOf({ tokens }: TokenRange): number {
  const numbers = tokens
    .filter(({ tokenName }) => tokenName === "PARAM")
    .map(({ text }) => Number(text.slice(1)));
  return numbers.reduce((highest, number) => Math.max(highest, number), 0);
}

function statementOf(text: string, offset: number, ast: Node): Statement {
  const numbers = new Set<number>();
  walk(ast, {
    enter(kind, body) {
      // The visitor's body is that of its kind.
      if (kind === "ParamRef") numbers.add((body as Body<"ParamRef">).number ?? 0);
      return undefined;
    },
  });
  const parameterCount = numbers.size === 0 ? 0 : Math.max(...numbers);
  const route = inMessage(classify(ast, text, parseMessage), offset);
  const statement = { text, offset, ast, parameterCount, route };
  if (numbers.size === parameterCount) return statement;
  return { ...statement, usedParameters: [...numbers].toSorted((a, b) => a - b) };
}

/** A statement inside another counts its place from the message's start, too. */
function inMessage(route: Route, offset: number): Route {
  const moved = (inner: Statement): Statement => ({ ...inner, offset: inner.offset + offset });
  if (route.to === "copy-out") return { ...route, query: moved(route.query) };
  if (route.to !== "gateway") return route;
  const { command } = route;
  if (command.kind === "prepare")
    return { ...route, command: { ...command, statement: moved(command.statement) } };
  if (command.kind === "declare")
    return { ...route, command: { ...command, query: moved(command.query) } };
  return route;
}

function parseOne(text: string): Node {
  const parsed = parse(text);
  if ("error" in parsed) throw parsed.error;
  const ast = parsed.statements[0]?.ast;
  if (ast === undefined)
    throw new Error("a statement lost its text when it was cut out of its message");
  return ast;
}

interface Parsed {
  readonly statements: readonly {
    readonly ast: Node;
    readonly location: number;
    readonly length: number | undefined;
  }[];
}

function parse(sql: string): Parsed | { readonly error: PgError } {
  if (sql.trim() === "") return { statements: [] };
  try {
    const statements = (parseSync(sql).stmts ?? []).flatMap((raw) =>
      raw.stmt === undefined
        ? []
        : [{ ast: raw.stmt, location: raw.stmt_location ?? 0, length: raw.stmt_len }],
    );
    return { statements };
  } catch (error) {
    // Anything but a message of the parser is its stack or memory running out.
    if (!hasSqlDetails(error)) throw tooComplex("The statement is nested too deeply to be parsed.");
    const position = (error.sqlDetails?.cursorPosition ?? -1) + 1;
    return {
      error: new PgError("syntax_error", error.message, {
        position: position > 0 ? position : undefined,
        cause: error,
      }),
    };
  }
}

/**
 * Where the first word is: the parser counts the space and comments before a statement as its own.
 */
function startOfText(source: SourceText, location: number, end: number): number {
  const text = source.slice(location, end);
  if (/^[a-z(]/i.test(text)) return location;
  return location + (tokensOf(text)?.[0]?.start ?? 0);
}
