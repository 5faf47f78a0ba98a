/** psql, with its variables, its \copy, \bind, \gdesc, \d and FETCH_COUNT. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { SLOW_QUERY } from "../data.ts";
import { same, skip, thing } from "../report.ts";

interface Ended {
  readonly output: string;
  readonly errors: string;
}

/** Runs this input to its end, unaligned and without headers; an error shows its SQLSTATE. */
async function psql(
  input: string,
  environment: Readonly<Record<string, string>> = {},
  started: (child: ReturnType<typeof spawn>) => void = () => undefined,
): Promise<Ended> {
  const child = spawn("psql", ["-X", "-A", "-t", "-q", "-v", "VERBOSITY=verbose"], {
    env: { ...process.env, PGSSLMODE: "verify-ca", ...environment },
  });
  let [output, errors] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  started(child);
  await once(child, "close");
  return { output, errors };
}

/** What it prints where nothing goes wrong. */
async function print(input: string, environment?: Readonly<Record<string, string>>) {
  const { output, errors } = await psql(input, environment);
  same(errors, "");
  return output;
}

/** The SQLSTATEs of what goes wrong, and what it prints all the same. */
async function failing(input: string): Promise<readonly [string, string]> {
  const { output, errors } = await psql(input);
  const states = [...errors.matchAll(/^(?:psql:.*: )?ERROR: {2}(\w{5}):/gm)].map(
    ([, code]) => code,
  );
  return [states.join(" "), output];
}

const { output: version } = await psql("\\echo :VERSION_NAME");
console.log(`# client psql ${version.trim()}`);

await thing(1, async () => {
  const environment = { PGCHANNELBINDING: "require" };
  const connection = await print("\\conninfo\nSELECT count(*) FROM things;", environment);
  same(/SSL connection \(protocol: TLSv1\.3/.test(connection), true);
  same(connection.endsWith("\n1000\n"), true);
});
await thing(2, async () => {
  const environment = { PGSSLMODE: "disable", PGSSLROOTCERT: "" };
  same(await print("SELECT 1;", environment), "1\n");
});
await thing(3, async () => {
  const { errors } = await psql("SELECT 1;", { PGPASSWORD: "wrong" });
  // Before the session psql knows no SQLSTATE: the message is what there is.
  same(errors.includes("FATAL:  password authentication failed for user"), true);
});
await thing(4, async () => {
  const sql = "SELECT * FROM things WHERE id IN (1, 2, 34, 65, 77) ORDER BY id;";
  const lines = [
    "1|-98.75|Größe 1|f|2024-01-01|2024-01-01 01:00:07.000997",
    `2|-97.50|O'Brien "2"|t|2024-01-02|2024-01-01 02:00:14.001994`,
    `34|-57.50|O'Brien "34"|t|2024-02-03|`,
    "65|||f|2024-03-05|2024-01-03 17:07:35.064805",
    "77|-3.75|Größe 77|||2024-01-04 05:08:59.076769",
  ];
  same(await print(sql), `${lines.join("\n")}\n`);
});
await thing(5, async () => {
  const sql = "SELECT id FROM things WHERE name LIKE :'pattern' AND id < :id;";
  same(await print(`\\set pattern 'Gr%'\n\\set id 3\n${sql}`), "1\n");
});
skip(6, "it shows text");
await thing(7, async () => {
  const values = [
    "Ünï 😀 'x' \\ \"y\"",
    "12345678901234567890.0123456789",
    "2024-02-29",
    "2024-02-29 12:34:56.789012",
    "\\x00015c27ff",
    "t",
  ];
  const kinds = ["text", "numeric", "date", "timestamp", "bytea", "boolean"];
  const names = values.map((_, index) => `\\set v${index} ${quoted(values[index] ?? "")}`);
  const list = kinds.map((kind, index) => `:'v${index}'::${kind}`).join(", ");
  same(await print(`${names.join("\n")}\nSELECT ${list}, NULL;`), `${values.join("|")}|\n`);
});
await thing(8, async () => {
  const names = `'{"O''Brien \\"2\\"","😀, 3",NULL}'::text[]`;
  same(await print(`SELECT id FROM things WHERE name = ANY(${names}) ORDER BY 1;`), "2\n3\n");
  same(
    await print(`SELECT ${names}, ARRAY[1, NULL];`),
    '{"O\'Brien \\"2\\"","😀, 3",NULL}|{1,NULL}\n',
  );
});
await thing(9, async () => {
  const calls = Array.from({ length: 100 }, (_, index) => `EXECUTE by_id(${index + 1});`);
  const prepare = "PREPARE by_id (bigint) AS SELECT label FROM big WHERE id = $1;";
  const labels = calls.map((_, index) => `label ${index + 1}\n`);
  same(await print(`${prepare}\n${calls.join("\n")}`), labels.join(""));
});
await thing(10, async () => {
  const output = await print("\\set FETCH_COUNT 1000\nSELECT id FROM big;");
  const ids = output.trimEnd().split("\n").map(Number);
  same([ids.length, ids.reduce((sum, id) => sum + id, 0)], [100_000, 5_000_050_000]);
});
await thing(11, async () => {
  const sql = `BEGIN;
    DECLARE half CURSOR FOR SELECT id FROM big ORDER BY id;
    FETCH 2 FROM half;
    SELECT 'between';
    FETCH FORWARD 1 FROM half;
    CLOSE half;
    COMMIT;
    SELECT 7;`;
  same(await print(sql), "1\n2\nbetween\n3\n7\n");
});
await thing(12, async () => {
  const sql = "\\set QUIET off\nBEGIN;\nSELECT count(*) FROM things;\nCOMMIT;";
  same(await print(sql), "BEGIN\n1000\nCOMMIT\n");
});
await thing(13, async () => {
  const sql = "\\set QUIET off\nBEGIN;\nSELECT 1/0;\nSELECT 1;\nCOMMIT;\nSELECT 2;";
  same(await failing(sql), ["22012 25P02", "BEGIN\nROLLBACK\n2\n"]);
});
await thing(14, async () => {
  const explicit = "SAVEPOINT one;\nSELECT nothing FROM things;\nROLLBACK TO one;\nRELEASE one;";
  const sql = `BEGIN;\n${explicit}\nSELECT 1;\n\\set ON_ERROR_ROLLBACK on\nSELECT 1/0;\nSELECT 2;\nCOMMIT;`;
  same(await failing(sql), ["42703 22012", "1\n2\n"]);
});
await thing(15, async () => {
  const { output, errors } = await psql(
    "SELECT nothing\nFROM things;\nSELECT * FROM nowhere;\nSELECT 3;",
  );
  same(output, "3\n");
  same(/42703:.*\nLINE 1: SELECT nothing\n {15}\^\n/.test(errors), true);
  same(/42P01:.*\nLINE 1: SELECT \* FROM nowhere;\n {22}\^\n/.test(errors), true);
});
await thing(16, async () => {
  const sql = "SELECT id, price, name, day, at FROM things WHERE false";
  same(await print(`\\pset tuples_only off\n${sql};`), "id|price|name|day|at\n(0 rows)\n");
  const types = "id|bigint\nprice|numeric(12,2)\nname|text\nday|date\n";
  same(await print(`${sql} \\gdesc`), `${types}at|timestamp without time zone\n`);
});
await thing(17, async () => {
  same(await print("SELECT 1\\; SELECT 'x', 2\\; SELECT 3;"), "1\nx|2\n3\n");
});
await thing(18, async () => {
  same(await failing("SELECT 1\\; SELECT 1/0\\; SELECT 3;\nSELECT 4;"), ["22012", "1\n4\n"]);
});
await thing(19, async () => {
  const query = "SELECT id, price, name FROM things WHERE id IN (1, 5) ORDER BY id";
  const text = "1\t-98.75\tGröße 1\n5\t-93.75\t\\N\n";
  same(await print(`COPY (${query}) TO STDOUT;`), text);
  same(await print(`\\copy (${query}) TO pstdout`), text);
  const csv = "id;price;name\n1;-98.75;Größe 1\n5;-93.75;\n";
  same(await print(`\\copy (${query}) TO pstdout (FORMAT csv, HEADER, DELIMITER ';')`), csv);
});
await thing(20, async () => {
  const sql = `CREATE TEMP TABLE copied (id bigint, name text);
COPY copied FROM STDIN;
1\tö
2\t\\N
\\.
\\copy copied FROM PROGRAM 'printf "3,x\\n4,y\\n"' CSV
SELECT count(*), sum(id), max(name) FROM copied;`;
  same(await print(sql), "4|10|ö\n");
  const broken =
    "CREATE TEMP TABLE copied (id bigint);\nCOPY copied FROM STDIN;\nx\n\\.\nSELECT 1;";
  same(await failing(broken), ["22P02", "1\n"]);
});
await thing(21, async () => {
  const sql = `CREATE TEMP TABLE mine (id int PRIMARY KEY, name text, price numeric(8,2));
    INSERT INTO mine VALUES (1, 'ö', 1.5), (2, 'b', NULL);
    UPDATE mine SET name = 'x' WHERE id = 2;
    SELECT m.*, t.name FROM mine m JOIN things t USING (id) ORDER BY 1;
    DROP TABLE mine;`;
  same(await print(sql), `1|ö|1.50|Größe 1\n2|x||O'Brien "2"\n`);
});
await thing(22, async () => {
  const sql = `${SLOW_QUERY};\nSELECT 'goes on';`;
  // Ctrl-C, once the server says that it works on the query; it ends psql's script too.
  const interrupted = await psql(sql, { PGAPPNAME: "interrupted" }, (child) => {
    void whenActive("interrupted").finally(() => child.kill("SIGINT"));
  });
  same([interrupted.output, /57014:/.test(interrupted.errors)], ["", true]);
  const canceled = await psql(sql, { PGAPPNAME: "canceled" }, () => {
    void whenActive("canceled", "pg_cancel_backend(pid)");
  });
  same([canceled.output, /57014:/.test(canceled.errors)], ["goes on\n", true]);
});
await thing(23, async () => {
  const sql = `SET statement_timeout = '200ms';\n${SLOW_QUERY};\nSELECT 1;`;
  same(await failing(sql), ["57014", "1\n"]);
});
await thing(24, async () => {
  const sql = `SHOW application_name;
    SET search_path TO pg_catalog, public;
    SHOW search_path;
    SELECT count(*) FROM things;
    RESET search_path;
    SHOW search_path;`;
  const environment = { PGAPPNAME: "clients", PGOPTIONS: "-c search_path=public" };
  same(await print(sql, environment), "clients\npg_catalog, public\n1000\npublic\n");
});
await thing(25, async () => {
  const tables = (await print("\\dt")).split("\n").map((line) => line.split("|")[1]);
  same(tables, ["big", "things", undefined]);
  const columns = (await print("\\d things")).split("\n").map((line) => line.split("|"));
  const types = [
    ["id", "bigint"],
    ["price", "numeric(12,2)"],
    ["name", "text"],
    ["active", "boolean"],
    ["day", "date"],
    ["at", "timestamp without time zone"],
  ];
  same(
    columns.slice(0, 6).map(([name, type]) => [name, type]),
    types,
  );
  same(
    (await print("\\pset tuples_only off\n\\d things")).includes("PRIMARY KEY, btree (id)"),
    true,
  );
  same(await failing("INSERT INTO things (id) VALUES (2001);\nSELECT 1;"), ["25006", "1\n"]);
});

/** As a value of \set, where a backslash and a quote are written by escapes. */
function quoted(value: string): string {
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

/** Asks this of the session of that name as soon as it works on a query, for a while. */
async function whenActive(application: string, what = "true"): Promise<void> {
  const sql = `SELECT ${what} FROM pg_stat_activity
    WHERE application_name = '${application}' AND state = 'active';`;
  for (let attempt = 0; attempt < 30; attempt += 1) {
    if ((await psql(sql)).output === "t\n") return;
  }
}
