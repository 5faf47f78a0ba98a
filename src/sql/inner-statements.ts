import type { Node, ScanToken, TypeName } from "libpg-query";
import { quoteIdentifier } from "../core/identifier.ts";
import { type Body, bodyOf, typeNameOf } from "./ast.ts";
import { copyOptionsOf } from "./copy-options.ts";
import { notSupported } from "./refusals.ts";
import { SourceText } from "./source-text.ts";
import type { Route, Statement } from "./statement.ts";
import { closingBracket, tokensOf } from "./tokens.ts";

/** Statements that hold another: each inner one becomes a Statement with a text of its own. */

/** The way back to the parser, which stands above this file. */
export type Parse = (sql: string) => readonly Statement[];

export function copyOut(copy: Body<"CopyStmt">, _ast: Node, text: string, parse: Parse): Route {
  if (copy.is_from === true)
    throw notSupported("COPY FROM", "Tables are read from files in the workspace's store.");
  if (copy.is_program === true) throw notSupported("COPY TO PROGRAM", "Use COPY … TO STDOUT.");
  if (copy.filename !== undefined) throw notSupported("COPY TO a file", "Use COPY … TO STDOUT.");
  const options = copyOptionsOf(copy.options);
  const tokens = tokensOf(text) ?? [];
  const query =
    copy.relation === undefined
      ? innerStatement(text, ...insideBrackets(tokens, 1), parse)
      : tableStatement(copy, parse);
  return { to: "copy-out", query, options };
}

function insideBrackets(tokens: readonly ScanToken[], open: number): [start: number, end: number] {
  return [tokens[open]?.end ?? 0, tokens[closingBracket(tokens, open)]?.start ?? 0];
}

function tableStatement({ relation, attlist }: Body<"CopyStmt">, parse: Parse): Statement {
  const columns = (attlist ?? []).map((column) =>
    quoteIdentifier(bodyOf(column, "String")?.sval ?? ""),
  );
  const names = [relation?.catalogname, relation?.schemaname, relation?.relname].filter(
    (name) => name !== undefined,
  );
  const list = columns.length > 0 ? columns.join(", ") : "*";
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
