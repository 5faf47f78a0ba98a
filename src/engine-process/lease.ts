import type { Connection } from "../duckdb/connection.ts";
import type { PreparedStatement } from "../duckdb/prepared-statement.ts";

/** Statements that stay prepared on one connection; the least recently used goes first. */
const PREPARED = 32;

/** A DuckDB connection on loan to one statement, with what was prepared on it before. */
export class Lease {
  readonly connection: Connection;
  /** Equal for connections that are in the same settings. */
  readonly key: string;
  readonly #prepared = new Map<string, PreparedStatement>();
  #generation = 0;

  constructor(connection: Connection, key: string) {
    this.connection = connection;
    this.key = key;
  }

  /**
   * The statement, if it is still as it was prepared: another generation of the workspace's schema
   * has other files behind the same names.
   */
  find(sql: string, generation: number): PreparedStatement | undefined {
    if (generation !== this.#generation) {
      this.#closeAll();
      this.#generation = generation;
    }
    const known = this.#prepared.get(sql);
    if (known === undefined) return undefined;
    this.#prepared.delete(sql);
    this.#prepared.set(sql, known);
    return known;
  }

  keep(sql: string, prepared: PreparedStatement): void {
    this.#prepared.set(sql, prepared);
    for (const [oldest, statement] of this.#prepared) {
      if (this.#prepared.size <= PREPARED) break;
      this.#prepared.delete(oldest);
      statement.close();
    }
  }

  close(): void {
    this.#closeAll();
    this.connection.close();
  }

  #closeAll(): void {
    for (const statement of this.#prepared.values()) statement.close();
    this.#prepared.clear();
  }
}
