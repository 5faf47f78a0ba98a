import { StatementCache } from "../sql/statement-cache.ts";

/** Column types by relation and column: the keys are as `relationKey` makes them. */
export type ColumnTypes = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** What SQL can be parsed and translated with, as long as the workspace's columns stay the same. */
export class SqlKnowledge {
  readonly cache = new StatementCache();
  readonly #types: ColumnTypes;

  constructor(types: ColumnTypes) {
    this.#types = types;
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
