import { afterAll, beforeEach, expect, test } from "vitest";
import type { MirrorView } from "../../../src/shadow/mirror.ts";
import {
  ACME,
  model,
  recordedLog,
  rowsOf,
  shadowPool,
  table,
  workspaceName,
} from "./shadow-fixture.ts";

const { log, lines } = recordedLog();
const pool = shadowPool({ log });
afterAll(() => pool.close());
beforeEach(() => {
  lines.length = 0;
});

const customers = table("customers", { id: "integer!", name: "text" }, { primaryKey: ["id"] });
const orders = table(
  "orders",
  { id: "bigint!", customer_id: "integer", total: "numeric(12,2)" },
  {
    primaryKey: ["id"],
    foreignKeys: [
      {
        columns: ["customer_id"],
        references: { schema: "public", table: "customers", columns: ["id"] },
      },
    ],
  },
);

function view(name: string, definition: string, columns: MirrorView["columns"] = []): MirrorView {
  return { schema: "public", name, definition, columns };
}

async function relations(): Promise<Map<string | null, string | null>> {
  const rows = await rowsOf(
    pool,
    "SELECT relname, oid FROM pg_class WHERE relkind IN ('r', 'v') AND oid >= 16384",
  );
  return new Map(rows.map(([name = null, oid = null]) => [name, oid]));
}

function refusals(): unknown[] {
  return lines.flatMap((line) => {
    const { msg, object, reason } = line as Record<string, unknown>;
    return msg === "shadow refuses a part of the workspace" ? [{ object, reason }] : [];
  });
}

test("tables keep their OIDs when others come, go and change", async () => {
  const budget = table("budget", { dept: "text" });
  pool.update(ACME, model({ tables: [customers, orders, budget] }));
  const before = await relations();

  pool.update(
    ACME,
    model({
      tables: [
        { ...customers, description: "all of them", rowCount: 12 },
        orders,
        table("budget", { dept: "text", amount: "numeric" }),
        table("new", { a: "text" }),
      ],
    }),
  );
  const after = await relations();

  expect(after.get("customers")).toBe(before.get("customers"));
  expect(after.get("orders")).toBe(before.get("orders"));
  expect(after.get("budget")).not.toBe(before.get("budget"));
  expect(new Set(after.keys())).toEqual(new Set(["budget", "customers", "new", "orders"]));
  expect(
    await rowsOf(
      pool,
      "SELECT reltuples, obj_description(oid) FROM pg_class WHERE relname = 'customers'",
    ),
  ).toEqual([["12", "all of them"]]);
  expect(refusals()).toEqual([]);
});

test("a foreign key comes back when the table it leads to is made anew", async () => {
  const foreignKeys = `SELECT conrelid::regclass, confrelid::regclass, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE contype = 'f'`;
  const key = ["orders", "customers", "FOREIGN KEY (customer_id) REFERENCES customers(id)"];
  pool.update(ACME, model({ tables: [customers, orders] }));
  expect(await rowsOf(pool, foreignKeys)).toEqual([key]);

  const wider = table(
    "customers",
    { id: "integer!", name: "text", email: "text" },
    { primaryKey: ["id"] },
  );
  pool.update(ACME, model({ tables: [wider, orders] }));

  expect(await rowsOf(pool, foreignKeys)).toEqual([key]);
});

test("a foreign key that PostgreSQL cannot have is left out and logged, and its table stands", async () => {
  const keyless = table("customers", { id: "integer", name: "text" });
  pool.update(ACME, model({ tables: [keyless, orders] }));

  expect(await rowsOf(pool, "SELECT conname FROM pg_constraint WHERE contype = 'f'")).toEqual([]);
  expect((await relations()).has("orders")).toBe(true);
  expect(refusals()).toEqual([
    {
      object: 'foreign key of "public"."orders"',
      reason: 'there is no unique constraint matching given keys for referenced table "customers"',
    },
  ]);
});

test("NOT NULL columns and keys show as a version 15 shows them", async () => {
  pool.update(ACME, model({ tables: [customers, orders] }));

  expect(
    await rowsOf(
      pool,
      "SELECT conname, contype FROM pg_constraint WHERE conrelid = 'orders'::regclass ORDER BY 1",
    ),
  ).toEqual([
    ["orders_customer_id_fkey", "f"],
    ["orders_pkey", "p"],
  ]);
  expect(
    await rowsOf(
      pool,
      `SELECT attname, attnotnull, attstattarget FROM pg_attribute
       WHERE attrelid = 'orders'::regclass AND attnum > 0 ORDER BY attnum`,
    ),
  ).toEqual([
    ["id", "t", "-1"],
    ["customer_id", "f", "-1"],
    ["total", "f", "-1"],
  ]);
});

test("a view that PostgreSQL can resolve has its definition, any other one its columns", async () => {
  pool.update(
    ACME,
    model({
      tables: [orders, customers],
      views: [
        view("by_customer", "SELECT customer_id, sum(total) FROM orders GROUP BY 1;", [
          { name: "customer", type: "integer" },
          { name: "Umsatz €", type: "numeric" },
        ]),
        view("duck", "SELECT * EXCLUDE (id) FROM orders", [
          { name: "customer_id", type: "integer" },
        ]),
        view("several", "SELECT 1; DROP TABLE orders", [{ name: "x", type: "bigint" }]),
        view("above", "SELECT * FROM duck"),
      ],
    }),
  );

  expect(
    await rowsOf(
      pool,
      `SELECT table_name, column_name, data_type FROM information_schema.columns
       WHERE table_name IN (SELECT viewname FROM pg_views WHERE schemaname = 'public') ORDER BY 1, ordinal_position`,
    ),
  ).toEqual([
    ["above", "customer_id", "integer"],
    ["by_customer", "customer", "integer"],
    ["by_customer", "Umsatz €", "numeric"],
    ["duck", "customer_id", "integer"],
    ["several", "x", "bigint"],
  ]);
  expect(await rowsOf(pool, "SELECT pg_get_viewdef('by_customer'::regclass)")).toEqual([
    [expect.stringContaining("GROUP BY customer_id")],
  ]);
  expect((await relations()).has("orders")).toBe(true);
});

test("a table that PostgreSQL refuses shows its columns as text", async () => {
  const odd = table("odd", { a: "hugeint", b: "text); DROP TABLE customers; --" });
  pool.update(ACME, model({ tables: [customers, odd] }));

  expect(
    await rowsOf(
      pool,
      "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'odd' ORDER BY 1",
    ),
  ).toEqual([
    ["a", "text"],
    ["b", "text"],
  ]);
  expect((await relations()).has("customers")).toBe(true);
});

test("names with quotes, spaces, umlauts and emoji stand as they are, with what describes them", async () => {
  const description = 'it\'s "all"; \\ 🙂';
  const odd = {
    ...table('Sales "Q1" 2024', { "Umsatz (€)": "numeric(18,2)", "a;b": "text", 名前: "text" }),
    schema: "fin;ance",
    description,
  };
  pool.update(ACME, model({ schemas: ["public", "fin;ance"], tables: [odd] }));

  expect(
    await rowsOf(
      pool,
      `SELECT table_schema, table_name, column_name, obj_description($1::regclass)
       FROM information_schema.columns WHERE table_schema = $2 ORDER BY ordinal_position`,
      {},
      { parameters: [Buffer.from('"fin;ance"."Sales ""Q1"" 2024"'), Buffer.from("fin;ance")] },
    ),
  ).toEqual(
    ["Umsatz (€)", "a;b", "名前"].map((name) => ["fin;ance", 'Sales "Q1" 2024', name, description]),
  );
});

test("a member that leaves cannot ask any more, and a new one can", async () => {
  pool.update(ACME, model({ members: ["ana", "bob"] }));
  expect(await rowsOf(pool, "SELECT session_user", { role: "bob" })).toEqual([["bob"]]);

  pool.update(ACME, model({ members: ["ana", "postgres"] }));

  await expect(rowsOf(pool, "SELECT 1", { role: "bob" })).rejects.toMatchObject({
    sqlstate: "28000",
    message: 'role "bob" does not exist',
  });
  expect(
    await rowsOf(pool, "SELECT session_user, current_setting('is_superuser')", {
      role: "postgres",
    }),
  ).toEqual([["postgres", "off"]]);
});

test("members may read what is mirrored, and nothing else", async () => {
  pool.update(
    ACME,
    model({ schemas: ["finance"], tables: [orders, { ...customers, schema: "finance" }] }),
  );

  expect(
    await rowsOf(
      pool,
      `SELECT has_table_privilege('orders', 'SELECT'), has_table_privilege('orders', 'INSERT'),
         has_schema_privilege('finance', 'USAGE'), has_schema_privilege('finance', 'CREATE'),
         (SELECT count(*) FROM finance.customers)`,
    ),
  ).toEqual([["t", "f", "t", "f", "0"]]);
});

test("more tables than one transaction takes come up, and go again", async () => {
  const many = workspaceName("many");
  const tables = Array.from({ length: 510 }, (_, n) =>
    table(`t${n}`, { id: "bigint!", name: "text" }),
  );
  pool.update(many, model({ database: "many", tables }));
  const count = "SELECT count(*), current_database() FROM pg_tables WHERE schemaname = 'public'";
  expect(await rowsOf(pool, count, { workspace: many })).toEqual([["510", "many"]]);

  pool.update(many, model({ database: "many" }));

  expect(await rowsOf(pool, count, { workspace: many })).toEqual([["0", "many"]]);
  await pool.remove(many);
});
