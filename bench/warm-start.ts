/**
 * How long a gateway with many cached tables takes from the start of its process until all of them
 * answer, and where the time goes. Run it with: npx tsx bench/warm-start.ts [tables]
 */
import { recall } from "../src/cache/recall.ts";
import { loadConfiguration } from "../src/catalog/configuration.ts";
import { openDatabase } from "../src/duckdb/database.ts";
import { ask, GatewayProcess, makeInstallation } from "../test/support/gateway-process.ts";
import type { WireClient } from "../test/support/wire-client.ts";

const COUNT = Number(process.argv[2] ?? 1_000);
const ROWS = 20;

const names = Array.from({ length: COUNT }, (_, index) => `t${index}`);
await using installation = await makeInstallation({
  tables: Object.fromEntries(names.map((name) => [name, { source: `files:${name}.csv` }])),
});
for (const [table, name] of names.entries()) {
  const lines = Array.from({ length: ROWS }, (_, id) => `${id},name ${id},${id * table}.5\n`);
  await installation.write(`${name}.csv`, `id,name,amount\n${lines.join("")}`);
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const result = await work();
  console.log(`${what}: ${Math.round(performance.now() - startedAt)} ms`);
  return result;
}

async function untilAllReady(client: WireClient): Promise<void> {
  const ready = "SELECT count(*) FROM bucketgres.tables WHERE state = 'ready'";
  for (;;) {
    if (JSON.stringify(await ask(client, ready)) === `[["${COUNT}"]]`) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function start(what: string): Promise<void> {
  const startedAt = performance.now();
  const since = (): number => Math.round(performance.now() - startedAt);
  await using gateway = await GatewayProcess.start(installation);
  await using client = await gateway.connect();
  console.log(`${what}, first connection: ${since()} ms`);
  await untilAllReady(client);
  console.log(`${what}, all tables ready: ${since()} ms`);
  console.log(JSON.stringify(await ask(client, `SELECT count(*) FROM ${names.at(-1)}`)));
}

await start("cold start");
await start("warm start");
await start("warm start again");

const configuration = loadConfiguration({ config: installation.config, environment: {} });
if (configuration.outcome === "problems") throw new Error("the configuration is right");
const [workspace] = configuration.catalog.workspaces.values();
if (workspace === undefined) throw new Error("it has a workspace");
const recalled = await timed("recall of all manifests", () =>
  recall(installation.cache, workspace.name, workspace.tables),
);
await timed("recall again", () => recall(installation.cache, workspace.name, workspace.tables));
const database = await openDatabase({ path: ":memory:" });
const connection = await database.connect();
const paths = [...recalled.values()].map(({ path }) => path);
await timed("ATTACH of each", async () => {
  for (const [index, path] of paths.entries()) {
    await connection.run(`ATTACH '${path}' AS c${index} (READ_ONLY)`);
  }
});
await timed("DETACH of all in one call", async () => {
  await connection.run(paths.map((_, index) => `DETACH c${index}`).join(";"));
});
await timed("ATTACH of all in one call", () =>
  connection.run(paths.map((path, index) => `ATTACH '${path}' AS c${index} (READ_ONLY)`).join(";")),
);
await timed("CREATE VIEW of each, in one transaction", async () => {
  await connection.run("BEGIN");
  for (const index of paths.keys()) {
    await connection.run(
      `CREATE VIEW v${index} AS SELECT id, name, amount FROM c${index}.main.data`,
    );
  }
  await connection.run("COMMIT");
});
await timed("CREATE VIEW of all in one call", () =>
  connection.run(
    `BEGIN; ${paths.map((_, index) => `CREATE VIEW w${index} AS SELECT id, name, amount FROM c${index}.main.data`).join(";")}; COMMIT`,
  ),
);
connection.close();
database.close();
