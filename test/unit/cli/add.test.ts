import { chmod, readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { makeXlsx } from "../../../examples/data/make-xlsx.ts";
import { configurationFolder } from "./configuration-folder.ts";
import { type Ran, runInside, runProgram } from "./run-program.ts";

const SERVER = `
stores:
  samples: { type: directory, path: data }
users:
  ana: { password: pencil }
`;

const DEMO = `# The demo
workspace: demo
members: [ana]   # only her
tables:
  orders: { source: "samples:orders.csv" }

views:
  big: { sql: SELECT * FROM orders }
`;

const GOOD = {
  "bucketgres.yaml": SERVER,
  "catalog/demo.yaml": DEMO,
  "data/orders.csv": "id\n1\n",
  "data/Sales 2024.csv":
    "Order ID;Total;Day;;Total\n1;9,50;2024-01-31;x;1\n2;10,25;2024-02-01;y;2\n",
};

interface Added extends Ran {
  readonly yaml: string;
  readonly files: readonly string[];
}

async function add(
  files: Readonly<Record<string, string | Buffer>>,
  ...args: readonly string[]
): Promise<Added> {
  const config = await configurationFolder({ ...GOOD, ...files });
  const ran = await runInside(["add", ...args, "--config", config]);
  const catalog = join(dirname(config), "catalog");
  const yaml = await readFile(join(catalog, "demo.yaml"), "utf8");
  return { ...ran, yaml, files: await readdir(catalog) };
}

test("a file becomes a table of the workspace, with its columns' types to be edited", async () => {
  const config = await configurationFolder(GOOD);
  const file = join(dirname(config), "catalog/demo.yaml");
  await chmod(file, 0o640);

  const ran = await runProgram([
    "add",
    "samples:Sales 2024.csv",
    "--workspace",
    "demo",
    "--config",
    config,
  ]);

  expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
  expect(ran.stdout).toBe(`Table sales_2024 from samples:Sales 2024.csv: 2 rows

COLUMN    TYPE           FOR EXAMPLE
order_id  bigint         1
total     numeric(18,2)  9.50
day       date           2024-01-31
column_4  text           x
total_2   bigint         1

Added to ${file}; a running gateway takes it up by itself.
Query it with: SELECT * FROM sales_2024 LIMIT 10;
`);
  expect(await readFile(file, "utf8")).toBe(
    DEMO.replace(
      '"samples:orders.csv" }\n',
      `"samples:orders.csv" }
  sales_2024:
    source: samples:Sales 2024.csv
    columns:
      Order ID: { type: bigint }
      Total: { type: "numeric(18,2)" }
      Day: { type: date }
      column_4: { type: text }
      total_2: { type: bigint }
`,
    ),
  );
  expect((await stat(file)).mode & 0o777).toBe(0o640);
  expect(await readdir(dirname(file))).toEqual(["demo.yaml"]);

  const checked = await runInside(["check", "--config", config, "--json"]);
  expect(JSON.parse(checked.stdout).tables[1]).toMatchObject({
    name: "sales_2024",
    rows: 2,
    rejected: 0,
    columns: [
      { name: "order_id", type: "bigint" },
      { name: "total", type: "numeric(18,2)" },
      { name: "day", type: "date" },
      { name: "column_4", type: "text" },
      { name: "total_2", type: "bigint" },
    ],
  });
});

test("the types of JSON are written down too", async () => {
  const added = await add(
    { "data/events.ndjson": '{"at":"2024-01-01T00:00:00Z","tags":["a"],"n":1.10}\n' },
    "samples:events.ndjson",
    "--workspace",
    "demo",
  );
  expect(added).toMatchObject({ exitCode: 0, stderr: "" });
  expect(added.yaml).toContain(`  events:
    source: samples:events.ndjson
    columns:
      at: { type: timestamptz }
      tags: { type: json }
      n: { type: "numeric(18,2)" }
`);
});

test("a pattern is one table, named for what its files have in common", async () => {
  const added = await add(
    { "data/north/a.csv": "x\n1\n", "data/north/b.csv": "x\n2\n" },
    "samples:north/*.csv",
    "--workspace",
    "demo",
  );
  expect(added.stdout).toContain("Table north from samples:north/*.csv: 2 rows");
  expect(added.yaml).toContain("  north:\n    source: samples:north/*.csv\n");
});

test("a name that is taken gets a number, and a given one has to be free", async () => {
  const files = { "data/sub/orders.csv": "a\n1\n" };
  const numbered = await add(files, "samples:sub/orders.csv", "--workspace", "demo");
  expect(numbered.yaml).toContain("  orders_2:\n");

  const named = await add(files, "samples:sub/orders.csv", "--workspace", "demo", "--name", "More");
  expect(named.yaml).toContain("  More:\n");
  expect(named.stdout).toContain('SELECT * FROM "More" LIMIT 10;');

  for (const name of ["Orders", "big"]) {
    const taken = await add(files, "samples:sub/orders.csv", "--workspace", "demo", "--name", name);
    expect(taken).toMatchObject({ exitCode: 1, stdout: "", yaml: DEMO });
    expect(taken.stderr).toContain("has a table or view");
  }
});

test("of a workbook with several sheets the first is read, and the others are named", async () => {
  const book = makeXlsx({
    sheets: [
      { name: "Plan", rows: [["a"], [1]] },
      { name: "2024", rows: [["b"], ["x"]] },
    ],
  });
  const first = await add({ "data/book.xlsx": book }, "samples:book.xlsx", "--workspace", "demo");
  expect(first.stdout).toContain(
    'warning: sheet "Plan" is read; the others are "2024": choose one with --sheet, or write xlsx: { sheets: all } to have a table of each',
  );
  expect(first.yaml).toContain("  book:\n    source: samples:book.xlsx\n    columns:\n");

  const chosen = await add(
    { "data/book.xlsx": book },
    "samples:book.xlsx",
    "--workspace",
    "demo",
    "--sheet",
    "2024",
  );
  expect(chosen.yaml).toContain('    xlsx: { sheet: "2024" }\n');
  expect(chosen.stdout).toContain("Table book_2024 from");
});

test.each([
  [["samples:orders.csv", "--workspace", "demo"], 1, 'already, as table "orders"'],
  [["samples:gone.csv", "--workspace", "demo"], 1, 'there is no "gone.csv"'],
  [["samples:orders.doc", "--workspace", "demo"], 2, "tells no format"],
  [["nowhere:x.csv", "--workspace", "demo"], 2, 'unknown store "nowhere"'],
  [["samples:sub/", "--workspace", "demo"], 2, "names a folder"],
  [["samples:a.csv", "--workspace", "dmeo"], 2, 'unknown workspace "dmeo"; did you mean "demo"?'],
  [["samples:a.csv"], 2, "add needs a workspace"],
  [["--workspace", "demo"], 2, "SOURCE is missing"],
  [
    ["samples:a.csv", "samples:b.csv", "--workspace", "demo"],
    2,
    'unexpected argument "samples:b.csv"',
  ],
  [["samples:a.csv", "--workspace", "demo", "--sheet", "x"], 2, "has no sheets"],
  [["samples:a.csv", "--workspace", "demo", "--name", "a.b.c"], 2, "more than one dot"],
])("add %j is exit code %i, and nothing is written", async (args, exitCode, message) => {
  const added = await add({}, ...args);
  expect(added).toMatchObject({ exitCode, stdout: "", yaml: DEMO, files: ["demo.yaml"] });
  expect(added.stderr).toContain(message);
  expect(added.stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
});

test("a broken file is exit code 1 with the loader's reason", async () => {
  const added = await add({ "data/a.json": "[{]" }, "samples:a.json", "--workspace", "demo");
  expect(added).toMatchObject({ exitCode: 1, yaml: DEMO });
  expect(added.stderr).toContain("cannot be read as JSON");
});

test("a wrong configuration is exit code 2 with all its problems", async () => {
  const added = await add(
    { "bucketgres.yaml": `${SERVER}limts: {}\n` },
    "samples:a.csv",
    "--workspace",
    "demo",
  );
  expect(added).toMatchObject({ exitCode: 2 });
  expect(added.stderr).toMatch(/bucketgres\.yaml:\d+:1: .*limits/);
});

test("its help shows what it takes", async () => {
  const { stdout } = await runInside(["add", "--help"]);
  expect(stdout).toContain("Usage: bucketgres add SOURCE [--workspace W] [--name T] [--sheet S]");
  expect(stdout).toContain("Example: bucketgres add samples:orders.csv --workspace demo");
});
