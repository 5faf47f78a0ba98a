import type { Node, ScanToken, TypeName } from "libpg-query";
import { quoteIdentifier } from "../core/identifier.ts";
import { PgError } from "../core/pg-error.ts";
import { type Body, bodyOf, namesOf, typeNameOf } from "./ast.ts";
import { copyInOptionsOf, copyOutOptionsOf } from "./copy-options.ts";
import { notSupported } from "./refusals.ts";
import { positionOf, SourceText } from "./source-text.ts";
import type { CopyRelation, Route, Statement } from "./statement.ts";
import { closingBracket, tokensOf } from "./tokens.ts";

/** Statements that hold another: each inner one becomes a Statement with a text of its own. */

/** The way back to the parser, which stands above this file. */
export type Parse = (sql: string) => readonly Statement[];

export function copy(copy: Body<"CopyStmt">, _ast: Node, text: string, parse: Parse): Route {
  refuseFiles(copy);
  const relation = relationOf(copy);
  if (copy.is_from === true) return copyIn(copy, relation, text);
  const options = copyOutOptionsOf(copy.options, text);
  const tokens = tokensOf(text) ?? [];
  const query =
    relation === undefined
      ? innerStatement(text, ...insideBrackets(tokens, 1), parse)
      : tableStatement(copy, relation, parse);
  refuseParameters(query, text);
  return { to: "copy-out", query, relation, options };
}

function copyIn(copy: Body<"CopyStmt">, relation: CopyRelation | undefined, text: string): Route {
  if (relation === undefined) throw new Error("COPY FROM without a table was parsed");
  const options = copyInOptionsOf(copy.options, text);
  if (copy.whereClause !== undefined)
    throw notSupported("COPY FROM with WHERE", "Copy everything, then DELETE what is not wanted.");
  return { to: "copy-in", relation, options };
}

const FILES_HINT =
  "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone.";

/** The server's files and programs are no client's, as PostgreSQL tells all but superusers. */
function refuseFiles({ is_program, is_from, filename }: Body<"CopyStmt">): void {
  if (filename === undefined && is_program !== true) return;
  if (is_program !== true && is_from !== true && /^[a-z][a-z0-9+.-]*:\/\//i.test(filename ?? "")) {
    throw notSupported("COPY TO an object of a store", "Use COPY … TO STDOUT.");
  }
  const { role, deed } =
    is_program === true
      ? { role: "pg_execute_server_program", deed: "COPY to or from an external program" }
      : is_from === true
        ? { role: "pg_read_server_files", deed: "COPY from a file" }
        : { role: "pg_write_server_files", deed: "COPY to a file" };
  throw new PgError(
    "insufficient_privilege",
    `must be superuser or have privileges of the ${role} role to ${deed}`,
    { hint: FILES_HINT },
  );
}

function relationOf({ relation, attlist }: Body<"CopyStmt">): CopyRelation | undefined {
  if (relation === undefined) return undefined;
  const columns = namesOf(attlist);
  const twice = columns.find((column, index) => columns.indexOf(column) < index);
  if (twice !== undefined) {
    throw new PgError("duplicate_column", `column "${twice}" specified more than once`);
  }
  return { schema: relation.schemaname, name: relation.relname ?? "", columns };
}

/** COPY is no statement that parameters reach. */
function refuseParameters(query: Statement, text: string): void {
  if (query.parameterCount === 0) return;
  const param = (tokensOf(text) ?? []).find(({ tokenName }) => tokenName === "PARAM");
  throw new PgError("undefined_parameter", `there is no parameter ${param?.text ?? "$1"}`, {
    position: positionOf(text, param?.start),
  });
}

function insideBrackets(tokens: readonly ScanToken[], open: number): [start: number, end: number] {
  return [tokens[open]?.end ?? 0, tokens[closingBracket(tokens, open)]?.start ?? 0];
}

function tableStatement(
  { relation }: Body<"CopyStmt">,
  { columns }: CopyRelation,
  parse: Parse,
): Statement {
  const names = [relation?.catalogname, relation?.schemaname, relation?.relname].filter(
    (name) => name !== undefined,
  );
  const list = columns.length > 0 ? columns.map(quoteIdentifier).join(", ") : "*";
  const from = names.map(quoteIdentifier).join(".");
  const statement = onlyStatement(`SELECT ${list} FROM ${from}`, parse);
  // The client never saw this text, so that no place in it means anything to the client.
  return { ...statement, ast: withoutLocations(statement.ast) };
}

function withoutLocations(ast: Node | undefined): Node | undefined {
  if (ast === undefined) return undefined;
  // A tree of plain objects comes back as it was, less the fields that are left out.
  const copy = JSON.stringify(ast, (key, value: unknown) =>
    key === "location" ? undefined : value,
  );
  return JSON.parse(copy) as Node;
}

export function prepare(
  { name = "", argtypes }: Body<"PrepareStmt">,
  _ast: Node,
  text: string,
  parse: Parse,
): Route {
  const tokens = tokensOf(text) ?? [];
  // PREPARE name [(types)] AS statement
  const afterName = tokens[2]?.text === "(" ? closingBracket(tokens, 2) + 1 : 2;
  const statement = innerStatement(
    text,
    tokens[afterName]?.end ?? 0,
    tokens.at(-1)?.end ?? 0,
    parse,
  );
  const parameterTypes = (argtypes ?? []).map((type) => typeText(bodyOf(type, "TypeName")));
  return { to: "gateway", command: { kind: "prepare", name, parameterTypes, statement } };
}

/** Internal names, as pg_type has them, with `[]` for an array: int4, numeric, text[]. */
function typeText(type: TypeName | undefined): string {
  return typeNameOf(type) + "[]".repeat(type?.arrayBounds?.length ?? 0);
}

export function execute(
  { name = "", params }: Body<"ExecuteStmt">,
  _ast: Node,
  text: string,
): Route {
  const tokens = tokensOf(text) ?? [];
  const argumentsSql = params === undefined ? [] : argumentTexts(new SourceText(text), tokens);
  return { to: "gateway", command: { kind: "execute", name, argumentsSql } };
}

/** The texts between the commas of EXECUTE name (…). */
function argumentTexts(source: SourceText, tokens: readonly ScanToken[]): readonly string[] {
  const texts: string[] = [];
  const close = closingBracket(tokens, 2);
  let start = tokens[2]?.end ?? 0;
  for (let i = 3; i <= close; i++) {
    const token = tokens[i];
    if (token === undefined) break;
    if (token.text === "(" || token.text === "[") {
      i = closingBracket(tokens, i);
    } else if (token.text === "," || i === close) {
      texts.push(source.slice(start, token.start).trim());
      start = token.end;
    }
  }
  return texts;
}

/** The statement between two byte offsets of another's text. */
export function innerStatement(text: string, start: number, end: number, parse: Parse): Statement {
  const source = new SourceText(text);
  const inner = onlyStatement(source.slice(start, end), parse);
  return { ...inner, offset: inner.offset + source.characters(start) };
}

function onlyStatement(text: string, parse: Parse): Statement {
  const [statement] = parse(text);
  if (statement === undefined) throw new Error("the statement inside a statement has no text");
  return statement;
}
