/** Names of tables and views as the YAML writes them: `orders`, `finance.ledger`, `"odd.name"`. */
import { LIMITS } from "../core/limits.ts";

export interface RelationName {
  readonly schema: string;
  readonly name: string;
}

export type RelationNameReading =
  | { readonly ok: true; readonly relation: RelationName }
  | { readonly ok: false; readonly message: string; readonly hint: string | undefined };

export const DEFAULT_SCHEMA = "public";

/** PostgreSQL's own schemas, and the one of our system views. */
function isReserved(schema: string): boolean {
  const folded = schema.toLowerCase();
  return folded.startsWith("pg_") || folded === "information_schema" || folded === "bucketgres";
}

/**
 * What the catalog names is left as it is written there. A dot ends the schema's name; in double
 * quotes, doubled inside as in SQL, it is a character like any other.
 */
export function parseRelationName(text: string): RelationNameReading {
  const parts = splitName(text);
  if (parts === undefined) {
    return wrong(`the name ${text} has a quote that is not closed`, undefined);
  }
  if (parts.length > 2) {
    return wrong(
      `the name "${text}" has more than one dot`,
      "Write schema.table, with a part that holds a dot in double quotes: '\"a.b\"'.",
    );
  }
  const [first = "", second] = parts;
  const relation =
    second === undefined
      ? { schema: DEFAULT_SCHEMA, name: first }
      : { schema: first, name: second };
  for (const part of [relation.schema, relation.name]) {
    if (part.trim() === "") return wrong(`the name "${text}" has an empty part`, undefined);
    if (part.includes("\0")) return wrong("a name cannot hold a zero byte", undefined);
    if (Buffer.byteLength(part) > LIMITS.identifierBytes) {
      return wrong(`the name "${part}" is longer than ${LIMITS.identifierBytes} bytes`, undefined);
    }
  }
  if (isReserved(relation.schema)) {
    return wrong(`the schema name "${relation.schema}" is reserved`, "Choose another schema.");
  }
  return { ok: true, relation };
}

/** `finance.ledger`, and a name alone where the schema is the default one. */
export function formatRelationName({ schema, name }: RelationName): string {
  return schema === DEFAULT_SCHEMA ? name : `${schema}.${name}`;
}

export interface TableReference {
  readonly relation: RelationName;
  /** Empty where the referenced table's primary key is meant. */
  readonly columns: readonly string[];
}

/** `customers(id)`, `finance.ledger(year, "no.")` or `customers`. Undefined where it is neither. */
export function parseTableReference(text: string): TableReference | undefined {
  const match = /^((?:"(?:[^"]|"")*"|[^"(])+?)\s*(?:\((.*)\))?$/s.exec(text.trim());
  const reading = match?.[1] === undefined ? undefined : parseRelationName(match[1]);
  if (reading?.ok !== true) return undefined;
  if (match?.[2] === undefined) return { relation: reading.relation, columns: [] };
  const columns = splitQuoted(match[2], ",");
  return columns === undefined || columns.includes("")
    ? undefined
    : { relation: reading.relation, columns };
}

function splitName(text: string): string[] | undefined {
  return splitQuoted(text, ".");
}

/** Undefined where a quote is not closed. A quote inside an unquoted part is part of it. */
function splitQuoted(text: string, separator: string): string[] | undefined {
  const parts: string[] = [];
  let rest = text;
  for (;;) {
    const quoted = /^\s*"((?:[^"]|"")*)"\s*/.exec(rest);
    const isQuoted = quoted !== null && [undefined, separator].includes(rest[quoted[0].length]);
    if (!isQuoted && rest.trimStart().startsWith('"')) return undefined;
    const end = isQuoted ? quoted[0].length : rest.indexOf(separator);
    const part = end < 0 ? rest : rest.slice(0, end);
    parts.push(isQuoted ? (quoted[1] ?? "").replaceAll('""', '"') : part.trim());
    if (end < 0 || end >= rest.length) return parts;
    rest = rest.slice(end + 1);
  }
}

function wrong(message: string, hint: string | undefined): RelationNameReading {
  return { ok: false, message, hint };
}
