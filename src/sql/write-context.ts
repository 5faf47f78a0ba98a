import type { Node, RangeVar } from "libpg-query";
import { quoteIdentifier } from "../core/identifier.ts";
import type { Printed } from "./printer.ts";

/** What the statements of a session's temporary tables are translated with. */
export interface WriteContext {
  /** The session's own catalog in the engine. */
  readonly catalog: string;
  /** Of a temporary table, in order, with PostgreSQL's internal names of their types. */
  readonly columnsOf: (table: string) => ReadonlyMap<string, string | undefined> | undefined;
  /** A translated copy of a query or expression. */
  readonly rewrite: (node: Node) => Node;
}

export function plain(sql: string): Printed {
  return { sql, marks: [] };
}

/** A relation's name in the session's own catalog. */
export function qualified(catalog: string, name: string): string {
  return `${catalog}.main.${quoteIdentifier(name)}`;
}

export function own(relation: RangeVar | undefined, { catalog }: WriteContext): string {
  return qualified(catalog, relation?.relname ?? "");
}
