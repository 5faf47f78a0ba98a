import { afterAll, beforeAll, expect, test } from "vitest";
import { SERVER_VERSION, SERVER_VERSION_NUM } from "../../../src/core/server-version.ts";
import recorded from "./client-queries.recorded.json" with { type: "json" };
import { ACME, context, model, rowsOf, shadowPool, statement, table } from "./shadow-fixture.ts";

/** What real clients sent to PostgreSQL 15, by what they were asked to do. */
type Recorded = keyof typeof recorded;

const pool = shadowPool();
beforeAll(() => {
  const customers = table(
    "customers",
    {
      customer_id: "integer!",
      name: "text!",
      country: "character varying(2)",
      credit_limit: "numeric(12,2)",
      tags: "text[]",
    },
    { primaryKey: ["customer_id"], description: "Customer master data", rowCount: 1234 },
  );
  const orders = table(
    "orders",
    { order_id: "bigint!", customer_id: "integer", ordered_at: "timestamp without time zone" },
    {
      primaryKey: ["order_id"],
      foreignKeys: [
        {
          columns: ["customer_id"],
          references: { schema: "public", table: "customers", columns: ["customer_id"] },
        },
      ],
    },
  );
  pool.update(
    ACME,
    model({
      schemas: ["public", "finance"],
      tables: [
        {
          ...customers,
          columns: customers.columns.map((column) =>
            column.name === "name" ? { ...column, description: "As on the invoice" } : column,
          ),
        },
        orders,
        table("Sales Q1 2024", { Region: "text", "Umsatz (€)": "numeric(18,2)" }),
        { ...table("ledger", { entry_id: "bigint" }), schema: "finance" },
      ],
      views: [
        {
          schema: "public",
          name: "customer_totals",
          columns: [],
          definition: "SELECT customer_id, count(*) AS orders FROM orders GROUP BY 1",
        },
      ],
    }),
  );
});
afterAll(() => pool.close());

async function ask(query: Recorded, relation?: string, parameter?: string) {
  let sql: string = recorded[query];
  if (relation !== undefined) {
    const [[oid] = []] = await rowsOf(pool, `SELECT '${relation}'::regclass::oid`);
    sql = sql.replaceAll("{{oid}}", String(oid));
  }
  const parameters = parameter === undefined ? [] : [Buffer.from(parameter)];
  return await rowsOf(pool, sql, {}, { parameters });
}

test("psql 15 \\dt and \\dv", async () => {
  expect(await ask("psql 15: \\dt")).toEqual(
    ["Sales Q1 2024", "customers", "orders"].map((name) => [
      "public",
      name,
      "table",
      "bucketgres_owner",
    ]),
  );
  expect(await ask("psql 15: \\dv")).toEqual([
    ["public", "customer_totals", "view", "bucketgres_owner"],
  ]);
});

test("psql 15 \\d of a table", async () => {
  const columns = await ask("psql 15: \\d table, its columns", "customers");
  expect(columns.map(([name, type, , notNull]) => [name, type, notNull])).toEqual([
    ["customer_id", "integer", "t"],
    ["name", "text", "t"],
    ["country", "character varying(2)", "f"],
    ["credit_limit", "numeric(12,2)", "f"],
    ["tags", "text[]", "f"],
  ]);
  expect(await ask("psql 15: \\d table, the relation", "customers")).toHaveLength(1);
  expect(await ask("psql 15: \\d table, its indexes", "customers")).toEqual([
    expect.arrayContaining(["customers_pkey", "PRIMARY KEY (customer_id)"]),
  ]);
  expect(await ask("psql 15: \\d table, its foreign keys", "orders")).toEqual([
    [
      "t",
      "orders_customer_id_fkey",
      "FOREIGN KEY (customer_id) REFERENCES customers(customer_id)",
      "orders",
    ],
  ]);
  expect(await ask("psql 15: \\d table, what refers to it", "customers")).toEqual([
    expect.arrayContaining(["orders_customer_id_fkey", "orders"]),
  ]);
  expect(await ask("psql 15: \\d table, its triggers", "orders")).toEqual([]);
});

test("psql 15 \\d+ shows descriptions and definitions", async () => {
  const columns = await ask("psql 15: \\d+ table, its columns", "customers");
  expect(columns.map((row) => [row[0], row.at(-2), row.at(-1)])).toEqual([
    ["customer_id", null, null],
    ["name", null, "As on the invoice"],
    ["country", null, null],
    ["credit_limit", null, null],
    ["tags", null, null],
  ]);
  expect(await ask("psql 15: \\d+ view, its definition", "customer_totals")).toEqual([
    [" SELECT customer_id,\n    count(*) AS orders\n   FROM orders\n  GROUP BY customer_id;"],
  ]);
});

test("psql 15 \\l and \\dO, whose columns have other names in this version", async () => {
  const databases = await ask("psql 15: \\l");
  expect(databases.map(([name, owner, encoding]) => [name, owner, encoding])).toContainEqual([
    "acme",
    "bucketgres_owner",
    "UTF8",
  ]);
  // Only the collations that the workspace made itself.
  expect(await ask("psql 15: \\dO")).toEqual([]);
});

test("psql 15 \\dn and \\df", async () => {
  expect(await ask("psql 15: \\dn")).toEqual([
    ["finance", "bucketgres_owner"],
    ["public", "pg_database_owner"],
  ]);
  expect(await ask("psql 15: \\df")).toEqual([]);
});

test("psql 15 completes the name of a table", async () => {
  const sql = `SELECT c.relname, NULL::pg_catalog.text FROM pg_catalog.pg_class c
    WHERE c.relkind IN ('r', 'S', 'v', 'm', 'f', 'p') AND (c.relname) LIKE 'cust%'
    AND pg_catalog.pg_table_is_visible(c.oid)
    AND c.relnamespace <> (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'pg_catalog')
    UNION ALL
    SELECT NULL::pg_catalog.text, n.nspname FROM pg_catalog.pg_namespace n
    WHERE n.nspname LIKE 'cust%' AND n.nspname NOT LIKE E'pg\\\\_%' LIMIT 1000`;

  const names = (await rowsOf(pool, sql)).map(([name]) => name);

  expect(names).toEqual(expect.arrayContaining(["customers", "customer_totals"]));
});

test("pgjdbc's getTables, getColumns and keys", async () => {
  const tables = await ask("pgjdbc: getTables");
  expect(tables.map(([, schema, name, type, remarks]) => [schema, name, type, remarks])).toEqual([
    ["public", "Sales Q1 2024", "TABLE", null],
    ["public", "customers", "TABLE", "Customer master data"],
    ["public", "orders", "TABLE", null],
    ["public", "customer_totals", "VIEW", null],
  ]);
  const columns = await ask("pgjdbc: getColumns");
  expect(columns.map((row) => row[2])).toEqual([
    "customer_id",
    "name",
    "country",
    "credit_limit",
    "tags",
  ]);
  expect(await ask("pgjdbc: getPrimaryKeys")).toEqual([
    [null, "public", "customers", "customer_id", "1", "customers_pkey"],
  ]);
  expect(await ask("pgjdbc: getExportedKeys")).toEqual([
    expect.arrayContaining(["customers", "orders", "orders_customer_id_fkey", "customers_pkey"]),
  ]);
  expect((await ask("pgjdbc: type information")).length).toBeGreaterThan(400);
});

test("the type information of psycopg, postgres.js and node-postgres", async () => {
  expect(await ask("psycopg 3: CompositeInfo", undefined, "customers")).toEqual([
    [
      "customers",
      expect.any(String),
      expect.any(String),
      "customers",
      "{customer_id,name,country,credit_limit,tags}",
      "{23,25,1043,1700,1009}",
    ],
  ]);
  const composite = await ask("psycopg2: register_composite");
  expect(composite.map(([, , name, type]) => [name, type])).toContainEqual(["tags", "1009"]);
  expect(await ask("postgres.js: array types")).toContainEqual(["25", "1009"]);
  expect(await ask("node-postgres: columns")).toContainEqual([
    "customers",
    "country",
    "character varying",
    "YES",
    "3",
  ]);
});

test("every way to ask for the version gives the same one", async () => {
  expect(
    await rowsOf(
      pool,
      `SELECT version(), current_setting('server_version'), current_setting('SERVER_VERSION_NUM', true),
         (SELECT setting FROM pg_settings WHERE name = 'server_version_num')`,
    ),
  ).toEqual([
    [
      `PostgreSQL ${SERVER_VERSION} (bucketgres)`,
      SERVER_VERSION,
      String(SERVER_VERSION_NUM),
      String(SERVER_VERSION_NUM),
    ],
  ]);
  expect(await rowsOf(pool, "SELECT * FROM version()")).toEqual(
    await rowsOf(pool, "SELECT version()"),
  );
  expect(
    await rowsOf(
      pool,
      "SELECT current_setting('TimeZone'), current_setting('no.such', true), current_setting(NULL)",
    ),
  ).toEqual([["UTC", null, null]]);
});

test("a user's query is described with PostgreSQL's own types", async () => {
  const described = await pool.describe(
    {
      sql: "SELECT c.name, sum(c.credit_limit), count(*) FROM customers c WHERE country = $1 AND customer_id > $2 GROUP BY 1",
      parameterOids: [],
    },
    context(),
  );

  expect(described.parameterOids).toEqual([25, 23]);
  expect(described.fields).toMatchObject([
    { name: "name", typeOid: 25, columnNumber: 2 },
    { name: "sum", typeOid: 1700, tableOid: 0 },
    { name: "count", typeOid: 20 },
  ]);
});

test("a row count shows as the planner's estimate", async () => {
  const answer = await pool.execute(
    statement("SELECT reltuples, relpages FROM pg_class WHERE relname = 'customers'"),
    context(),
  );

  expect(answer).toMatchObject({
    tag: "SELECT 1",
    rowCount: 1,
    fields: [{ typeOid: 700 }, { typeOid: 23 }],
  });
});
