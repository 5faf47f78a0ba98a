/** The things that every client with node-postgres's interface does in the same way. */
import type { Client, QueryConfig } from "pg";
import { SLOW_QUERY } from "../data.ts";
import { codeOf, same, thing } from "../report.ts";

type WithClient = (use: (client: Client) => Promise<void>) => Promise<void>;

const COLUMNS = "id, price, name, active, day, at";

async function rows(client: Client, text: string, values: readonly unknown[] = []) {
  const { rows } = await client.query<unknown[]>({ text, values: [...values], rowMode: "array" });
  return rows;
}

/** Where the client is no direct one, some things are done in another way. */
export async function sessionThings(
  withClient: WithClient,
  without: readonly number[] = [],
): Promise<void> {
  const does = async (number: number, body: () => Promise<void>): Promise<void> => {
    if (!without.includes(number)) await thing(number, body);
  };
  await does(4, () =>
    withClient(async (client) => {
      const first = [
        "1",
        "-98.75",
        "Größe 1",
        false,
        local(2024, 0, 1),
        local(2024, 0, 1, 1, 0, 7),
      ];
      const second = ["2", "-97.50", `O'Brien "2"`, true, local(2024, 0, 2)];
      const sql = (id: number) => `SELECT ${COLUMNS} FROM things WHERE id = ${id}`;
      same(await rows(client, sql(1)), [first]);
      same((await rows(client, sql(2)))[0]?.slice(0, 5), second);
      same(
        await rows(
          client,
          "SELECT price, name, at::text FROM things WHERE id IN (65, 34) ORDER BY id",
        ),
        [
          ["-57.50", `O'Brien "34"`, null],
          [null, null, "2024-01-03 17:07:35.064805"],
        ],
      );
      same(await rows(client, "SELECT 1::int2, 2::int4, 1.5::float8, 0.1::float4"), [
        [1, 2, 1.5, 0.1],
      ]);
    }),
  );
  await does(5, () =>
    withClient(async (client) => {
      const sql =
        "SELECT id FROM things WHERE id < $1 AND name LIKE $2 AND day = $3 AND price < $4";
      same(await rows(client, sql, [3, "Gr%", "2024-01-01", "0.5"]), [["1"]]);
    }),
  );
  await does(7, () =>
    withClient(async (client) => {
      const sql = `SELECT $1::text, $2::text, $3::numeric, $4::date::text, $5::timestamp::text,
        $6::bytea, $7::boolean, $8::bigint, $9::float8`;
      const values = [
        null,
        "Ünï 😀 'x' \\ \"y\"",
        "12345678901234567890.0123456789",
        "2024-02-29",
        "2024-02-29 12:34:56.789012",
        Buffer.from([0, 1, 92, 39, 255]),
        true,
        "9223372036854775807",
        0.1,
      ];
      same(await rows(client, sql, values), [values]);
      const day = await rows(client, "SELECT count(*) FROM things WHERE at < $1", [
        local(2024, 0, 2),
      ]);
      same(day, [["22"]]);
    }),
  );
  await does(8, () =>
    withClient(async (client) => {
      const sql = "SELECT id FROM things WHERE id = ANY($1) ORDER BY id";
      same(await rows(client, sql, [[3, 1, 2_000]]), [["1"], ["3"]]);
      const names = ['O\'Brien "2"', "😀, 3", "a,b", null];
      same(await rows(client, "SELECT count(*) FROM things WHERE name = ANY($1)", [names]), [
        ["2"],
      ]);
      same(await rows(client, "SELECT ARRAY[1, 2, NULL]::int[], $1::text[]", [names]), [
        [[1, 2, null], names],
      ]);
    }),
  );
  await does(9, () =>
    withClient(async (client) => {
      const named = { name: "by id", text: "SELECT id, label FROM big WHERE id = $1" };
      for (let id = 1; id <= 100; id += 1) {
        const { rows } = await client.query({ ...named, values: [id] });
        same(rows, [{ id: String(id), label: `label ${id}` }]);
      }
    }),
  );
  await does(12, () =>
    withClient(async (client) => {
      same((await client.query("BEGIN")).command, "BEGIN");
      same(await rows(client, "SELECT count(*) FROM things"), [["1000"]]);
      same((await client.query("COMMIT")).command, "COMMIT");
      same(await rows(client, "SELECT 1"), [[1]]);
    }),
  );
  await does(13, () =>
    withClient(async (client) => {
      await client.query("BEGIN");
      same(await codeOf(client.query("SELECT 1/0")), "22012");
      same(await codeOf(client.query("SELECT 1")), "25P02");
      same(await codeOf(rows(client, "SELECT $1::int", [1])), "25P02");
      same((await client.query("COMMIT")).command, "ROLLBACK");
      same(await rows(client, "SELECT 1"), [[1]]);
    }),
  );
  await does(14, () =>
    withClient(async (client) => {
      await client.query("BEGIN");
      await client.query("SAVEPOINT one");
      same(await codeOf(client.query("SELECT nothing FROM things")), "42703");
      await client.query("ROLLBACK TO SAVEPOINT one");
      same(await rows(client, "SELECT count(*) FROM things"), [["1000"]]);
      await client.query("RELEASE SAVEPOINT one");
      same((await client.query("COMMIT")).command, "COMMIT");
    }),
  );
  await does(15, () =>
    withClient(async (client) => {
      same(await errorOf(client, "SELECT nothing FROM things"), ["42703", "8", "ERROR"]);
      same(await errorOf(client, "SELECT * FROM nowhere"), ["42P01", "15", "ERROR"]);
      same(await errorOf(client, "SELEC 1"), ["42601", "1", "ERROR"]);
      same(await rows(client, "SELECT 1"), [[1]]);
    }),
  );
  await does(16, () =>
    withClient(async (client) => {
      const sql = `SELECT ${COLUMNS} FROM things WHERE false`;
      for (const query of [{ text: sql }, { text: `${sql} AND id = $1`, values: [1] }]) {
        const { fields, rowCount } = await client.query(query);
        same(rowCount, 0);
        same(
          fields.map(({ name, dataTypeID }) => `${name} ${dataTypeID}`).join(", "),
          "id 20, price 1700, name 25, active 16, day 1082, at 1114",
        );
      }
    }),
  );
  await does(17, () =>
    withClient(async (client) => {
      const results = await client.query("SELECT 1 AS a; SELECT 'x' AS b, 2 AS c; SELECT 3 AS d");
      // Several statements make the driver answer with an array, which its types do not say.
      const all = (results as unknown as readonly { readonly rows: unknown[] }[]).map(
        (result) => result.rows,
      );
      same(all, [[{ a: 1 }], [{ b: "x", c: 2 }], [{ d: 3 }]]);
      same(await codeOf(client.query("SELECT 1; SELECT 1/0; SELECT 2")), "22012");
      same(await rows(client, "SELECT 1"), [[1]]);
    }),
  );
  await does(21, () =>
    withClient(async (client) => {
      await client.query(
        "CREATE TEMP TABLE mine (id int PRIMARY KEY, name text, price numeric(8,2))",
      );
      const insert = "INSERT INTO mine VALUES ($1, $2, $3)";
      for (const id of [1, 2, 3]) await client.query(insert, [id, `ö ${id}`, `${id}.5`]);
      const { rowCount } = await client.query("UPDATE mine SET name = 'x' WHERE id > 1");
      same(rowCount, 2);
      const sql =
        "SELECT m.id, m.name, m.price, t.name FROM mine m JOIN things t USING (id) ORDER BY 1";
      same(await rows(client, `${sql} LIMIT 1`), [[1, "ö 1", "1.50", "Größe 1"]]);
      await client.query("DROP TABLE mine");
      same(await codeOf(client.query("SELECT * FROM mine")), "42P01");
    }),
  );
  await does(23, () =>
    withClient(async (client) => {
      await client.query("SET statement_timeout = '200ms'");
      same(await codeOf(client.query(SLOW_QUERY)), "57014");
      same(await rows(client, "SELECT 1"), [[1]]);
    }),
  );
  await does(24, () =>
    withClient(async (client) => {
      await client.query("SET application_name = 'clients'");
      same(await rows(client, "SHOW application_name"), [["clients"]]);
      await client.query("SET search_path TO pg_catalog, public");
      same(await rows(client, "SHOW search_path"), [["pg_catalog, public"]]);
      same(await rows(client, "SELECT count(*) FROM things"), [["1000"]]);
      await client.query("BEGIN");
      await client.query("SET LOCAL application_name = 'inside'");
      same(await rows(client, "SELECT current_setting('application_name')"), [["inside"]]);
      await client.query("ROLLBACK");
      same(await rows(client, "SHOW application_name"), [["clients"]]);
      await client.query("RESET search_path");
    }),
  );
  await does(25, () =>
    withClient(async (client) => {
      const sql = `SELECT table_name, column_name, data_type FROM information_schema.columns
        WHERE table_schema = 'public' ORDER BY table_name, ordinal_position`;
      same(await rows(client, sql), [
        ["big", "id", "bigint"],
        ["big", "label", "text"],
        ["things", "id", "bigint"],
        ["things", "price", "numeric"],
        ["things", "name", "text"],
        ["things", "active", "boolean"],
        ["things", "day", "date"],
        ["things", "at", "timestamp without time zone"],
      ]);
      same(await codeOf(client.query("INSERT INTO things (id) VALUES (2001)")), "25006");
      const parameters: QueryConfig = {
        text: "DELETE FROM things WHERE id = $1",
        values: [1],
      };
      same(await codeOf(client.query(parameters)), "25006");
    }),
  );
}

/** The driver reads dates and timestamps in this process's zone. */
function local(year: number, month: number, day: number, ...time: number[]): Date {
  const [hours = 0, minutes = 0, seconds = 0] = time;
  return new Date(year, month, day, hours, minutes, seconds);
}

async function errorOf(client: Client, sql: string): Promise<unknown> {
  const error = await client.query(sql).then(
    () => ({}),
    (error: unknown) => error,
  );
  // What the driver throws for an ErrorResponse has these fields.
  const { code, position, severity } = error as Record<string, unknown>;
  return [code, position, severity];
}
