import {
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBType,
  DuckDBTypeId,
} from "@duckdb/node-api";
import { ENGINE_MACROS, ENGINE_SETTINGS } from "../../src/sql/engine-dialect.ts";
import { textOf } from "./dialect-text.ts";

/** The table that the probes read, as it was on the PostgreSQL that answered them. */
const EMP = `
  CREATE TABLE public.emp (id INTEGER, name VARCHAR, dept VARCHAR, salary DECIMAL(10,2), hired DATE, active BOOLEAN,
    boss INTEGER, tags VARCHAR[], ts TIMESTAMP, tstz TIMESTAMPTZ, j JSON, f DOUBLE);
  CREATE TABLE public.mixed (case_col INTEGER);
  INSERT INTO public.mixed VALUES (2);
  INSERT INTO public.emp VALUES
    (1, 'Ann', 'eng', 100.00, '2020-01-15', true, NULL, ['red', 'blue'], '2021-06-01 10:00:00', '2021-06-01 10:00:00+00', '{"n": 1, "city": "Paris"}', 1.5),
    (2, 'bob', 'eng', 80.50, '2020-06-01', true, 1, ['red'], '2021-06-01 12:30:00', '2021-06-01 12:30:00+00', '{"n": 2, "city": "Rome"}', 2.25),
    (3, 'Cara', 'ops', 60.00, '2021-02-10', false, 1, NULL, '2021-12-31 23:59:59', '2021-12-31 23:59:59+00', '{"n": 3}', 3),
    (4, 'dan', 'ops', 55.25, '2021-12-05', true, 3, [], '2022-01-01 00:00:00', '2022-01-01 00:00:00+00', NULL, -0.5),
    (5, 'Éva', NULL, 75.00, '2022-03-20', false, 2, ['a b', 'c"d'], NULL, NULL, '{"n": 1}', NULL),
    (6, 'al', 'hr', NULL, '2023-07-07', NULL, 1, ['x'], '2023-01-01 00:00:00', '2023-01-01 00:00:00+00', '{"n": 6}', 100.125);
`;

/** What PostgreSQL knows of emp, for translations that ask for types. */
const COLUMN_TYPES: Readonly<Record<string, string>> = {
  id: "int4",
  name: "text",
  dept: "text",
  salary: "numeric",
  hired: "date",
  active: "bool",
  boss: "int4",
  tags: "text[]",
  ts: "timestamp",
  tstz: "timestamptz",
  j: "jsonb",
  f: "float8",
};

export function columnType(
  _schema: string | undefined,
  table: string,
  column: string,
): string | undefined {
  return table === "emp" ? COLUMN_TYPES[column] : undefined;
}

export interface EngineAnswer {
  readonly types: readonly string[];
  readonly labels: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** A DuckDB as an engine process sets it up, without what concerns files. */
export class DialectEngine implements AsyncDisposable {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  static async open(): Promise<DialectEngine> {
    const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
    const connection = await instance.connect();
    for (const statement of ENGINE_SETTINGS) await connection.run(statement);
    await connection.run("SET TimeZone = 'UTC'");
    await connection.run("CREATE SCHEMA public");
    for (const statement of ENGINE_MACROS) await connection.run(statement);
    await connection.run(EMP);
    await connection.run("SET search_path = 'public'");
    return new DialectEngine(instance, connection);
  }

  async answer(sql: string): Promise<EngineAnswer> {
    const result = await this.#connection.runAndReadAll(sql);
    const types = result.columnTypes();
    return {
      types: types.map(pgTypeName),
      labels: result.columnNames(),
      rows: result.getRows().map((row) => row.map((value, index) => textOf(value, types[index]))),
    };
  }

  /** DuckDB's own parse of a statement, as the engine's guard gets it. */
  async serialized(sql: string): Promise<string> {
    const result = await this.#connection.runAndReadAll(
      "SELECT json_serialize_sql($1::VARCHAR)::VARCHAR",
      [sql],
    );
    return String(result.getRows()[0]?.[0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

const TYPE_NAMES: { readonly [id in DuckDBTypeId]?: string } = {
  [DuckDBTypeId.BOOLEAN]: "bool",
  [DuckDBTypeId.TINYINT]: "int2",
  [DuckDBTypeId.SMALLINT]: "int2",
  [DuckDBTypeId.INTEGER]: "int4",
  [DuckDBTypeId.BIGINT]: "int8",
  [DuckDBTypeId.HUGEINT]: "numeric",
  [DuckDBTypeId.UBIGINT]: "numeric",
  [DuckDBTypeId.FLOAT]: "float4",
  [DuckDBTypeId.DOUBLE]: "float8",
  [DuckDBTypeId.DECIMAL]: "numeric",
  [DuckDBTypeId.VARCHAR]: "text",
  [DuckDBTypeId.BLOB]: "bytea",
  [DuckDBTypeId.DATE]: "date",
  [DuckDBTypeId.TIME]: "time",
  [DuckDBTypeId.TIME_TZ]: "timetz",
  [DuckDBTypeId.TIMESTAMP]: "timestamp",
  [DuckDBTypeId.TIMESTAMP_TZ]: "timestamptz",
  [DuckDBTypeId.INTERVAL]: "interval",
  [DuckDBTypeId.UUID]: "uuid",
  [DuckDBTypeId.BIT]: "bit",
  [DuckDBTypeId.STRUCT]: "record",
  [DuckDBTypeId.SQLNULL]: "int4",
};

function pgTypeName(type: DuckDBType): string {
  if (type.typeId === DuckDBTypeId.LIST) return `_${pgTypeName(type.valueType)}`;
  if (type.alias === "JSON") return "json";
  return TYPE_NAMES[type.typeId] ?? String(type);
}
