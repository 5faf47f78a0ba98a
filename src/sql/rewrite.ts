import type { Node } from "libpg-query";
import { type Body, kindOf, type NodeKind } from "./ast.ts";
import { positionOf } from "./source-text.ts";
import type { TypeOf, TypeScope } from "./types.ts";

/** What a translation may ask of the place where it works. */
export interface Context {
  /** Types of expressions of the original tree, in the query around the node. */
  readonly typeOf: TypeOf;
  /** For errors: the 1-based character position of a node's location. */
  readonly position: (location: number | undefined) => number | undefined;
}

/**
 * Makes a node that DuckDB understands out of one whose children have been translated; `original`
 * is the node as the client wrote it. Undefined leaves it as it is.
 */
type Translating<B> = (body: B, context: Context, original: B) => Node | undefined;
export type Translations = { readonly [K in NodeKind]?: Translating<Body<K>> };

/**
 * A translated copy of `ast`, children first. Of the translations the first that has something to
 * say about a node is the only one: what it makes is DuckDB's and must not be translated again.
 */
export function rewrite(
  ast: Node,
  translations: readonly Translations[],
  scope: TypeScope,
  text: string,
): Node {
  return new Rewriting(translations, scope, text).node(ast);
}

class Rewriting implements Context {
  readonly #translations: readonly Translations[];
  readonly #text: string;
  #scope: TypeScope;

  constructor(translations: readonly Translations[], scope: TypeScope, text: string) {
    this.#translations = translations;
    this.#scope = scope;
    this.#text = text;
  }

  readonly typeOf: TypeOf = (node) => this.#scope.typeOf(node);

  readonly position = (location: number | undefined): number | undefined =>
    positionOf(this.#text, location);

  node(original: Node): Node {
    const kind = kindOf(original);
    const body = original[kind as keyof Node];
    // Constants are never changed by themselves, only by the casts around them.
    if (kind === "A_Const") return original;
    if (kind !== "SelectStmt") return this.#translated(original, this.#fields(body));
    const outer = this.#scope;
    // Every query sees the columns of its own FROM first.
    this.#scope = outer.inside(body);
    const translated = this.#translated(original, this.#fields(body));
    this.#scope = outer;
    return translated;
  }

  #translated(original: Node, body: unknown): Node {
    const kind = kindOf(original);
    for (const translations of this.#translations) {
      // Each kind has a translation of its own body.
      const translate = translations[kind] as Translating<unknown> | undefined;
      const translated = translate?.(body, this, original[kind as keyof Node]);
      if (translated !== undefined) return translated;
    }
    // A copy of the original's fields under the original's name.
    return { [kind]: body } as unknown as Node;
  }

  #fields(body: object): object {
    const copy: Record<string, unknown> = {};
    for (const [field, value] of Object.entries(body)) copy[field] = this.#value(field, value);
    return copy;
  }

  #value(field: string, value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => this.#value("", item));
    const [first, ...others] = Object.keys(value);
    const wrapped = others.length === 0 && first !== undefined && first >= "A" && first < "[";
    // The parser's wrapper, see bodyOf().
    if (wrapped) return this.node(value as Node);
    if (field !== "larg" && field !== "rarg") return this.#fields(value);
    // The sides of a set operation are queries without their wrapper.
    const side = this.node({ SelectStmt: value });
    return side[kindOf(side) as keyof Node];
  }
}
