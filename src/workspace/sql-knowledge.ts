import { StatementCache } from "../sql/statement-cache.ts";

/** Column types by relation and column: the keys are as `relationKey` makes them. */
export type ColumnTypes = ReadonlyMap<string, ReadonlyMap<string, string>>;

const BUILT_IN_SCHEMAS = ["public", "bucketgres"];

/** What SQL can be parsed and translated with, as long as the workspace's columns stay the same. */
export class SqlKnowledge {
  readonly cache = new StatementCache();
  readonly #types: ColumnTypes;

  /** Those that a name may be qualified with; all others are refused before the engine sees them. */
  readonly schemas: ReadonlySet<string>;

  constructor(types: ColumnTypes, schemas: Iterable<string>) {
    this.#types = types;
    this.schemas = new Set([...schemas, ...BUILT_IN_SCHEMAS]);
  }

  /** PostgreSQL's internal name of a column's type, such as int4 or text[]. */
  readonly columnType = (
    schema: string | undefined,
    table: string,
    column: string,
  ): string | undefined => this.#types.get(relationKey(schema ?? "public", table))?.get(column);
}

export function relationKey(schema: string, name: string): string {
  return JSON.stringify([schema, name]);
}
