/**
 * Adds a table to the text of a workspace file. Only lines are added, so that all others stay as
 * they are: comments, order, quotes and blank lines. Where the tables stand in braces, in which no
 * lines can be added, the file is written anew, in which comments and order stay too.
 */
import {
  Document,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Pair,
  parseDocument,
  type YAMLMap,
} from "yaml";
import { disguiseReferences } from "../settings/variables.ts";

/** What is written of a table; what is not there is the default. */
export interface NewTable {
  readonly source: string;
  readonly xlsx?: { readonly sheet: string };
  /** By the name in the file's header. */
  readonly columns: ReadonlyMap<string, { readonly type: string }>;
}

const INDENT = 2;

export function insertTable(text: string, name: string, table: NewTable): string {
  // A reference such as ${NAME} is no YAML everywhere, and keeps its length in disguise.
  const disguised = disguiseReferences(text);
  const lines = new LineCounter();
  const document = parseDocument(disguised.text, { lineCounter: lines, keepSourceTokens: true });
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const root = document.contents;
  const pair = isMap(root) ? root.items.find(({ key }) => keyText(key) === "tables") : undefined;
  const tables = pair?.value;
  const written = (indent: number, step: number): string =>
    snippet(name, table, indent, step).replaceAll("\n", newline);
  if (
    isMap(tables) &&
    tables.flow === true &&
    (tables.items.length > 0 || hasCommentInside(text, tables))
  ) {
    document.setIn(["tables", name], document.createNode(entryOf(table)));
    return disguised.restore(document.toString({ lineWidth: 0, flowCollectionPadding: true }));
  }
  if (isMap(tables) && tables.items.length > 0) {
    const first = tables.items[0]?.key;
    const indent = columnOf(first, lines);
    const at = endOfMap(disguised.text, tables, indent);
    const gap = areApart(text, tables) ? newline : "";
    return spliced(text, at, gap + written(indent, stepOf(tables, indent, lines)), newline);
  }
  if (pair !== undefined && isMap(root)) return withFirstTable(text, pair, written, newline);
  const head = text === "" || text.endsWith("\n") ? text : text + newline;
  return `${head}${head === "" ? "" : newline}tables:${newline}${written(INDENT, INDENT)}`;
}

/** Between the braces of a map without entries there is nothing else to keep. */
function hasCommentInside(text: string, { range }: YAMLMap): boolean {
  const [start, end] = range ?? [0, 0];
  return text.slice(start, end).includes("#");
}

/** `tables:` is there, and empty: its value gives way, on however many lines it stands. */
function withFirstTable(
  text: string,
  { key, value }: Pair,
  written: (indent: number, step: number) => string,
  newline: string,
): string {
  const keyEnd = isNode(key) ? (key.range?.[1] ?? 0) : 0;
  const colon = text.indexOf(":", keyEnd) + 1;
  const [start, end] = (isNode(value) ? value.range : undefined) ?? [colon, colon];
  const before =
    start === end
      ? text
      : text.slice(0, colon) + text.slice(colon, start).trimEnd() + text.slice(end);
  return spliced(before, endOfLine(before, colon), written(INDENT, INDENT), newline);
}

function snippet(name: string, table: NewTable, indent: number, step: number): string {
  const document = new Document({ [escaped(name)]: entryOf(table) });
  const columns = document.getIn([escaped(name), "columns"]);
  if (isMap(columns)) {
    for (const { value } of columns.items) if (isMap(value)) value.flow = true;
  }
  const xlsx = document.getIn([escaped(name), "xlsx"]);
  if (isMap(xlsx)) xlsx.flow = true;
  const text = document.toString({ lineWidth: 0, indent: step });
  const lines = text.split("\n").map((line) => (line === "" ? line : " ".repeat(indent) + line));
  return lines.join("\n");
}

function entryOf({ source, xlsx, columns }: NewTable): Readonly<Record<string, unknown>> {
  const entries = [...columns].map(([header, { type }]) => [escaped(header), { type }] as const);
  return {
    source: escaped(source),
    ...(xlsx === undefined ? {} : { xlsx: { sheet: escaped(xlsx.sheet) } }),
    // A Map keeps headers such as 2024 in their order, which an object does not.
    ...(entries.length === 0 ? {} : { columns: new Map(entries) }),
  };
}

/** So that nothing is taken for a reference to the environment. */
function escaped(text: string): string {
  return text.replaceAll("${", () => "$${");
}

function keyText(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}

function columnOf(key: unknown, lines: LineCounter): number {
  const offset = isScalar(key) ? key.range?.[0] : undefined;
  return offset === undefined ? INDENT : lines.linePos(offset).col - 1;
}

/** How far the first table's own keys are to the right of its name. */
function stepOf(tables: YAMLMap, indent: number, lines: LineCounter): number {
  for (const { value } of tables.items) {
    if (!isMap(value) || value.flow === true) continue;
    const step = columnOf(value.items[0]?.key, lines) - indent;
    if (step > 0) return step;
  }
  return INDENT;
}

/** Whether the file has a blank line between the tables that it has. */
function areApart(text: string, tables: YAMLMap): boolean {
  const starts = tables.items.map(({ key }) => (isScalar(key) ? (key.range?.[0] ?? 0) : 0));
  const between = text.slice(starts.at(-2) ?? 0, starts.at(-1) ?? 0);
  return starts.length > 1 && /\n[ \t]*\r?\n/.test(between);
}

/** Behind the last line of the last table, and behind the comments that are indented like it. */
function endOfMap(text: string, tables: YAMLMap, indent: number): number {
  let at = endOfLine(text, lastContent(tables));
  for (;;) {
    const line = /^\r?\n([ \t]+)#[^\n]*/.exec(text.slice(at));
    if (line === null || (line[1] ?? "").length <= indent) return at;
    at = endOfLine(text, at + line[0].length);
  }
}

/** The offset in or behind the last line that a node has content on. */
function lastContent(node: unknown): number {
  if (isMap(node) && node.flow !== true) {
    const last = node.items.at(-1);
    return Math.max(lastContent(last?.key), lastContent(last?.value));
  }
  if (typeof node !== "object" || node === null || !("range" in node)) return 0;
  // Every node that was parsed has its range: start, end of the value, end with what follows it.
  const range = node.range as readonly [number, number, number] | undefined;
  const end = range?.[1] ?? 0;
  const isBlock = isScalar(node) && node.type?.startsWith("BLOCK_") === true;
  const isList = "items" in node && !("flow" in node && node.flow === true);
  // The end of a block is the beginning of the line behind it.
  return isBlock || isList ? Math.max(0, end - 1) : end;
}

function endOfLine(text: string, from: number): number {
  const newline = text.indexOf("\n", from);
  if (newline < 0) return text.length;
  return text[newline - 1] === "\r" && newline > from ? newline - 1 : newline;
}

/** Lines behind the line that ends at `at`. */
function spliced(text: string, at: number, lines: string, newline: string): string {
  const rest = text.slice(at).replace(/^\r?\n/, "");
  return `${text.slice(0, at)}${newline}${lines}${rest}`;
}
