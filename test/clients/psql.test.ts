import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startGateway, type TestGateway } from "../support/gateway.ts";

const run = promisify(execFile);
const found = await run("psql", ["--version"]).then(
  () => true,
  () => false,
);
if (!found) console.warn("psql is not installed: its tests are skipped");

const TABLES = {
  orders: {
    content: "id,customer,total\n1,ann,9.50\n2,bob,10.25\n",
    description: "One row per order",
    primary_key: ["id"],
    columns: { total: { type: "numeric(12,2)", description: "Net" } },
  },
};

const ENDLESS = "SELECT count(*) FROM range(100000000000) AS r(i) WHERE i % 7 = 3";

/** Unaligned output without headers: one line a row. */
async function psql(gateway: TestGateway, ...commands: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run(
    "psql",
    ["-XAtq", gateway.url, ...commands.flatMap((command) => ["-c", command])],
    {
      env: { ...process.env, PGCONNECT_TIMEOUT: "10" },
    },
  );
  return stdout + stderr;
}

test.runIf(found)("queries, several at a time", async () => {
  await using gateway = await startGateway({ tables: TABLES });

  expect(
    await psql(gateway, "SELECT * FROM orders ORDER BY id", "SELECT sum(total) FROM orders"),
  ).toBe("1|ann|9.50\n2|bob|10.25\n19.75\n");
});

test.runIf(found)("\\dt lists the tables, \\dt+ with their descriptions", async () => {
  await using gateway = await startGateway({
    tables: TABLES,
    views: { v: "SELECT id FROM orders" },
  });

  expect(await psql(gateway, "\\dt")).toBe("public|orders|table|bucketgres_owner\n");
  expect(await psql(gateway, "\\dt+")).toContain("One row per order");
  expect(await psql(gateway, "\\dv")).toBe("public|v|view|bucketgres_owner\n");
});

test.runIf(found)(
  "\\d shows columns, types and keys, \\l the database, \\conninfo the role",
  async () => {
    await using gateway = await startGateway({ tables: TABLES });

    const { stdout: described } = await run("psql", ["-XA", gateway.url, "-c", "\\d+ orders"]);
    expect(described).toContain("id|bigint");
    expect(described).toContain("total|numeric(12,2)");
    expect(described).toContain("Net");
    expect(described).toContain('"orders_pkey" PRIMARY KEY, btree (id)');
    expect(await psql(gateway, "\\l")).toMatch(/^test\|/m);
    expect(await psql(gateway, "\\conninfo")).toContain('user "ana"');
  },
);

test.runIf(found)("\\copy writes csv and text files", async () => {
  await using gateway = await startGateway({ tables: { t: 'a,b\n1,"x, ""y"""\n2,\n' } });
  const csv = join(gateway.folder, "out.csv");
  const text = join(gateway.folder, "out.txt");

  await psql(
    gateway,
    `\\copy (SELECT * FROM t ORDER BY a) TO '${csv}' CSV HEADER`,
    `\\copy t TO '${text}'`,
  );

  expect(await psql(gateway, "COPY (SELECT 1 AS one, 'x') TO STDOUT")).toBe("1\tx\n");
  expect(await readFile(csv, "utf8")).toBe('a,b\n1,"x, ""y"""\n2,\n');
  expect((await readFile(text, "utf8")).split("\n").toSorted()).toEqual([
    "",
    '1\tx, "y"',
    "2\t\\N",
  ]);
});

test.runIf(found)("\\copy reads text, csv and binary files into a temporary table", async () => {
  await using gateway = await startGateway({ tables: { t: 'a,b\n1,"x, ""y"""\n2,\n' } });
  const files = ["text", "csv", "binary"].map(
    (format) => [format, join(gateway.folder, format)] as const,
  );

  const answers = await psql(
    gateway,
    "CREATE TEMP TABLE copied AS SELECT * FROM t WHERE false",
    ...files.flatMap(([format, file]) => [
      `\\copy (SELECT * FROM t ORDER BY a) TO '${file}' (FORMAT ${format})`,
      `\\copy copied FROM '${file}' (FORMAT ${format})`,
    ]),
    "SELECT a, b, count(*) FROM copied GROUP BY a, b ORDER BY a",
  );

  expect(answers).toBe('1|x, "y"|3\n2||3\n');
});

test.runIf(found)("Ctrl-C cancels the query, and the session lives on", async () => {
  await using gateway = await startGateway({ tables: TABLES });
  // Only in a terminal does psql go on after Ctrl-C.
  const terminal = spawn(
    "script",
    ["-qec", `psql -XAtqn -P pager=off '${gateway.url}'`, "/dev/null"],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  let output = "";
  let heard = (): void => undefined;
  terminal.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    heard();
  });
  const seen = (text: string): Promise<void> =>
    new Promise((resolve) => {
      heard = () => {
        if (output.includes(text)) resolve();
      };
      heard();
    });

  await seen("test=>");
  terminal.stdin.write(`SELECT 'now' || 'running';\n${ENDLESS};\n`);
  await seen("nowrunning");
  await seen(ENDLESS);
  terminal.stdin.write("\u0003");
  await seen("canceling statement due to user request");
  terminal.stdin.write("SELECT count(*) || ' orders' FROM orders;\n");
  await seen("2 orders");
  terminal.stdin.end("\\q\n");
  await once(terminal, "close");

  expect(output).toContain("ERROR:  canceling statement due to user request");
});

test.runIf(found)("an error shows its line, its mark and its hint", async () => {
  await using gateway = await startGateway({ tables: TABLES });

  const failure = await psql(gateway, "SELECT totl FROM orders").catch(
    (error: { stderr: string }) => error.stderr,
  );

  expect(failure).toContain(
    'ERROR:  column "totl" does not exist\nLINE 1: SELECT totl FROM orders\n               ^\n',
  );
  expect(failure).toMatch(/HINT: {2}Perhaps you meant to reference the column "total"/);
});

test.runIf(found)("a wrong password is one line that says what to check", async () => {
  await using gateway = await startGateway();

  const failure = await run("psql", [
    "-X",
    gateway.url.replace("Kaltwasser", "Warmwasser"),
    "-c",
    "SELECT 1",
  ]).catch((error: { stderr: string }) => error.stderr);

  expect(failure).toContain('FATAL:  password authentication failed for user "ana"');
});
