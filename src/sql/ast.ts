import type { Node, TypeName } from "libpg-query";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";

/** The names of PostgreSQL's node types, as in `{ SelectStmt: … }`. */
export type NodeKind = Node extends infer N ? (N extends unknown ? keyof N : never) : never;
/** What stands behind the name of a node type. */
export type Body<K extends NodeKind> = Extract<Node, { readonly [P in K]: unknown }>[K];

/** The body of `node` if it is a `kind`. */
export function bodyOf<K extends NodeKind>(node: Node | undefined, kind: K): Body<K> | undefined {
  // A node is an object with one key, the name of its type, so the key tells the type of the value.
  if (node === undefined || !(kind in node)) return undefined;
  return (node as Extract<Node, { readonly [P in K]: unknown }>)[kind];
}

export function kindOf(node: Node): NodeKind {
  // See bodyOf.
  return Object.keys(node)[0] as NodeKind;
}

interface Visitor {
  /** Called before the children; false skips them. */
  enter(kind: NodeKind, body: object): boolean | undefined;
  leave?(kind: NodeKind, body: object): void;
}

/** Node types that only hold others: every other one is a level of nesting. */
const HOLDERS: ReadonlySet<string> = new Set(
  "List String ResTarget RangeSubselect CommonTableExpr WithClause CaseWhen SortBy WindowDef TypeName".split(
    " ",
  ),
);

/** Fields that hold a node without the wrapper that names its type. */
const BARE_FIELDS: ReadonlyMap<string, NodeKind> = new Map([
  ["relation", "RangeVar"],
  ["rel", "RangeVar"],
  ["typeName", "TypeName"],
  ["over", "WindowDef"],
  ["withClause", "WithClause"],
  ["intoClause", "IntoClause"],
  ["rarg", "SelectStmt"],
]);

/**
 * Every node below `root`, parents first. A tree deeper than `maxDepth` is refused, so that neither
 * this recursion nor DuckDB's planner can be made to run away.
 */
export function walk(
  root: Node,
  visitor: Visitor,
  maxDepth: number = LIMITS.expressionDepth,
): void {
  new Walk(visitor, maxDepth).node(root);
}

class Walk {
  readonly #visitor: Visitor;
  readonly #maxDepth: number;
  #depth = 0;
  #chained = 0;

  constructor(visitor: Visitor, maxDepth: number) {
    this.#visitor = visitor;
    this.#maxDepth = maxDepth;
  }

  node(node: object): void {
    // A wrapper's one key is the name of its type.
    const [kind] = Object.keys(node) as [NodeKind?];
    const body = kind && (node as Readonly<Record<string, object | undefined>>)[kind];
    if (kind !== undefined && typeof body === "object") this.#body(kind, body);
  }

  #body(kind: NodeKind, body: object): void {
    const nests = !HOLDERS.has(kind);
    if (nests && ++this.#depth > this.#maxDepth) {
      throw tooComplex(
        `Expressions and queries are nested more than ${this.#maxDepth} levels deep.`,
      );
    }
    // A constant has nothing inside, and an IN list may have a hundred thousand of them.
    if (this.#visitor.enter(kind, body) !== false && kind !== "A_Const") this.#fields(body);
    this.#visitor.leave?.(kind, body);
    if (nests) this.#depth--;
  }

  #fields(body: object): void {
    // Every statement comes by here several times: for … in makes no list of the fields.
    for (const field in body) {
      // Any object can be read by key; the value stays unknown.
      const value = (body as Readonly<Record<string, unknown>>)[field];
      if (typeof value !== "object" || value === null) continue;
      if (Array.isArray(value)) {
        for (const item of value) if (typeof item === "object" && item !== null) this.node(item);
      } else if (isWrapped(value)) {
        this.node(value);
      } else if (field === "larg") {
        this.#leftOfSetOperation(value);
      } else {
        const kind = BARE_FIELDS.get(field);
        if (kind === undefined) this.#fields(value);
        else this.#body(kind, value);
      }
    }
  }

  /** A chain of UNIONs leans to the left, one level for each: their number is the limit there. */
  #leftOfSetOperation(body: object): void {
    if (++this.#chained > LIMITS.setOperations) {
      throw tooComplex(`More than ${LIMITS.setOperations} set operations stand in a row.`);
    }
    this.#depth--;
    this.#body("SelectStmt", body);
    this.#depth++;
    this.#chained--;
  }
}

/** Whether the parser wrapped this value in its type's name. */
function isWrapped(value: object): boolean {
  let first: string | undefined;
  for (const key in value) {
    if (first !== undefined) return false;
    first = key;
  }
  return first !== undefined && first >= "A" && first < "[";
}

export function tooComplex(detail: string): PgError {
  return new PgError("statement_too_complex", "statement is too complex", {
    detail,
    hint: "Split the statement, or compute parts of it in a WITH query.",
  });
}

/** The strings of a list of String nodes: the parts of a name. */
export function namesOf(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).map((node) => bodyOf(node, "String")?.sval ?? "");
}

/** `["pg_catalog", "lower"]` as `lower`: what PostgreSQL would find there anyway. */
export function withoutPgCatalog(names: readonly string[]): readonly string[] {
  return names.length > 1 && names[0] === "pg_catalog" ? names.slice(1) : names;
}

/**
 * A type's name without its schema, in PostgreSQL's internal spelling: int4, varchar, timestamptz.
 */
export function typeNameOf(type: TypeName | undefined): string {
  return withoutPgCatalog(namesOf(type?.names)).join(".");
}

// What follows builds nodes, for translations.

export function str(sval: string): Node {
  return { String: { sval } };
}

export function text(sval: string): Node {
  return { A_Const: { sval: { sval } } };
}

export function int(ival: number): Node {
  // Protobuf leaves zeros out, and so do the readers of these nodes.
  return { A_Const: { ival: ival === 0 ? {} : { ival } } };
}

/** A number whose digits DuckDB shall see as they are. */
export function numeric(fval: string): Node {
  return { A_Const: { fval: { fval } } };
}

export function call(name: string, args: readonly Node[], location?: number): Node {
  return {
    FuncCall: {
      funcname: [str(name)],
      args: [...args],
      ...(location === undefined ? {} : { location }),
    },
  };
}

export function operator(
  name: string,
  left: Node | undefined,
  right: Node,
  location?: number,
): Node {
  return {
    A_Expr: {
      kind: "AEXPR_OP",
      name: [str(name)],
      ...(left === undefined ? {} : { lexpr: left }),
      rexpr: right,
      ...(location === undefined ? {} : { location }),
    },
  };
}

/** CAST(arg AS name(typmods)). */
export function cast(
  arg: Node,
  name: string,
  typmods: readonly number[] = [],
  location?: number,
): Node {
  return {
    TypeCast: {
      arg,
      typeName: { names: [str(name)], typmods: typmods.map(int), typemod: -1 },
      ...(location === undefined ? {} : { location }),
    },
  };
}

export function not(arg: Node): Node {
  return { BoolExpr: { boolop: "NOT_EXPR", args: [arg] } };
}

/** The text of a string constant, also behind a cast to a text type. */
export function constantText(node: Node | undefined): string | undefined {
  const constant = bodyOf(node, "A_Const");
  if (constant?.sval !== undefined) return constant.sval.sval ?? "";
  const cast = bodyOf(node, "TypeCast");
  if (cast === undefined) return undefined;
  return ["text", "varchar", "name", "unknown"].includes(typeNameOf(cast.typeName))
    ? constantText(cast.arg)
    : undefined;
}

/** The value of an integer constant. */
export function constantInteger(node: Node | undefined): number | undefined {
  const constant = bodyOf(node, "A_Const");
  if (constant?.ival !== undefined) return constant.ival.ival ?? 0;
  const minus = bodyOf(node, "A_Expr");
  if (minus === undefined || minus.lexpr !== undefined || namesOf(minus.name)[0] !== "-")
    return undefined;
  const value = constantInteger(minus.rexpr);
  return value === undefined ? undefined : -value;
}
