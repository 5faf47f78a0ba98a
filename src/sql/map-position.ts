import { SourceText } from "./source-text.ts";
import type { Statement } from "./statement.ts";
import type { Translation } from "./translate.ts";

/**
 * An error's position in a translation (characters from 1) as one in the client's statement: that of
 * the innermost part that begins at or before it. Undefined where the translation knows none.
 */
export function mapPosition(
  { ast, text }: Statement,
  { sql, marks }: Translation,
  position: number,
): number | undefined {
  // What DuckDB read was the client's own text.
  if (ast === undefined) return position;
  const offset = unitsOf(sql, position - 1);
  const mark = marks.findLast(({ printed }) => printed <= offset);
  return mark === undefined ? undefined : new SourceText(text).characters(mark.source) + 1;
}

/** Where in a JavaScript string a character is. */
function unitsOf(text: string, characters: number): number {
  let units = 0;
  for (const character of text) {
    if (characters-- <= 0) break;
    units += character.length;
  }
  return units;
}
