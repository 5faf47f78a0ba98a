import type { CachedColumn } from "../cache/cache-entry.ts";
import { parseDuckdbType } from "../pgtypes/duckdb-type-text.ts";
import { pgTypeText } from "../pgtypes/duckdb-types.ts";

/** As many names as a sentence can list. */
const LISTED = 5;

/** A sentence on how the columns differ, as clients see them; undefined where they do not. */
export function columnChanges(
  before: readonly CachedColumn[],
  after: readonly CachedColumn[],
): string | undefined {
  const old = new Map(before.map((column) => [column.name, column]));
  const names = new Set(after.map(({ name }) => name));
  const added = after.filter(({ name }) => !old.has(name)).map(({ name }) => `"${name}"`);
  const removed = before.filter(({ name }) => !names.has(name)).map(({ name }) => `"${name}"`);
  const retyped = after.flatMap(({ name, duckdbType }) => {
    const was = old.get(name)?.duckdbType;
    return was === undefined || was === duckdbType
      ? []
      : [`"${name}" (${typeText(was)} to ${typeText(duckdbType)})`];
  });
  const parts = [
    ...part("added", added),
    ...part("removed", removed),
    ...part("other types for", retyped),
  ];
  return parts.length === 0 ? undefined : `the columns have changed: ${parts.join("; ")}`;
}

function part(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : "";
  return [`${what} ${names.slice(0, LISTED).join(", ")}${more}`];
}

/** In PostgreSQL's words. */
function typeText(duckdbType: string): string {
  const type = parseDuckdbType(duckdbType);
  return type === undefined ? duckdbType : pgTypeText(type);
}
