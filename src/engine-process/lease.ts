import type { Connection } from "../duckdb/connection.ts";
import type { PreparedStatement } from "../duckdb/prepared-statement.ts";
import type { Generation } from "./generation.ts";

/** Statements that stay prepared on one connection; the least recently used goes first. */
const PREPARED = 32;

/** A DuckDB connection on loan to one statement, with what was prepared on it before. */
export class Lease {
  readonly connection: Connection;
  /** What the statement sees. */
  readonly generation: Generation;
  /** Equal for connections that are in the same settings of the same generation. */
  readonly key: string;
  readonly #prepared: Map<string, PreparedStatement>;

  constructor(
    connection: Connection,
    generation: Generation,
    key: string,
    prepared = new Map<string, PreparedStatement>(),
  ) {
    this.connection = connection;
    this.generation = generation;
    this.key = key;
    this.#prepared = prepared;
  }

  /** The same connection, with all that is prepared on it, on loan to another statement. */
  again(): Lease {
    return new Lease(this.connection, this.generation, this.key, this.#prepared);
  }

  /** The statement, if it was prepared here before. */
  find(sql: string): PreparedStatement | undefined {
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
    this.forget();
    this.connection.close();
  }

  /** Nothing stays prepared. */
  forget(): void {
    for (const statement of this.#prepared.values()) statement.close();
    this.#prepared.clear();
  }
}
