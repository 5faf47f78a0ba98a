/** postgres.js: everything is prepared and pipelined, and it asks for the server's array types. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { text as collect } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import postgres from "postgres";
import { SLOW_QUERY } from "../data.ts";
import { codeOf, same, skip, thing } from "../report.ts";

// The package does not export its package.json.
const main = createRequire(import.meta.url).resolve("postgres");
const { version } = JSON.parse(
  readFileSync(join(dirname(main), "..", "..", "package.json"), "utf8"),
) as { readonly version: string };
console.log(`# client postgres.js ${version}`);

type Options = postgres.Options<Record<string, postgres.PostgresType>>;
const ca = readFileSync(process.env["PGSSLROOTCERT"] ?? "", "utf8");
const LIST = `SELECT table_name, column_name, data_type FROM information_schema.columns
  WHERE table_schema = 'public' ORDER BY table_name, ordinal_position`;

async function withSql(use: (sql: postgres.Sql) => Promise<void>, options: Options = {}) {
  const sql = postgres({ ssl: { ca }, max: 1, onnotice: () => undefined, ...options });
  try {
    await use(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** A result without what the driver hangs on it and on its arrays. */
function plain(rows: Iterable<unknown>): unknown[] {
  return [...rows].map((row) =>
    Array.isArray(row)
      ? [...(row as unknown[])].map((cell) =>
          Array.isArray(cell) ? [...(cell as unknown[])] : cell,
        )
      : { ...(row as object) },
  );
}

await thing(1, () =>
  withSql(async (sql) => {
    same(plain(await sql`SELECT count(*) FROM things`), [{ count: "1000" }]);
  }),
);
await thing(2, () =>
  withSql(async (sql) => same(plain(await sql`SELECT 1 AS a`), [{ a: 1 }]), { ssl: false }),
);
await thing(3, () =>
  withSql(async (sql) => same(await codeOf(sql`SELECT 1`), "28P01"), { password: "wrong" }),
);
await thing(4, () =>
  withSql(async (sql) => {
    const day = new Date(Date.UTC(2024, 0, 1));
    same(
      plain(
        await sql`SELECT id, price, name, active, day, at::text FROM things WHERE id = 1`.values(),
      ),
      [["1", "-98.75", "Größe 1", false, day, "2024-01-01 01:00:07.000997"]],
    );
    same(
      plain(
        await sql`SELECT price, name, at FROM things WHERE id IN (34, 65) ORDER BY id`.values(),
      ),
      [
        ["-57.50", `O'Brien "34"`, null],
        [null, null, new Date(2024, 0, 3, 17, 7, 35, 64)],
      ],
    );
  }),
);
await thing(5, () =>
  withSql(async (sql) => {
    const query = "SELECT id FROM things WHERE id < $1 AND name LIKE $2 AND day = $3";
    same(plain(await sql.unsafe(query, ["3", "Gr%", "2024-01-01"]).values()), [["1"]]);
  }),
);
skip(6, "it asks for text only");
await thing(7, () =>
  withSql(async (sql) => {
    const bytes = Buffer.from([0, 1, 92, 39, 255]);
    const text = "Ünï 😀 'x' \\ \"y\"";
    const number = "12345678901234567890.0123456789";
    const [row] = await sql`SELECT ${null}::text, ${text}::text, ${number}::numeric,
      ${"2024-02-29"}::date::text, ${"2024-02-29 12:34:56.789"}::timestamp::text,
      ${bytes}::bytea, ${true}::boolean, ${"9223372036854775807"}::bigint, ${0.1}::float8`.values();
    // The driver makes a Date of a timestamp, which has milliseconds.
    const times = ["2024-02-29", "2024-02-29 12:34:56.789"];
    same(plain([row]), [[null, text, number, ...times, bytes, true, "9223372036854775807", 0.1]]);
    const before = new Date(Date.UTC(2024, 0, 2));
    same(plain(await sql`SELECT count(*) FROM things WHERE day < ${before}`.values()), [["1"]]);
  }),
);
await thing(8, () =>
  withSql(async (sql) => {
    const ids =
      await sql`SELECT id FROM things WHERE id = ANY(${[3, 1, 2_000]}) ORDER BY id`.values();
    same(plain(ids), [["1"], ["3"]]);
    const names = [`O'Brien "2"`, "😀, 3", "a,b"];
    same(plain(await sql`SELECT count(*) FROM things WHERE name = ANY(${names})`.values()), [
      ["2"],
    ]);
    same(plain(await sql`SELECT ARRAY[1, 2]::int[], ${names}::text[]`.values()), [[[1, 2], names]]);
    same(plain(await sql`SELECT id FROM things WHERE id IN ${sql([1, 2])} ORDER BY 1`.values()), [
      ["1"],
      ["2"],
    ]);
  }),
);
await thing(9, () =>
  withSql(async (sql) => {
    for (let id = 1; id <= 100; id += 1) {
      const rows = await sql`SELECT label FROM big WHERE id = ${id}`.values();
      same(plain(rows), [[`label ${id}`]]);
    }
  }),
);
await thing(10, () =>
  withSql(async (sql) => {
    let [count, sum] = [0, 0];
    for await (const rows of sql`SELECT id, label FROM big`.cursor(1_000)) {
      count += rows.length;
      for (const row of rows) sum += Number(row["id"]);
    }
    same([count, sum], [100_000, 5_000_050_000]);
    count = 0;
    await sql`SELECT id FROM big`.forEach(() => {
      count += 1;
    });
    same(count, 100_000);
  }),
);
await thing(11, () =>
  withSql(async (sql) => {
    let seen = 0;
    for await (const rows of sql`SELECT id, label FROM big`.cursor(10)) {
      seen += rows.length;
      break;
    }
    same(seen, 10);
    same(plain(await sql`SELECT 7 AS a`), [{ a: 7 }]);
  }),
);
await thing(12, () =>
  withSql(async (sql) => {
    const found = await sql.begin((inside) => inside`SELECT count(*) FROM things`.values());
    same(plain(found), [["1000"]]);
    const [, two] = await sql.begin("READ ONLY", (inside) => [
      inside`SELECT 1`.values(),
      inside`SELECT 2`.values(),
    ]);
    same(plain(two), [[2]]);
  }),
);
await thing(13, () =>
  withSql(async (sql) => {
    let second: unknown;
    const work = sql.begin(async (inside) => {
      await inside`SELECT 1/0`.catch(() => undefined);
      second = await codeOf(inside`SELECT 1`);
    });
    // The driver reports the first failure of the block.
    same([await codeOf(work), second], ["22012", "25P02"]);
    same(plain(await sql`SELECT 1 AS a`), [{ a: 1 }]);
  }),
);
await thing(14, () =>
  withSql(async (sql) => {
    const found = await sql.begin(async (inside) => {
      const failed = inside.savepoint((point) => point`SELECT nothing FROM things`);
      same(await codeOf(failed), "42703");
      return await inside`SELECT count(*) FROM things`.values();
    });
    same(plain(found), [["1000"]]);
  }),
);
await thing(15, () =>
  withSql(async (sql) => {
    for (const [query, code, position] of [
      ["SELECT nothing FROM things", "42703", "8"],
      ["SELECT * FROM nowhere", "42P01", "15"],
      ["SELEC 1", "42601", "1"],
    ] as const) {
      const error = await sql.unsafe(query).catch((error: unknown) => error);
      if (!(error instanceof postgres.PostgresError)) throw new Error("it succeeded");
      same([error.code, error.position], [code, position]);
    }
    same(plain(await sql`SELECT 1 AS a`), [{ a: 1 }]);
  }),
);
await thing(16, () =>
  withSql(async (sql) => {
    const { columns, count } =
      await sql`SELECT id, price, name, day, at FROM things WHERE id = ${0}`;
    same(count, 0);
    const types = columns.map((column) => `${column.name} ${column.type}`).join(", ");
    same(types, "id 20, price 1700, name 25, day 1082, at 1114");
  }),
);
await thing(17, () =>
  withSql(async (sql) => {
    // Several statements make the driver answer with an array of results, which its types do not say.
    const several = (await sql.unsafe("SELECT 1 AS a; SELECT 2 AS b").simple()) as unknown;
    same((several as Iterable<unknown>[]).map(plain), [[{ a: 1 }], [{ b: 2 }]]);
    same(await codeOf(sql.unsafe("SELECT 1; SELECT 1/0").simple()), "22012");
  }),
);
await thing(18, () =>
  withSql(async (sql) => {
    const answers = await Promise.all([
      sql`SELECT ${1}::int AS a`.then(plain),
      codeOf(sql`SELECT nothing FROM things WHERE id = ${1}`),
      codeOf(sql`SELECT 1 / ${0}::int`),
      sql`SELECT ${3}::int AS a`.then(plain),
    ]);
    same(answers, [[{ a: 1 }], "42703", "22012", [{ a: 3 }]]);
  }),
);
await thing(19, () =>
  withSql(async (sql) => {
    const query = "SELECT id, price, name FROM things WHERE id IN (1, 5) ORDER BY id";
    const text = await collect(await sql.unsafe(`COPY (${query}) TO STDOUT`).readable());
    same(text, "1\t-98.75\tGröße 1\n5\t-93.75\t\\N\n");
    const big = await collect(await sql`COPY (SELECT * FROM big) TO STDOUT CSV`.readable());
    same(big.split("\n").length, 100_001);
    same(plain(await sql`SELECT 1 AS a`), [{ a: 1 }]);
  }),
);
await thing(20, () =>
  withSql(async (sql) => {
    await sql`CREATE TEMP TABLE copied (id bigint, name text)`;
    const lines = Array.from({ length: 10_000 }, (_, index) => `${index}\tRow ü ${index}\n`);
    await pipeline(Readable.from(lines), await sql`COPY copied FROM STDIN`.writable());
    same(plain(await sql`SELECT count(*), max(name) FROM copied`.values()), [
      ["10000", "Row ü 9999"],
    ]);
  }),
);
await thing(21, () =>
  withSql(async (sql) => {
    await sql`CREATE TEMP TABLE mine (id int PRIMARY KEY, name text, price numeric(8,2))`;
    const rows = [1, 2, 3].map((id) => ({ id, name: `ö ${id}`, price: `${id}.5` }));
    const inserted = await sql`INSERT INTO mine ${sql(rows)} RETURNING id`.values();
    same(plain(inserted), [[1], [2], [3]]);
    const query = sql`SELECT m.*, t.name AS other FROM mine m JOIN things t USING (id) ORDER BY 1 LIMIT 1`;
    same(plain(await query.values()), [[1, "ö 1", "1.50", "Größe 1"]]);
    same((await sql`UPDATE mine SET name = 'x' WHERE id > ${1}`).count, 2);
  }),
);
await thing(22, () =>
  withSql((sql) =>
    withSql(async (other) => {
      const [session] = await sql`SELECT pg_backend_pid() AS pid`;
      const query = sql.unsafe(SLOW_QUERY);
      const failure = codeOf(query.execute());
      const pid = Number(session?.["pid"]);
      for (let attempt = 0; attempt < 200; attempt += 1) {
        const [row] = await other`SELECT count(*)::int AS count FROM pg_stat_activity
          WHERE pid = ${pid} AND state = 'active'`;
        if (row?.["count"] === 1) break;
      }
      query.cancel();
      same(await failure, "57014");
      same(plain(await sql`SELECT 1 AS a`), [{ a: 1 }]);
    }),
  ),
);
await thing(23, () =>
  withSql(
    async (sql) => {
      same(await codeOf(sql.unsafe(SLOW_QUERY)), "57014");
      same(plain(await sql`SELECT 1 AS a`), [{ a: 1 }]);
    },
    { connection: { statement_timeout: 200 } },
  ),
);
await thing(24, () =>
  withSql(
    async (sql) => {
      same(plain(await sql`SHOW application_name`), [{ application_name: "clients" }]);
      await sql`SET search_path TO pg_catalog, public`;
      same(plain(await sql`SHOW search_path`), [{ search_path: "pg_catalog, public" }]);
      same(plain(await sql`SELECT count(*) FROM things`), [{ count: "1000" }]);
    },
    { connection: { application_name: "clients" } },
  ),
);
await thing(25, () =>
  withSql(async (sql) => {
    same(plain(await sql.unsafe(LIST).values()), [
      ["big", "id", "bigint"],
      ["big", "label", "text"],
      ["things", "id", "bigint"],
      ["things", "price", "numeric"],
      ["things", "name", "text"],
      ["things", "active", "boolean"],
      ["things", "day", "date"],
      ["things", "at", "timestamp without time zone"],
    ]);
    same(await codeOf(sql`INSERT INTO things ${sql({ id: 2_001 })}`), "25006");
  }),
);
