import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PgError } from "../../../src/core/pg-error.ts";
import { guard } from "../../../src/sql/guard.ts";
import { type DuckdbGuardOptions, guardDuckdbAst } from "../../../src/sql/guard-duckdb.ts";
import type { GuardOptions } from "../../../src/sql/guard-rules.ts";
import { loadParser, parseStatements } from "../../../src/sql/parse.ts";

let instance: DuckDBInstance;
beforeAll(async () => {
  await loadParser();
  instance = await DuckDBInstance.create(":memory:");
});
afterAll(() => instance.closeSync());

function refusalOf(check: () => void): PgError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof PgError) return error;
    throw error;
  }
}

function inPostgresql(sql: string, options: GuardOptions = {}): PgError | undefined {
  const [statement] = parseStatements(sql);
  if (statement?.ast === undefined) throw new Error(`${sql} is not PostgreSQL's`);
  return refusalOf(() => guard(statement, options));
}

async function inDuckdb(
  sql: string,
  options: DuckdbGuardOptions = {},
): Promise<PgError | undefined> {
  const connection = await instance.connect();
  const result = await connection.runAndReadAll("SELECT json_serialize_sql($1::VARCHAR)::VARCHAR", [
    sql,
  ]);
  connection.closeSync();
  return refusalOf(() => guardDuckdbAst(String(result.getRows()[0]?.[0]), { sql, ...options }));
}

/** What reaches for files, settings, state, other databases, or runs SQL in strings. */
const FORBIDDEN_FUNCTIONS = [
  "read_csv",
  "read_csv_auto",
  "read_text",
  "read_blob",
  "read_parquet",
  "parquet_scan",
  "read_json",
  "read_json_auto",
  "read_ndjson",
  "read_duckdb",
  "glob",
  "sniff_csv",
  "parquet_metadata",
  "parquet_schema",
  "query",
  "query_table",
  "json_execute_serialized_sql",
  "duckdb_settings",
  "duckdb_tables",
  "duckdb_secrets",
  "pragma_database_size",
  "pragma_table_info",
  "enable_logging",
  "disable_logging",
  "enable_profiling",
  "test_all_types",
  "which_secret",
  "checkpoint",
  "force_checkpoint",
  "seq_scan",
  "arrow_scan",
  "repeat_row",
  "summary",
  "sql_auto_complete",
];
const FORBIDDEN_SCALARS = [
  "read_text",
  "getvariable",
  "current_setting",
  "set_config",
  "getenv",
  "write_log",
  "nextval",
  "currval",
  "setseed",
  "json_serialize_sql",
  "json_serialize_plan",
  "json_deserialize_sql",
  "current_query",
  "pg_sleep",
  "sleep_ms",
  "pg_get_viewdef",
  "has_table_privilege",
  "inet_server_addr",
  "txid_current",
  "pg_read_file",
  "lo_import",
];

describe("functions", () => {
  test.each(FORBIDDEN_FUNCTIONS)("%s cannot stand in FROM, in either grammar", async (name) => {
    const expected = { sqlstate: "42501", message: `permission denied for function ${name}` };
    expect(inPostgresql(`select a from ${name}('x') t`)).toMatchObject({
      ...expected,
      position: 15,
    });
    expect(await inDuckdb(`from ${name}('x')`)).toMatchObject({ ...expected, position: 6 });
  });

  test.each(FORBIDDEN_SCALARS)("%s cannot be called, in either grammar", async (name) => {
    const expected = { sqlstate: "42501", message: `permission denied for function ${name}` };
    if (name !== "pg_sleep")
      expect(inPostgresql(`select "${name}"('x') from t`)).toMatchObject({
        ...expected,
        position: 8,
      });
    expect(await inDuckdb(`select "${name}"('x') from t`)).toMatchObject(expected);
  });

  test.each([
    "select 1 limit (select count(*) from glob('*'))",
    "select 1 order by (select 1 from read_text('x'))",
    "select sum(a) filter (where read_text('x') is null) over (partition by b) from t",
    "select sum(a) over (order by read_text('x')) from t",
    "select case when a then read_text('x') end from t",
    "with x as (select * from read_text('x')) select * from x",
    "select * from t where exists (select 1 from read_text('x'))",
    "select * from t join read_text('x') r on true",
    "select array(select 1 from read_text('x'))",
    "values (read_text('x'))",
    "select * from (values (read_text('x'))) v",
    "select string_agg(a, read_text('x') order by b) from t",
    "select a from t group by rollup(read_text('x'))",
  ])("%s is seen through, in either grammar", async (sql) => {
    expect(inPostgresql(sql)).toMatchObject({ sqlstate: "42501" });
    expect(await inDuckdb(sql)).toMatchObject({ sqlstate: "42501" });
  });

  test("another case hides no function", async () => {
    expect(inPostgresql(`select "Read_Text"('x') from t`)).toMatchObject({ sqlstate: "42501" });
    expect(await inDuckdb(`select "Read_Text"('x')`)).toMatchObject({ sqlstate: "42501" });
  });

  test("a schema in front of a function is one that is known", async () => {
    expect(inPostgresql("select pg_catalog.lower('A') from t")).toBeUndefined();
    expect(inPostgresql("select pg_catalog.read_text('A') from t")).toMatchObject({
      sqlstate: "42501",
    });
    expect(inPostgresql("select main.lower('A') from t")).toMatchObject({
      sqlstate: "3F000",
      message: 'schema "main" does not exist',
    });
    expect(inPostgresql("select system.main.read_text('A') from t")).toMatchObject({
      sqlstate: "0A000",
      message: "cross-database references are not implemented: system.main.read_text",
    });
    expect(await inDuckdb("select system.main.lower('A')")).toMatchObject({ sqlstate: "3F000" });
    expect(await inDuckdb("select main.read_text('A')")).toMatchObject({ sqlstate: "42501" });
    expect(inPostgresql("select * from bucketgres.profile('t')")).toBeUndefined();
    expect(inPostgresql("select * from bucketgres.other('t')")).toMatchObject({
      sqlstate: "42883",
    });
  });

  test.each([
    "select * from generate_series(1, 3)",
    "select * from unnest(array[1]) with ordinality",
    "select pg_typeof(a) from t",
  ])("%s is allowed", (sql) => {
    expect(inPostgresql(sql)).toBeUndefined();
  });

  test("a harmless function that makes no rows cannot stand in FROM", () => {
    expect(inPostgresql("select * from lower('A')")).toMatchObject({ sqlstate: "0A000" });
  });
});

describe("relations", () => {
  const nowhere = { sqlstate: "42P01" };

  test.each([
    "main.t",
    "temp.t",
    "duckdb_tables",
    "sqlite_master",
    "pragma_database_list",
    '"x.csv"',
    '"/etc/passwd"',
    '"http://x"',
    '"*"',
    '"a\\b"',
  ])("%s does not exist, in either grammar", async (name) => {
    expect(inPostgresql(`select * from ${name}`)).toMatchObject({ ...nowhere, position: 15 });
    expect(await inDuckdb(`from ${name}`)).toMatchObject({ ...nowhere, position: 6 });
  });

  test("a file in quotes is none for DuckDB's grammar either", async () => {
    expect(await inDuckdb("from 'x.csv'")).toMatchObject({
      ...nowhere,
      message: 'relation "x.csv" does not exist',
    });
    expect(await inDuckdb("select * from t, 'x.parquet'")).toMatchObject(nowhere);
  });

  test("only the workspace's own name may stand before a schema", async () => {
    const options = { workspace: "acme" };
    expect(inPostgresql("select * from acme.public.t", options)).toBeUndefined();
    expect(inPostgresql("select * from other.public.t", options)).toMatchObject({
      sqlstate: "0A000",
    });
    expect(await inDuckdb("from system.main.duckdb_tables", options)).toMatchObject({
      sqlstate: "0A000",
    });
    expect(await inDuckdb("from acme.public.t", options)).toMatchObject({ sqlstate: "0A000" });
  });

  test("with the workspace's schemas given, others do not exist", async () => {
    const schemas = new Set(["public", "sales"]);
    expect(inPostgresql("select * from sales.t, public.t, t", { schemas })).toBeUndefined();
    expect(inPostgresql("select * from attached.t", { schemas })).toMatchObject(nowhere);
    expect(await inDuckdb("from attached.t", { schemas })).toMatchObject(nowhere);
  });

  test("a name like a file's is allowed where the catalog has it", () => {
    const isRelation = (schema: string | undefined, name: string): boolean =>
      schema === undefined && name === "2024/sales.csv";
    expect(inPostgresql('select * from "2024/sales.csv"', { isRelation })).toBeUndefined();
    expect(inPostgresql('select * from "2025/sales.csv"', { isRelation })).toMatchObject(nowhere);
  });

  test("system catalogs are read in PostgreSQL's grammar only", async () => {
    expect(await inDuckdb("from pg_class")).toMatchObject({ sqlstate: "0A000" });
    expect(await inDuckdb("from information_schema.tables")).toMatchObject({ sqlstate: "0A000" });
  });
});

describe("DuckDB's own statements", () => {
  test.each([
    "from t select a",
    "select * exclude (a) replace (b + 1 as b) from t",
    "select columns('a.*') from t",
    "pivot t on a in ('x', 'y') using sum(b) group by c",
    "unpivot t on a, b into name n value v",
    "select * from t pivot (sum(b) for a in ('x'))",
    "summarize t",
    "summarize select * from t",
    "describe t",
    "select a from t qualify row_number() over (partition by b order by c desc nulls last) = 1",
    "from t asof join u using (a)",
    "from t positional join u",
    "select [x + 1 for x in [1, 2]], {'a': 1}.a, map {'a': 1}, list_transform([1], lambda x: x + 1)",
    "select extract(year from d), substring(s from 1 for 2), trim(s), position('a' in s), d::struct(a int), s collate nocase",
    "select a from t group by all order by all limit 10%",
    "from t using sample 10%",
    "with recursive r as (select 1 a union all select a + 1 from r where a < 3) from r",
    "from range(3)",
  ])("%s is allowed", async (sql) => {
    expect(await inDuckdb(sql)).toBeUndefined();
  });

  test.each([
    "show tables",
    "select * from (show all tables)",
    "pivot t on a using sum(b)",
    "pragma database_list",
    "call enable_logging()",
    "attach 'x'",
    "set x = 1",
    "copy t to 'x'",
    "insert into t values (1)",
    "create table x as from t",
    "from t at (version => 1)",
  ])("%s is not supported", async (sql) => {
    expect(await inDuckdb(sql)).toMatchObject({ sqlstate: "0A000" });
  });

  test("more than one statement, or none that can be read, is a syntax error", async () => {
    expect(await inDuckdb("from t; from u")).toMatchObject({ sqlstate: "42601" });
    expect(await inDuckdb("select 'é', from from")).toMatchObject({ sqlstate: "42601" });
  });
});

describe("limits", () => {
  test("64 tables, in either grammar", async () => {
    const list = (count: number): string =>
      Array.from({ length: count }, (_, i) => `t t${i}`).join(", ");
    expect(inPostgresql(`select * from ${list(64)}`)).toBeUndefined();
    expect(inPostgresql(`select * from ${list(65)}`)).toMatchObject({ sqlstate: "54001" });
    expect(await inDuckdb(`from ${list(64)}`)).toBeUndefined();
    expect(await inDuckdb(`from ${list(65)}`)).toMatchObject({ sqlstate: "54001" });
  });

  test("eight lambdas inside each other", async () => {
    const nested = (levels: number): string =>
      levels === 0 ? "x0" : `list_transform([1], lambda x${levels}: ${nested(levels - 1)})`;
    expect(await inDuckdb(`select ${nested(8)}`)).toBeUndefined();
    expect(await inDuckdb(`select ${nested(9)}`)).toMatchObject({ sqlstate: "54001" });
    const calls = (levels: number): string =>
      "list_transform(".repeat(levels) + "a" + ", 1)".repeat(levels);
    expect(inPostgresql(`select ${calls(8)} from t`)).toBeUndefined();
    expect(inPostgresql(`select ${calls(9)} from t`)).toMatchObject({ sqlstate: "54001" });
  });

  test("what macros would copy too often", async () => {
    const rounds = (levels: number): string => "round(".repeat(levels) + "a" + ")".repeat(levels);
    expect(await inDuckdb(`select ${rounds(3)} from t`)).toBeUndefined();
    expect(await inDuckdb(`select ${rounds(12)} from t`)).toMatchObject({ sqlstate: "54001" });
    expect(await inDuckdb(`select ${"1/(".repeat(40)}a${")".repeat(40)} from t`)).toMatchObject({
      sqlstate: "54001",
    });
    expect(await inDuckdb(`select a${"/2".repeat(100)} from t`)).toBeUndefined();
  });
});

test("wherever a forbidden call is put, DuckDB's tree shows it", async () => {
  const harmless = fc.constantFrom(
    "a",
    "1",
    "'x'",
    "lower(b)",
    "count(*) over ()",
    "[1, 2]",
    "(select max(a) from t)",
  );
  const place = fc.constantFrom(
    (x: string) => `from t select ${x}`,
    (x: string) => `from t where ${x} is null`,
    (x: string) => `from (select ${x} as y from t) select * exclude (y)`,
    (x: string) => `select a from t qualify ${x} = 1`,
    (x: string) => `select * replace (${x} as a) from t`,
    (x: string) => `from t order by ${x}`,
    (x: string) => `select list_filter([1], lambda v: v = ${x}) from t`,
    (x: string) => `select {'k': ${x}} from t group by all`,
    (x: string) => `select sum(a order by ${x}) from t`,
    (x: string) => `from t join u on t.a = ${x}`,
    (x: string) => `pivot (select ${x} as p, a from t) on a in (1) using first(p)`,
  );
  await fc.assert(
    fc.asyncProperty(
      harmless,
      place,
      fc.constantFrom(...FORBIDDEN_SCALARS),
      async (expression, put, name) => {
        expect(await inDuckdb(put(expression))).toBeUndefined();
        expect(await inDuckdb(put(`coalesce(${expression}, ${name}('x'))`))).toMatchObject({
          sqlstate: "42501",
        });
      },
    ),
    { numRuns: 60 },
  );
});
