/**
 * How a file's headers become column names. A name that can be written in SQL without quotes is
 * what people type, so names are folded to that unless the catalog says otherwise.
 */
import { LIMITS } from "./limits.ts";

/** How names are made: folded to unquoted identifiers, or left as the file has them. */
export type NamingRule = "normalized" | "as_is";

export interface NamingOptions {
  readonly names: NamingRule;
  /** The catalog's columns by their key, which is a header or the name made of it. */
  readonly mapping?: ReadonlyMap<string, { readonly name: string | undefined }>;
}

/**
 * PostgreSQL gives every table these columns and refuses to create others of the name
 * (documentation 5.6, "System Columns"), so a header never gets one of them.
 */
export const SYSTEM_COLUMNS: ReadonlySet<string> = new Set([
  "cmax",
  "cmin",
  "ctid",
  "tableoid",
  "xmax",
  "xmin",
]);

/**
 * PostgreSQL's lexer takes letters, digits, `_`, `$` and everything beyond ASCII. What cannot be
 * seen (spaces, control and format characters) is left out of that: nobody could type it again.
 */
const NOT_IN_IDENTIFIERS = /(?:[^\w$\u{80}-\u{10ffff}]|[\p{Z}\p{Cc}\p{Cf}\p{Cs}])+/gu;
const CANNOT_START = /^[0-9$]/;

/**
 * A header as an identifier that needs no quotes: lower-cased, each run of other characters one
 * `_`, none at the ends, and a `_` before a leading digit. Empty where nothing is left of it.
 * Key words are kept: `order` has to be quoted in SQL, but is the name people look for.
 */
export function normalizeName(header: string): string {
  const marked = header.normalize("NFC").replace(NOT_IN_IDENTIFIERS, "\u0000").toLowerCase();
  const trimmed = marked.replace(/^\u0000|\u0000$/g, "").replaceAll("\u0000", "_");
  return truncateName(CANNOT_START.test(trimmed) ? `_${trimmed}` : trimmed);
}

/** Cut to what PostgreSQL keeps of a name, less `reserve` bytes, between two characters. */
export function truncateName(name: string, reserve = 0): string {
  const limit = LIMITS.identifierBytes - reserve;
  // No character takes fewer bytes than UTF-16 units, so most names need no counting.
  if (name.length * 3 <= limit || Buffer.byteLength(name) <= limit) return name;
  let bytes = 0;
  let cut = "";
  for (const character of name) {
    bytes += Buffer.byteLength(character);
    if (bytes > limit) break;
    cut += character;
  }
  return cut;
}

/**
 * For each header the key of the catalog that means it, if one does. A key means the first header
 * that it equals, spaces around it aside; one that equals none means the column that it would be in SQL (`a_2` for the
 * second `a`, `column_3` for an empty header, `order_id` for `Order ID`).
 */
export function matchColumns(
  headers: readonly string[],
  keys: Iterable<string>,
  names: NamingRule,
): (string | undefined)[] {
  const matches: (string | undefined)[] = headers.map(() => undefined);
  const byHeader = firstIndexes([...headers, ...headers.map((header) => header.trim())]);
  const byName = firstIndexes(distinctNames(headers, names, []));
  const unmatched: string[] = [];
  for (const key of keys) {
    const index = byHeader.get(key);
    if (index === undefined) unmatched.push(key);
    else matches[index % headers.length] ??= key;
  }
  for (const key of unmatched) {
    const index = byName.get(key);
    if (index !== undefined) matches[index] ??= key;
  }
  return matches;
}

/**
 * The SQL names of a file's columns, all different even to an engine that ignores case. A name that
 * the catalog gives wins; then a header keeps its own name before a copy of another gets `_2`.
 */
export function columnNames(headers: readonly string[], options: NamingOptions): string[] {
  const { names, mapping } = options;
  if (mapping === undefined) return distinctNames(headers, names, []);
  const given = matchColumns(headers, mapping.keys(), names).map((key) =>
    key === undefined ? undefined : mapping.get(key)?.name,
  );
  return distinctNames(headers, names, given);
}

function distinctNames(
  headers: readonly string[],
  names: NamingRule,
  given: readonly (string | undefined)[],
): string[] {
  const taken = new Set(SYSTEM_COLUMNS);
  const lastSuffix = new Map<string, number>();
  const result: (string | undefined)[] = headers.map((_header, index) => {
    const name = given[index];
    return name === undefined ? undefined : take(name, taken);
  });
  const wanted = headers.map((header, index) => {
    const name =
      names === "as_is" ? truncateName(header.replaceAll("\0", "")) : normalizeName(header);
    return name.trim() === "" ? `column_${index + 1}` : name;
  });
  wanted.forEach((name, index) => (result[index] ??= take(name, taken)));
  return wanted.map((name, index) => result[index] ?? takeWithSuffix(name, taken, lastSuffix));
}

function take(name: string, taken: Set<string>): string | undefined {
  const folded = name.toLowerCase();
  if (taken.has(folded)) return undefined;
  taken.add(folded);
  return name;
}

function takeWithSuffix(name: string, taken: Set<string>, lastSuffix: Map<string, number>): string {
  const folded = name.toLowerCase();
  for (let number = (lastSuffix.get(folded) ?? 1) + 1; ; number++) {
    const suffix = `_${number}`;
    const numbered = take(truncateName(name, suffix.length) + suffix, taken);
    if (numbered === undefined) continue;
    lastSuffix.set(folded, number);
    return numbered;
  }
}

function firstIndexes(texts: readonly string[]): Map<string, number> {
  const indexes = new Map<string, number>();
  texts.forEach((text, index) => {
    if (!indexes.has(text)) indexes.set(text, index);
  });
  return indexes;
}
