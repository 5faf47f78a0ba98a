import type { Node } from "libpg-query";
import { type Body, namesOf, tooComplex, walk } from "./ast.ts";
import { MACRO_WEIGHTS } from "./engine-dialect.ts";

/** How many copies of an expression macros may make: four levels of the widest of them. */
const MAX_COPIES = 5_000;

/** Counts the copies that nested macros make of what is inside them. */
export class Expansion {
  #copies = 1;

  /** On the way into a call. The answer is for leave(). */
  enter(name: string): number {
    const weight = MACRO_WEIGHTS.get(name) ?? 1;
    this.#copies *= weight;
    if (this.#copies > MAX_COPIES)
      throw tooComplex(`Calls of ${name} and the like are nested too deeply.`);
    return weight;
  }

  leave(weight: number): void {
    this.#copies /= weight;
  }
}

/** Refuses a translated tree that DuckDB's binder would blow up. */
export function checkExpansion(ast: Node): void {
  const expansion = new Expansion();
  const weights: number[] = [];
  // Of a division only the divisor is written down twice, so that a long chain of them is fine.
  const divisors = new Map<unknown, string>();
  walk(
    ast,
    {
      enter(kind, body) {
        // The visitor's body is that of its kind.
        const name =
          kind === "FuncCall"
            ? (namesOf((body as Body<"FuncCall">).funcname).at(-1) ?? "")
            : divisors.get(body);
        if (kind === "A_Expr") {
          const { name: operator, rexpr } = body as Body<"A_Expr">;
          for (const divisor of Object.values(rexpr ?? {}))
            divisors.set(divisor, namesOf(operator).at(-1) ?? "");
        }
        weights.push(expansion.enter(name ?? ""));
        return undefined;
      },
      leave() {
        expansion.leave(weights.pop() ?? 1);
      },
    },
    Number.POSITIVE_INFINITY,
  );
}
