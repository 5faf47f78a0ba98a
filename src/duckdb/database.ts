import { DuckDBInstance } from "@duckdb/node-api";
import { Connection } from "./connection.ts";
import { toPgError } from "./duckdb-error.ts";

export interface DatabaseOptions {
  /** A `.duckdb` file, or ":memory:". */
  readonly path: string;
  readonly readOnly?: boolean;
  /** DuckDB's own settings, given when the instance is made. */
  readonly config?: Readonly<Record<string, string>>;
}

/** Opens a DuckDB instance. Its errors are read by `toPgError`, which relies on `errors_as_json`. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const config = { ...options.config, errors_as_json: "true" };
  try {
    const instance = await DuckDBInstance.create(
      options.path,
      options.readOnly === true ? { ...config, access_mode: "READ_ONLY" } : config,
    );
    return new Database(instance);
  } catch (error) {
    throw toPgError(error);
  }
}

/** A DuckDB instance: its memory, threads and attached files. */
export class Database {
  readonly #instance: DuckDBInstance;

  constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  async connect(): Promise<Connection> {
    try {
      return new Connection(await this.#instance.connect());
    } catch (error) {
      throw toPgError(error);
    }
  }

  /** Memory is returned when the last connection is closed, too. */
  close(): void {
    this.#instance.closeSync();
  }
}
