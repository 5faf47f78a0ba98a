import type { Node } from "libpg-query";
import { quoteIdentifier } from "../core/identifier.ts";
import { type Body, kindOf, type NodeKind } from "./ast.ts";
import { EXPRESSIONS } from "./print-expressions.ts";
import { QUERIES } from "./print-queries.ts";
import { notSupported } from "./refusals.ts";

/** A place of the printed text that came from a place of the client's text. */
export interface Mark {
  /** In UTF-16 units of the printed text. */
  readonly printed: number;
  /** In bytes of the client's text. */
  readonly source: number;
}

export interface Printed {
  readonly sql: string;
  readonly marks: readonly Mark[];
}

type Printing<B> = (printer: Printer, body: B) => void;
export type Printings = { readonly [K in NodeKind]?: Printing<Body<K>> };

/** A node type that is in neither table is refused: DuckDB hears only what is known here. */
const PRINTINGS: Printings = { ...EXPRESSIONS, ...QUERIES };

/** An AST as DuckDB's SQL: every name quoted and every operation in brackets. */
export function print(ast: Node): Printed {
  const printer = new Printer();
  printer.node(ast);
  return printer.printed();
}

export class Printer {
  readonly #parts: string[] = [];
  readonly #marks: Mark[] = [];
  #length = 0;

  text(part: string): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }

  name(name: string | undefined): this {
    return this.text(quoteIdentifier(name ?? ""));
  }

  /** What follows is what stands at `location` in the client's text. */
  mark(location: number | undefined): this {
    if (location !== undefined && location >= 0)
      this.#marks.push({ printed: this.#length, source: location });
    return this;
  }

  node(node: Node | undefined): this {
    if (node === undefined) return this;
    const kind = kindOf(node);
    const printing = PRINTINGS[kind];
    if (printing === undefined) throw notSupported(featureOf(kind));
    // The table gives each kind a function of its own body.
    (printing as Printing<unknown>)(this, node[kind as keyof Node]);
    return this;
  }

  /** Nodes with `separator` between them. */
  list(nodes: readonly Node[] | undefined, separator = ", "): this {
    nodes?.forEach((node, index) => {
      if (index > 0) this.text(separator);
      this.node(node);
    });
    return this;
  }

  printed(): Printed {
    return { sql: this.#parts.join(""), marks: this.#marks };
  }
}

function featureOf(kind: NodeKind): string {
  if (kind.startsWith("Json")) return "this SQL/JSON expression";
  if (kind.startsWith("Xml") || kind === "RangeTableFunc") return "XML";
  // JsonTable, CurrentOfExpr: in words, as they stand in PostgreSQL's sources.
  return kind.replaceAll(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}
