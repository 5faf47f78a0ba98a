import type { Node, SelectStmt } from "libpg-query";
import { type Body, bodyOf, kindOf, namesOf } from "./ast.ts";
import { commonType, TYPE_RULES } from "./type-rules.ts";

/**
 * PostgreSQL's type of an expression, by internal name, as far as the statement itself tells it.
 * "unknown" is a quoted literal without a type; undefined is what cannot be told here. Translations
 * ask where the two engines' answers part by type: 7/2 and sum(n)/2, 1 + '2', interval '1 day' / 2.
 */
export type TypeOf = (node: Node | undefined) => string | undefined;

export interface TypeSources {
  /** Declared types of $1, $2, … */
  readonly parameterTypes: readonly (string | undefined)[];
  readonly columnType?:
    | ((schema: string | undefined, table: string, column: string) => string | undefined)
    | undefined;
}

/** What a column name may mean in one query. */
interface Relation {
  readonly alias: string;
  readonly typeOf: (column: string) => string | undefined;
}

/** What is known already, so that nested queries are looked into once, and recursive ones end. */
interface Memory {
  readonly scopes: Map<SelectStmt, TypeScope>;
  readonly columns: Map<SelectStmt, Map<string, string | undefined>>;
}

export class TypeScope {
  readonly #sources: TypeSources;
  readonly #memory: Memory;
  readonly #types = new Map<Node, string | undefined>();
  readonly #parent: TypeScope | undefined;
  readonly #relations: readonly Relation[];
  readonly #queries = new Map<
    string,
    { readonly query: SelectStmt; readonly columns: readonly string[] }
  >();

  constructor(sources: TypeSources, query?: SelectStmt, parent?: TypeScope) {
    this.#sources = sources;
    this.#parent = parent;
    this.#memory =
      parent === undefined ? { scopes: new Map(), columns: new Map() } : parent.#memory;
    for (const node of query?.withClause?.ctes ?? []) {
      const cte = bodyOf(node, "CommonTableExpr");
      const inner = bodyOf(cte?.ctequery, "SelectStmt");
      if (inner !== undefined) {
        this.#queries.set(cte?.ctename ?? "", {
          query: inner,
          columns: namesOf(cte?.aliascolnames),
        });
      }
    }
    this.#relations = (query?.fromClause ?? []).flatMap((item) => this.#relationsOf(item));
  }

  /** The scope of a query inside this one. */
  inside(query: SelectStmt): TypeScope {
    const { scopes } = this.#memory;
    const known = scopes.get(query);
    if (known !== undefined) return known;
    const scope = new TypeScope(this.#sources, query, this);
    scopes.set(query, scope);
    return scope;
  }

  readonly typeOf: TypeOf = (node) => {
    if (node === undefined) return undefined;
    // Each level of an expression asks for those below it, which were asked before.
    if (!this.#types.has(node)) this.#types.set(node, this.#infer(node));
    return this.#types.get(node);
  };

  #infer(node: Node): string | undefined {
    const kind = kindOf(node);
    // The table gives each kind a function of its own body.
    const rule = TYPE_RULES[kind] as
      | ((body: unknown, scope: TypeScope) => string | undefined)
      | undefined;
    return rule?.(node[kind as keyof Node], this);
  }

  parameter(number: number): string | undefined {
    return this.#sources.parameterTypes[number - 1];
  }

  column(names: readonly string[]): string | undefined {
    const column = names.at(-1) ?? "";
    const table = names.at(-2);
    const relations = this.#relations.filter(({ alias }) => table === undefined || alias === table);
    const types = new Set(
      relations.map(({ typeOf }) => typeOf(column)).filter((type) => type !== undefined),
    );
    if (types.size > 1) return undefined;
    const [type] = types;
    return type ?? this.#parent?.column(names);
  }

  /** The types of a query's columns, by name. */
  columnsOf(query: SelectStmt): (column: string, index?: number) => string | undefined {
    if (query.larg !== undefined) {
      const left = this.columnsOf(query.larg);
      const right = query.rarg === undefined ? left : this.columnsOf(query.rarg);
      return (column, index) => commonType([left(column, index), right(column, index)]);
    }
    const scope = this.inside(query);
    const targets = (query.targetList ?? []).map((target) => bodyOf(target, "ResTarget"));
    return (column, index) => {
      const target =
        index === undefined ? targets.find((one) => labelOf(one) === column) : targets[index];
      if (target !== undefined) return scope.typeOf(target.val);
      // SELECT * hands on what it reads.
      return targets.some((one) => one !== undefined && isStar(one))
        ? scope.column([column])
        : undefined;
    };
  }

  #relationsOf(item: Node): readonly Relation[] {
    const join = bodyOf(item, "JoinExpr");
    if (join !== undefined)
      return [join.larg, join.rarg].flatMap((side) => (side ? this.#relationsOf(side) : []));
    const table = bodyOf(item, "RangeVar");
    if (table !== undefined) return [this.#table(table)];
    const subselect = bodyOf(item, "RangeSubselect");
    const query = bodyOf(subselect?.subquery, "SelectStmt");
    if (query !== undefined) {
      return [
        this.#query(subselect?.alias?.aliasname ?? "", query, namesOf(subselect?.alias?.colnames)),
      ];
    }
    const rangeFunction = bodyOf(item, "RangeFunction");
    return rangeFunction === undefined ? [] : this.#tableFunction(rangeFunction);
  }

  #table({ schemaname, relname = "", alias }: Body<"RangeVar">): Relation {
    const name = alias?.aliasname ?? relname;
    const named = schemaname === undefined ? this.#named(relname) : undefined;
    if (named !== undefined)
      return this.#query(
        name,
        named.query,
        alias?.colnames ? namesOf(alias.colnames) : named.columns,
      );
    if (alias?.colnames !== undefined) return { alias: name, typeOf: () => undefined };
    return {
      alias: name,
      typeOf: (column) => this.#sources.columnType?.(schemaname, relname, column),
    };
  }

  #named(
    name: string,
  ): { readonly query: SelectStmt; readonly columns: readonly string[] } | undefined {
    if (this.#queries.has(name)) return this.#queries.get(name);
    const parent = this.#parent;
    return parent === undefined ? undefined : parent.#named(name);
  }

  #query(alias: string, query: SelectStmt, columns: readonly string[]): Relation {
    return {
      alias,
      typeOf: (column) => {
        const { columns: memory } = this.#memory;
        const known = memory.get(query) ?? new Map<string, string | undefined>();
        memory.set(query, known);
        const index = columns.indexOf(column);
        const key = index < 0 ? column : `#${index}`;
        // While a recursive query is asked for its own column, it is not known yet.
        if (!known.has(key)) {
          known.set(key, undefined);
          known.set(key, this.columnsOf(query)(column, index < 0 ? undefined : index));
        }
        return known.get(key);
      },
    };
  }

  #tableFunction({ functions, alias }: Body<"RangeFunction">): readonly Relation[] {
    const call = bodyOf(functions?.[0], "List")?.items?.[0];
    const functionName = namesOf(bodyOf(call, "FuncCall")?.funcname).at(-1) ?? "";
    const column = namesOf(alias?.colnames)[0] ?? alias?.aliasname ?? functionName;
    return [
      {
        alias: alias?.aliasname ?? functionName,
        typeOf: (name) => (name === column ? this.typeOf(call) : undefined),
      },
    ];
  }
}

function isStar({ val }: Body<"ResTarget">): boolean {
  const last = bodyOf(val, "ColumnRef")?.fields?.at(-1);
  return last !== undefined && bodyOf(last, "A_Star") !== undefined;
}

/** The name a query gives a column, where that is plain to see. */
function labelOf(target: Body<"ResTarget"> | undefined): string | undefined {
  if (target?.name !== undefined) return target.name;
  const field = bodyOf(target?.val, "ColumnRef")?.fields?.at(-1);
  if (field !== undefined) return bodyOf(field, "String")?.sval;
  return namesOf(bodyOf(target?.val, "FuncCall")?.funcname).at(-1);
}
