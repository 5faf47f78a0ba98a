import { type DuckDBPreparedStatement, DuckDBTypeId, StatementType } from "@duckdb/node-api";
import { PgError } from "../core/pg-error.ts";
import type { DuckDBType, TypedValue } from "../pgtypes/duckdb-type.ts";
import { fromLibraryType, toLibraryType } from "./logical-types.ts";
import { type ResultColumn, RowStream, type StreamHost } from "./row-stream.ts";
import { toLibraryValue } from "./values.ts";

/** What DuckDB says of a column before execution; the type is missing where it cannot tell. */
export interface DescribedColumn {
  readonly name: string;
  readonly type: DuckDBType | undefined;
}

/** A statement that was parsed and planned, with the values that are bound to it. */
export class PreparedStatement {
  readonly #sql: string;
  readonly #prepared: DuckDBPreparedStatement;
  readonly #host: StreamHost;
  #parameters: readonly TypedValue[] = [];
  /** DuckDB's kind of statement: SELECT, INSERT, CREATE, EXPLAIN … */
  readonly kind: string;
  /** Undefined where DuckDB cannot know them before the parameters' types. */
  readonly columns: readonly DescribedColumn[] | undefined;
  /** Inferred types, `$1` first; undefined for one that DuckDB cannot infer. */
  readonly parameters: readonly (DuckDBType | undefined)[];

  constructor(sql: string, prepared: DuckDBPreparedStatement, host: StreamHost) {
    this.#sql = sql;
    this.#prepared = prepared;
    this.#host = host;
    this.kind = StatementType[prepared.statementType] ?? "INVALID";
    this.columns = describedColumns(prepared);
    this.parameters = inferredParameters(prepared);
  }

  /** Binds all parameters, `$1` first. Stays bound until the next bind. */
  bind(parameters: readonly TypedValue[]): void {
    bindAll(this.#prepared, parameters);
    this.#parameters = parameters;
  }

  /** Executes for its effect and answers how many rows were changed, or made by CREATE TABLE AS. */
  async run(): Promise<number> {
    return await this.#host.run(this.#sql, async () => {
      const result = await this.#prepared.run();
      if (this.kind !== "CREATE") return result.rowsChanged;
      const [row] = await result.getRows();
      return Number(row?.[0] ?? 0);
    });
  }

  /** Whether it changes rows and nothing that another statement could have been planned on. */
  get changesRowsOnly(): boolean {
    return ["INSERT", "UPDATE", "DELETE"].includes(this.kind);
  }

  /**
   * Executes. Errors before the first rows are thrown here, later ones by the stream. The types of
   * the columns are the stream's own: they can differ from those described if a table has changed.
   */
  async stream(): Promise<RowStream> {
    const result = await this.#host.run(this.#sql, () => this.#prepared.stream());
    const columns: ResultColumn[] = Array.from({ length: result.columnCount }, (_, index) => ({
      name: result.columnName(index),
      type: fromLibraryType(result.columnType(index)),
    }));
    return new RowStream(result, columns, this.#host, () => this.#failureOfStream());
  }

  close(): void {
    this.#prepared.destroySync();
  }

  /**
   * The binding ends a failed stream without a word. Evaluating every column once more, without
   * keeping the rows, fails in the same way and says why.
   */
  async #failureOfStream(): Promise<unknown> {
    const query = this.#sql.replace(/[;\s]+$/, "");
    // The name must not be a column's, or only that column would be evaluated.
    const again = `SELECT bit_xor(hash(__failed_query)) FROM (${query}\n) AS __failed_query`;
    try {
      await this.#host.run(this.#sql, async () => {
        const prepared = await this.#host.prepareAgain(again);
        try {
          bindAll(prepared, this.#parameters);
          await prepared.run();
        } finally {
          prepared.destroySync();
        }
      });
    } catch (error) {
      if (!(error instanceof PgError)) return error;
      // A position counts characters of the wrapping query.
      return PgError.fromFields({ ...error.toFields(), position: undefined });
    }
    return new PgError("internal_error", "the query failed while its rows were being read", {
      hint: "Run it again; if it fails again, the server's log says more.",
    });
  }
}

function describedColumns(
  prepared: DuckDBPreparedStatement,
): readonly DescribedColumn[] | undefined {
  const count = prepared.columnCount;
  const columns = Array.from({ length: count }, (_, index) => {
    const typeId = prepared.columnTypeId(index);
    return {
      name: prepared.columnName(index),
      type:
        typeId === DuckDBTypeId.INVALID ? undefined : fromLibraryType(prepared.columnType(index)),
    };
  });
  // How DuckDB says that the parameters decide the columns.
  const [only] = columns;
  if (count === 1 && only?.name === "unknown" && only.type === undefined) return undefined;
  return columns;
}

function inferredParameters(
  prepared: DuckDBPreparedStatement,
): readonly (DuckDBType | undefined)[] {
  return Array.from({ length: prepared.parameterCount }, (_, index) => {
    const typeId = prepared.parameterTypeId(index + 1);
    if (typeId === DuckDBTypeId.INVALID || typeId === DuckDBTypeId.ANY) return undefined;
    return fromLibraryType(prepared.parameterType(index + 1));
  });
}

function bindAll(prepared: DuckDBPreparedStatement, parameters: readonly TypedValue[]): void {
  prepared.bind(
    parameters.map(toLibraryValue),
    parameters.map(({ type }) => toLibraryType(type)),
  );
}
