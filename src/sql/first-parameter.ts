import { type Body, walk } from "./ast.ts";
import { positionOf } from "./source-text.ts";
import type { Statement } from "./statement.ts";

/** The parameter that stands first in a statement's text; its place is unknown in DuckDB's own SQL. */
export function firstParameter({ ast, text, parameterCount }: Statement): {
  readonly number: number;
  readonly position: number | undefined;
} {
  let first: Body<"ParamRef"> = { number: parameterCount, location: -1 };
  if (ast !== undefined) {
    walk(ast, {
      enter(kind, body) {
        if (kind !== "ParamRef") return undefined;
        // The visitor's body is that of its kind.
        const parameter = body as Body<"ParamRef">;
        const isFirst = first.location === -1 || (parameter.location ?? 0) < (first.location ?? 0);
        if (isFirst) first = parameter;
        return undefined;
      },
    });
  }
  return { number: first.number ?? 0, position: positionOf(text, first.location) };
}
