import { PgError } from "../core/pg-error.ts";

/** The elements of PostgreSQL's `{a,"b c",NULL}`, one dimension of it; undefined is NULL. */
export function parseArrayLiteral(
  literal: string,
  position: number | undefined,
): readonly (string | undefined)[] {
  const inside = /^\s*\{\s*([^]*?)\s*\}\s*$/.exec(literal)?.[1];
  if (inside === undefined) {
    throw new PgError("invalid_text_representation", `malformed array literal: "${literal}"`, {
      detail: 'Array value must start with "{" or dimension information.',
      position,
    });
  }
  if (inside === "") return [];
  const elements: (string | undefined)[] = [];
  const element = /\s*(?:"((?:[^"\\]|\\[^])*)"|((?:[^"\\{},\s]|\\[^]|\s+(?![\s,]|$))+))\s*(,|$)/y;
  while (element.lastIndex < inside.length) {
    const [match, quoted, bare, end] = element.exec(inside) ?? [];
    if (match === undefined) {
      const nested = inside.includes("{");
      throw nested
        ? new PgError(
            "feature_not_supported",
            "a literal of a multidimensional array is not supported",
            {
              hint: "Write it as ARRAY[[1, 2], [3, 4]].",
              position,
            },
          )
        : new PgError("invalid_text_representation", `malformed array literal: "${literal}"`, {
            position,
          });
    }
    const isNull = quoted === undefined && bare?.toUpperCase() === "NULL";
    elements.push(isNull ? undefined : (quoted ?? bare ?? "").replaceAll(/\\([^])/g, "$1"));
    if (end === "") break;
  }
  return elements;
}
