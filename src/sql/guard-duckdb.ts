import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import { tooComplex } from "./ast.ts";
import { OWN_MACROS } from "./engine-dialect.ts";
import { Expansion } from "./expansion.ts";
import { lambdasTooDeep } from "./guard.ts";
import { checkFunction, checkRelation, type GuardOptions } from "./guard-rules.ts";
import { notSupported } from "./refusals.ts";
import { isCatalogRelation } from "./relations.ts";
import { SourceText } from "./source-text.ts";

export interface DuckdbGuardOptions extends GuardOptions {
  /** The statement that was serialized, to count positions in characters. */
  readonly sql?: string;
  /** It is a translation, which may call macros that no client may. */
  readonly translated?: boolean;
}

/**
 * The same rules as in guard.ts, over DuckDB's own parse of a statement that only its grammar can
 * read. `json` is what json_serialize_sql() returned for exactly the text that is to run. What is
 * not known here is refused.
 */
export function guardDuckdbAst(json: string, options: DuckdbGuardOptions = {}): void {
  const parsed: unknown = JSON.parse(json);
  const { error, error_type, error_message, position, statements } = record(parsed);
  if (error !== false) throw unparsable(error_type, error_message, position, options);
  if (!Array.isArray(statements) || statements.length !== 1) {
    throw new PgError("syntax_error", "cannot insert multiple commands into a prepared statement");
  }
  new DuckdbGuard(options).visit(record(statements[0])["node"]);
}

type JsonRecord = Readonly<Record<string, unknown>>;

function record(value: unknown): JsonRecord {
  // Any object can be read by key; the values stay unknown.
  return typeof value === "object" && value !== null ? (value as JsonRecord) : {};
}

function unparsable(
  type: unknown,
  message: unknown,
  position: unknown,
  options: DuckdbGuardOptions,
): PgError {
  if (type === "parser") {
    return new PgError("syntax_error", String(message), {
      position: positionAt(position, options),
    });
  }
  // It serializes SELECT only. A PIVOT that has to look for its columns first is two statements.
  return notSupported(
    "this statement",
    "PIVOT needs to be told its columns: PIVOT … ON name IN ('a', 'b') …",
  );
}

/** Classes of expressions. */
const EXPRESSIONS: ReadonlySet<unknown> = new Set(
  `STAR COLUMN_REF CONSTANT FUNCTION COMPARISON CONJUNCTION OPERATOR CASE CAST BETWEEN SUBQUERY WINDOW
   LAMBDA LAMBDA_REF COLLATE PARAMETER POSITIONAL_REFERENCE`.split(/\s+/),
);
/** Types of nodes that are no expressions: queries, what stands in FROM, and modifiers. */
const NODES: ReadonlySet<unknown> = new Set(
  `SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE CTE_NODE
   BASE_TABLE SUBQUERY JOIN TABLE_FUNCTION EXPRESSION_LIST EMPTY PIVOT SHOW_REF
   ORDER_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER DISTINCT_MODIFIER
   ASCENDING DESCENDING ORDER_DEFAULT`.split(/\s+/),
);

class DuckdbGuard {
  readonly #options: DuckdbGuardOptions;
  #tables = 0;
  #lambdas = 0;
  #depth = 0;
  readonly #expansion = new Expansion();

  constructor(options: DuckdbGuardOptions) {
    this.#options = options;
  }

  visit(value: unknown, field = "node"): void {
    if (typeof value !== "object" || value === null) return;
    if (Array.isArray(value)) {
      for (const item of value) this.visit(item, field);
      return;
    }
    const node = record(value);
    const nests = typeof node["class"] === "string" || typeof node["type"] === "string";
    // Each expression and query is one level here, as it is in PostgreSQL's tree.
    if (nests && ++this.#depth > LIMITS.expressionDepth) {
      throw tooComplex(
        `Expressions and queries are nested more than ${LIMITS.expressionDepth} levels deep.`,
      );
    }
    const isLambda = node["class"] === "LAMBDA";
    if (isLambda && ++this.#lambdas > LIMITS.lambdaNesting) throw lambdasTooDeep();
    this.#check(node, field);
    const children = node["children"];
    // Of a division only the divisor is written down twice.
    const divides =
      node["is_operator"] === true && Array.isArray(children) && children.length === 2;
    if (divides) this.visit(children[0], "children");
    const weight = this.#expansion.enter(String(node["function_name"]));
    if (divides) this.visit(children[1], "children");
    else for (const [name, child] of Object.entries(node)) this.visit(child, name);
    this.#expansion.leave(weight);
    if (isLambda) this.#lambdas--;
    if (nests) this.#depth--;
  }

  #check(node: JsonRecord, field: string): void {
    if (typeof node["class"] === "string") this.#expression(node, field);
    else if (typeof node["type"] === "string") this.#node(node);
  }

  #expression(node: JsonRecord, field: string): void {
    if (!EXPRESSIONS.has(node["class"]))
      throw notSupported(`the expression ${String(node["class"])}`);
    if (typeof node["function_name"] !== "string") return;
    if (this.#options.translated === true && OWN_MACROS.has(node["function_name"])) return;
    // DuckDB's parser writes main.date_part for EXTRACT; everything else has no schema.
    const schema = node["schema"] === "main" ? "" : node["schema"];
    checkFunction({
      name: node["function_name"],
      qualifiers: [node["catalog"], schema]
        .filter((part) => typeof part === "string" && part !== "")
        .map(String),
      inFrom: field === "function",
      position: positionAt(node["query_location"], this.#options),
    });
  }

  #node(node: JsonRecord): void {
    const { type } = node;
    // The inside of a type, as in CAST(x AS STRUCT(a INTEGER)).
    if (String(type).endsWith("_TYPE_INFO")) return;
    if (!NODES.has(type)) throw notSupported(`the clause ${String(type)}`);
    if (type === "SHOW_REF" && (node["query"] === null || node["query"] === undefined)) {
      throw notSupported("SHOW", "SELECT table_name FROM information_schema.tables");
    }
    if (type !== "BASE_TABLE" && type !== "TABLE_FUNCTION") return;
    if (++this.#tables > LIMITS.tablesPerQuery)
      throw tooComplex(`A query may name ${LIMITS.tablesPerQuery} tables.`);
    if (type === "TABLE_FUNCTION") return;
    const part = (name: string): string | undefined =>
      node[name] === "" ? undefined : String(node[name]);
    const relation = {
      catalog: part("catalog_name"),
      schema: part("schema_name"),
      name: String(node["table_name"]),
      location: undefined,
    };
    if (isCatalogRelation(relation)) {
      throw notSupported(
        `system catalog "${relation.name}" in DuckDB's own syntax`,
        "Write the query in PostgreSQL's syntax.",
      );
    }
    checkRelation(
      relation,
      positionAt(node["query_location"], this.#options),
      // The text runs as it is, so that DuckDB would look for a catalog of the workspace's name.
      { ...this.#options, workspace: "" },
    );
    if (node["at_clause"] !== null && node["at_clause"] !== undefined) throw notSupported("AT (…)");
  }
}

/** DuckDB counts bytes from 0, and writes the largest number there is where it does not know. */
function positionAt(location: unknown, { sql }: DuckdbGuardOptions): number | undefined {
  const offset = Number(location ?? Number.NaN);
  if (sql === undefined || !(offset >= 0 && offset <= Buffer.byteLength(sql))) return undefined;
  return new SourceText(sql).characters(offset) + 1;
}
