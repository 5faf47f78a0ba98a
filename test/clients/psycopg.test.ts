import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startGateway } from "../support/gateway.ts";

const run = promisify(execFile);
const python = process.env["BUCKETGRES_TEST_PYTHON"] ?? "python3";
const found = await run(python, ["-c", "import psycopg; psycopg.pq.version()"]).then(
  () => true,
  () => false,
);
if (!found)
  console.warn("psycopg 3 is not installed: its tests are skipped (set BUCKETGRES_TEST_PYTHON)");

async function script(url: string, body: string): Promise<unknown> {
  const program = `import json, sys, psycopg\nconnection = psycopg.connect(sys.argv[1])\n${body}`;
  const { stdout } = await run(python, ["-c", program, url]);
  return JSON.parse(stdout);
}

test.runIf(found)("rows arrive typed, in text and in binary", async () => {
  await using gateway = await startGateway({
    tables: { t: { content: "i,n,d,ok,s\n7,1.50,2024-02-29,true,größer\n,,,,\n" } },
  });

  const rows = await script(
    gateway.url,
    `
answers = []
for binary in (False, True):
    with connection.cursor(binary=binary) as cursor:
        cursor.execute("SELECT i, n, d, ok, s FROM t WHERE i = %s OR i IS NULL ORDER BY i", (7,))
        answers.append([[str(value) for value in row] for row in cursor.fetchall()])
print(json.dumps(answers))
`,
  );

  const expected = [
    ["7", "1.50", "2024-02-29", "True", "größer"],
    ["None", "None", "None", "None", "None"],
  ];
  expect(rows).toEqual([expected, expected]);
});

test.runIf(found)("the tables are listed, and a pipeline works", async () => {
  await using gateway = await startGateway({ tables: { orders: "id\n1\n2\n" } });

  const answers = await script(
    gateway.url,
    `
names = [row[0] for row in connection.execute("SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = 'public'").fetchall()]
with connection.pipeline():
    one = connection.execute("SELECT count(*) FROM orders")
    two = connection.execute("SELECT max(id) FROM orders WHERE id < %s", (2,))
print(json.dumps([names, one.fetchone()[0], two.fetchone()[0], connection.info.server_version // 10000]))
`,
  );

  expect(answers).toEqual([["orders"], 2, 1, 15]);
});

test.runIf(found)("COPY TO STDOUT streams rows", async () => {
  await using gateway = await startGateway({ tables: { orders: "id,name\n1,a\n2,b\n" } });

  const rows = await script(
    gateway.url,
    `
with connection.cursor().copy("COPY (SELECT id, name FROM orders ORDER BY id) TO STDOUT") as copy:
    print(json.dumps([list(row) for row in copy.rows()]))
`,
  );

  expect(rows).toEqual([
    ["1", "a"],
    ["2", "b"],
  ]);
});

test.runIf(found)("an error has its SQLSTATE, and the transaction can be rolled back", async () => {
  await using gateway = await startGateway({ tables: { orders: "id\n1\n" } });

  const answer = await script(
    gateway.url,
    `
try:
    connection.execute("SELECT nothing FROM orders")
except psycopg.errors.UndefinedColumn as error:
    state = error.sqlstate
connection.rollback()
print(json.dumps([state, connection.execute("SELECT id FROM orders").fetchone()[0]]))
`,
  );

  expect(answer).toEqual(["42703", 1]);
});

test.runIf(found)("COPY FROM STDIN takes rows, text and binary", async () => {
  await using gateway = await startGateway();

  const answer = await script(
    gateway.url,
    `
import datetime, decimal
connection.execute("CREATE TEMP TABLE t (id int4, name text, total numeric(10,2), day date)")
rows = [(1, "a\\tb", decimal.Decimal("1.50"), datetime.date(2024, 2, 29)), (2, None, None, None)]
cursor = connection.cursor()
with cursor.copy("COPY t FROM STDIN") as copy:
    for row in rows:
        copy.write_row(row)
with cursor.copy("COPY t FROM STDIN (FORMAT binary)") as copy:
    copy.set_types(["int4", "text", "numeric", "date"])
    for row in rows:
        copy.write_row(row)
with cursor.copy("COPY t FROM STDIN (FORMAT csv)") as copy:
    copy.write('3,"x, y",')
    copy.write("2,\\n")
connection.commit()
failure = None
try:
    with cursor.copy("COPY t FROM STDIN") as copy:
        copy.write("x\\t\\t\\t\\n")
except psycopg.Error as error:
    failure = [error.sqlstate, error.diag.context]
connection.rollback()
cursor.execute("SELECT id, name, total, day FROM t ORDER BY id, name")
print(json.dumps([[[str(value) for value in row] for row in cursor.fetchall()], failure]))
`,
  );

  const first = ["1", "a\tb", "1.50", "2024-02-29"];
  const second = ["2", "None", "None", "None"];
  expect(answer).toEqual([
    [first, first, second, second, ["3", "x, y", "2.00", "None"]],
    ["22P02", 'COPY t, line 1, column id: "x"'],
  ]);
});
