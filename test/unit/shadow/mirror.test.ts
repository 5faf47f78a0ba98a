import { expect, test } from "vitest";
import { EMPTY_MODEL, type MirrorModel, mirrorChange } from "../../../src/shadow/mirror.ts";
import { model, table } from "./shadow-fixture.ts";

const orders = table("orders", { id: "bigint!", customer_id: "integer" }, { primaryKey: ["id"] });
const customers = table("customers", { id: "integer!" }, { primaryKey: ["id"] });

function objects(before: MirrorModel, after: MirrorModel): string[] {
  return mirrorChange(before, after).map(({ object }) => object);
}

function sql(before: MirrorModel, after: MirrorModel): string[] {
  return mirrorChange(before, after).flatMap(({ statements }) => statements);
}

test("the first change makes the database, its roles, and all that stands in it", () => {
  const after = model({ schemas: ["public", "finance"], tables: [orders] });

  expect(sql(EMPTY_MODEL, after).slice(0, 5)).toEqual([
    `UPDATE pg_database SET datname = 'acme' WHERE datname = 'postgres'`,
    `CREATE ROLE "ana" LOGIN`,
    `GRANT bucketgres_reader TO "ana"`,
    `CREATE SCHEMA "finance" AUTHORIZATION bucketgres_owner`,
    `CREATE TABLE "public"."orders" ("id" bigint NOT NULL, "customer_id" integer, PRIMARY KEY ("id"))`,
  ]);
});

test("nothing changed is nothing to do", () => {
  const same = () => model({ tables: [{ ...orders, rowCount: 3 }, customers] });

  expect(mirrorChange(same(), same())).toEqual([]);
});

test("a changed table is made anew, and the others are not mentioned", () => {
  const wider = table("orders", { id: "bigint!", note: "text" });

  const steps = objects(
    model({ tables: [orders, customers] }),
    model({ tables: [wider, customers] }),
  );

  expect(steps).toEqual([
    'table "public"."orders"',
    'table "public"."orders"',
    "catalog rows of newer versions",
  ]);
});

test("a description and a row count change in place", () => {
  const described = {
    ...orders,
    description: 'it\'s "sales"',
    columns: orders.columns.map((column) => ({ ...column, description: `the ${column.name}` })),
    rowCount: 1000,
  };
  const before = model({ tables: [orders] });

  expect(sql(before, model({ tables: [described] }))).toEqual([
    `COMMENT ON TABLE "public"."orders" IS 'it''s "sales"'`,
    `COMMENT ON COLUMN "public"."orders"."id" IS 'the id'`,
    `COMMENT ON COLUMN "public"."orders"."customer_id" IS 'the customer_id'`,
    expect.stringMatching(/'relname', 'orders',\s+'relpages', 7::integer, 'reltuples', 1000::real/),
  ]);
  expect(sql(model({ tables: [described] }), before).slice(0, 1)).toEqual([
    `COMMENT ON TABLE "public"."orders" IS NULL`,
  ]);
});

test("a table that others refer to takes their foreign keys along, so they are made again", () => {
  const key = {
    columns: ["customer_id"],
    references: { schema: "public", table: "customers", columns: ["id"] },
  };
  const referring = { ...orders, foreignKeys: [key] };
  const wider = table("customers", { id: "integer!", name: "text" }, { primaryKey: ["id"] });

  const steps = objects(
    model({ tables: [referring, customers] }),
    model({ tables: [referring, wider] }),
  );

  expect(steps).toContain('foreign key of "public"."orders"');
  expect(steps).not.toContain('table "public"."orders"');
});

test("views stand behind those that they use, and all are made anew when a table changes", () => {
  const view = (name: string, definition: string) => ({
    schema: "public",
    name,
    definition,
    columns: [],
  });
  const views = [
    view("top", 'SELECT * FROM "Middle"'),
    view("Middle", "SELECT * FROM bottom"),
    view("bottom", "SELECT 1 AS x"),
    view("circle_a", "SELECT * FROM circle_b"),
    view("circle_b", "SELECT * FROM circle_a"),
  ];

  const created = objects(model(), model({ views })).filter((object) => object.startsWith("view"));
  expect(created).toEqual(
    ["bottom", "Middle", "top", "circle_b", "circle_a"].map((name) => `view "public"."${name}"`),
  );
  expect(objects(model({ views }), model({ views, tables: [orders] }))).toHaveLength(12);
});

test("members come and go without a trace in the rest", () => {
  expect(sql(model({ members: ["ana", "bob"] }), model({ members: ["bob", 'o"x'] }))).toEqual([
    'DROP ROLE IF EXISTS "ana"',
    'CREATE ROLE "o""x" LOGIN',
    'GRANT bucketgres_reader TO "o""x"',
  ]);
});

test("PostgreSQL's own schemas are neither made nor dropped", () => {
  const schemas = ["public", "pg_catalog", "pg_own", "information_schema"];

  expect(mirrorChange(model(), model({ schemas }))).toEqual([]);
  expect(mirrorChange(model({ schemas }), model())).toEqual([]);
});
