import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import { truncateName } from "../core/sql-names.ts";
import type { Plan } from "./plan.ts";

/** A statement that Parse or PREPARE has named. */
export interface PreparedStatement {
  readonly text: string;
  /** Undefined for the empty query, which PostgreSQL lets a client prepare. */
  readonly plan: Plan | undefined;
  readonly preparedAt: Date;
  /** By PREPARE rather than by Parse. */
  readonly isFromSql: boolean;
}

/**
 * Prepared statements by name, of which only the first 63 bytes count; the unnamed one is "". Parse and
 * SQL's PREPARE share the names.
 */
export class PreparedStatements {
  readonly #byName = new Map<string, PreparedStatement>();
  #bytes = 0;

  get(name: string): PreparedStatement {
    const statement = this.#byName.get(truncateName(name));
    if (statement !== undefined) return statement;
    throw new PgError(
      "invalid_sql_statement_name",
      name === ""
        ? "unnamed prepared statement does not exist"
        : `prepared statement "${name}" does not exist`,
    );
  }

  /** The named ones, as pg_prepared_statements lists them. */
  list(): readonly (readonly [name: string, statement: PreparedStatement])[] {
    return [...this.#byName].filter(([name]) => name !== "");
  }

  /** The unnamed statement is replaced; a named one must be closed first. */
  add(name: string, statement: PreparedStatement): void {
    this.requireFree(name);
    if (this.#byName.size >= LIMITS.preparedStatements) {
      throw new PgError(
        "program_limit_exceeded",
        `too many prepared statements in this session (${LIMITS.preparedStatements})`,
        { hint: "Close those that are no longer needed, or run DEALLOCATE ALL." },
      );
    }
    const key = truncateName(name);
    const bytes = this.#bytes - this.#sizeOf(key) + statement.text.length;
    if (bytes > LIMITS.preparedTextBytes) {
      throw new PgError(
        "program_limit_exceeded",
        "the prepared statements of this session are too long together",
        {
          detail: `Their texts may have ${LIMITS.preparedTextBytes} bytes.`,
          hint: "Close those that are no longer needed, or run DEALLOCATE ALL.",
        },
      );
    }
    this.#bytes = bytes;
    this.#byName.set(key, statement);
  }

  requireFree(name: string): void {
    if (name !== "" && this.#byName.has(truncateName(name))) {
      throw new PgError(
        "duplicate_prepared_statement",
        `prepared statement "${name}" already exists`,
      );
    }
  }

  /** Closing what does not exist is no error in the protocol. */
  close(name: string): void {
    const key = truncateName(name);
    this.#bytes -= this.#sizeOf(key);
    this.#byName.delete(key);
  }

  /** All that have a name. */
  clear(): void {
    for (const key of this.#byName.keys()) if (key !== "") this.close(key);
  }

  #sizeOf(key: string): number {
    return this.#byName.get(key)?.text.length ?? 0;
  }
}
