import { expect, test } from "vitest";
import { configurationFolder } from "./configuration-folder.ts";
import { runInside, runProgram } from "./run-program.ts";

const SERVER = `
cache: { directory: cache }
stores:
  samples: { type: directory, path: data }
  empty: { type: directory, path: more }
users:
  ana: { password: pencil }
`;

const DEMO = `
workspace: demo
members: [ana]
tables:
  orders: { source: samples:orders.csv }
`;

const GOOD = {
  "bucketgres.yaml": SERVER,
  "catalog/demo.yaml": DEMO,
  "data/orders.csv": "id,total\n1,9.50\n2,10.25\n",
  "more/readme": "",
};

test("a configuration whose every table loads is exit code 0, in aligned tables", async () => {
  const config = await configurationFolder(GOOD);

  const ran = await runProgram(["check", "--config", config]);

  expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
  expect(ran.stdout).toContain(`Configuration: ${config}: ok\n`);
  expect(ran.stdout).toMatch(/^samples +ok +ok +\S+\/data$/m);
  expect(ran.stdout).toMatch(/^empty +ok +- +\S+\/more$/m);
  expect(ran.stdout).toMatch(/^demo\.orders +ready +2 +0 +2 +samples:orders\.csv$/m);
  expect(ran.stdout).toMatch(/^demo\.orders: id \w+, total numeric/m);
});

test("any number of tables is checked without a word from Node.js itself", async () => {
  const names = Array.from({ length: 12 }, (_, index) => `t${index}`);
  const tables = names.map((name) => `  ${name}: { source: samples:orders.csv }\n`).join("");
  const yaml = `workspace: demo\nmembers: [ana]\ntables:\n${tables}`;
  const config = await configurationFolder({ ...GOOD, "catalog/demo.yaml": yaml });

  expect(await runProgram(["check", "--config", config])).toMatchObject({
    exitCode: 0,
    stderr: "",
  });
});

test("a table whose file is missing is exit code 1; the others are checked all the same", async () => {
  const config = await configurationFolder({
    ...GOOD,
    "catalog/demo.yaml": `${DEMO}  budget: { source: samples:budget.csv }\n`,
  });

  const ran = await runInside(["check", "--config", config, "--json"]);

  expect(ran).toMatchObject({ exitCode: 1, stderr: "" });
  expect(JSON.parse(ran.stdout)).toMatchObject({
    configuration: { file: config, problems: [] },
    stores: [
      { name: "samples", list: { outcome: "ok" }, read: { outcome: "ok" } },
      { name: "empty", list: { outcome: "ok" }, read: { outcome: "untested" } },
    ],
    tables: [
      { workspace: "demo", name: "orders", state: "ready", rows: 2, rejected: 0 },
      {
        workspace: "demo",
        name: "budget",
        state: "failed",
        error: { message: expect.stringContaining("budget.csv") },
      },
    ],
  });
});

test("a store that is not there is exit code 1", async () => {
  const config = await configurationFolder({
    "bucketgres.yaml": "stores: { gone: { type: directory, path: gone } }\n",
    "catalog/readme": "",
  });

  const ran = await runInside(["check", "--config", config]);

  expect(ran).toMatchObject({ exitCode: 1 });
  expect(ran.stdout).toMatch(/^gone +failed +- /m);
  expect(ran.stdout).toMatch(/^store gone: .+\n {2}.+$/m);
});

test("a wrong configuration is exit code 2: all problems of all files, at their places", async () => {
  const config = await configurationFolder({
    ...GOOD,
    "bucketgres.yaml": `${SERVER}limts: {}\n`,
    "catalog/demo.yaml": `${DEMO}  x: { source: nowhere:x.csv }\n`,
  });

  const ran = await runProgram(["check", "--config", config]);

  expect(ran).toMatchObject({ exitCode: 2, stdout: "" });
  expect(ran.stderr).toMatch(/bucketgres\.yaml:8:1: .*limits/);
  expect(ran.stderr).toMatch(/demo\.yaml:6:16: .*nowhere/);
});

test("with --json a wrong configuration is JSON on stdout", async () => {
  const config = await configurationFolder({ ...GOOD, "bucketgres.yaml": `${SERVER}limts: {}\n` });

  const ran = await runInside(["check", "--config", config, "--json"]);

  expect(ran).toMatchObject({ exitCode: 2, stderr: "" });
  expect(JSON.parse(ran.stdout)).toMatchObject({
    configuration: { problems: [{ file: config, line: 8, column: 1 }] },
    stores: [],
    tables: [],
  });
});

test("a configuration that is not there is exit code 2 and names the file", async () => {
  const ran = await runInside(["check", "--config", "/nonexistent/bucketgres.yaml"]);

  expect(ran).toMatchObject({ exitCode: 2, stdout: "" });
  expect(ran.stderr).toContain("/nonexistent/bucketgres.yaml");
});

test("the environment names the configuration where the command line does not", async () => {
  const ran = await runInside(["check"], {
    environment: { BUCKETGRES_CONFIG: "/nonexistent/other.yaml" },
  });

  expect(ran.stderr).toContain("/nonexistent/other.yaml");
});

test("--workspace checks that workspace and the stores that it uses", async () => {
  const config = await configurationFolder({
    ...GOOD,
    "catalog/other.yaml": "workspace: other\nmembers: [ana]\n",
  });

  const ran = await runInside(["check", "--config", config, "--workspace", "other", "--json"]);

  expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
  expect(JSON.parse(ran.stdout)).toMatchObject({ stores: [], tables: [] });
});

test("an unknown workspace is exit code 2 with a suggestion", async () => {
  const config = await configurationFolder(GOOD);

  const ran = await runInside(["check", "--config", config, "--workspace", "dmeo"]);

  expect(ran).toMatchObject({ exitCode: 2, stdout: "" });
  expect(ran.stderr).toContain('unknown workspace "dmeo"; did you mean "demo"?');
});

test("a view that cannot be planned is exit code 1 with its reason; the others show their columns", async () => {
  const config = await configurationFolder({
    ...GOOD,
    "catalog/demo.yaml": `${DEMO}  gone: { source: samples:gone.csv }
views:
  above: { sql: "SELECT sum(total) AS total FROM below" }
  below: { sql: "SELECT id, total::numeric(10,1) FROM orders" }
  wrong: { sql: SELECT missing FROM orders }
  odd: { sql: DROP TABLE orders }
  waits: { sql: SELECT * FROM gone }
`,
  });

  const ran = await runInside(["check", "--config", config, "--json"]);

  expect(ran).toMatchObject({ exitCode: 1 });
  expect(JSON.parse(ran.stdout).views).toMatchObject([
    { workspace: "demo", name: "above", state: "ready", columns: [{ name: "total" }] },
    {
      name: "below",
      state: "ready",
      columns: [{ name: "id", type: "bigint" }, { name: "total" }],
    },
    { name: "wrong", state: "failed", error: { message: expect.stringContaining("missing") } },
    { name: "odd", state: "failed", error: { message: expect.any(String) } },
    { name: "waits", state: "failed", error: { message: expect.stringContaining("gone") } },
  ]);
});
