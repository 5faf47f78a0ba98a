/** Columns that clients of version 15 ask for, and what newer catalogs call them. */
const RENAMED: Readonly<Record<string, string>> = {
  // Both hold the ICU locale.
  daticulocale: "datlocale",
  colliculocale: "colllocale",
};

const CANDIDATE = /iculocale/i;

/**
 * Names, and all in which a name is only text: string constants of each kind, comments up to their
 * first end (nested ones are rare, and a name behind one is then still a name), quoted names.
 */
const TOKENS =
  /\b[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\$([\p{L}_][\p{L}\p{N}_]*)?\$[\s\S]*?\$\1\$|--[^\n\r]*|\/\*[\s\S]*?\*\/|"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*/gu;

/**
 * A statement in which renamed catalog columns have their new names, at their old length, so that
 * positions in errors stay true.
 */
export function adaptCatalogSql(sql: string): string {
  if (!CANDIDATE.test(sql)) return sql;
  return sql.replaceAll(TOKENS, (token) => {
    const quoted = token.startsWith('"');
    const name = quoted ? token.slice(1, -1) : token.toLowerCase();
    const renamed = Object.hasOwn(RENAMED, name) ? RENAMED[name] : undefined;
    if (renamed === undefined) return token;
    return (quoted ? `"${renamed}"` : renamed).padEnd(token.length);
  });
}
