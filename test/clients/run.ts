/**
 * Runs clients by hand: `npx tsx test/clients/run.ts [<client>…] [--postgresql] [--table]`.
 *
 * Without names it runs all that can run here, with `--postgresql` against a real PostgreSQL instead
 * of us, and with `--table` it writes what came out into docs/clients.md.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import build from "../support/build.ts";
import { CLIENTS, type Client, run, whyNot } from "./clients.ts";
import { startBucketgres, startReference } from "./servers.ts";
import { type Row, writeTable } from "./table.ts";
import { describe, THINGS } from "./things.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { postgresql: { type: "boolean" }, table: { type: "boolean" } },
});
for (const name of positionals) {
  if (!CLIENTS.some((client) => client.name === name)) {
    process.stderr.write(
      `There is no client ${name}: ${CLIENTS.map((one) => one.name).join(" ")}\n`,
    );
    process.exit(2);
  }
}

if (values.postgresql !== true) {
  process.env["BUCKETGRES_BUILT"] = fileURLToPath(new URL("../../dist", import.meta.url));
  build();
}
const rows: Row[] = [];
{
  await using server = await (values.postgresql === true ? startReference() : startBucketgres());
  for (const client of CLIENTS) {
    if (positionals.length > 0 && !positionals.includes(client.name)) continue;
    rows.push(await row(client, server.environment));
  }
}
if (values.table === true) await writeTable(rows);
const failed = rows.filter(({ result }) => result.outcome === "failed");
process.exitCode = failed.length === 0 ? 0 : 1;

async function row(client: Client, environment: Readonly<Record<string, string>>): Promise<Row> {
  const reason = await whyNot(client);
  if (reason !== undefined) {
    console.log(`skipped: ${client.title}: ${reason}`);
    return { client, result: { outcome: "skipped", reason } };
  }
  const startedAt = performance.now();
  try {
    const report = await run(client, environment);
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    const ok = report.outcomes.filter(({ state }) => state === "ok").length;
    console.log(`# ${report.client}: ${ok} of ${THINGS.length} in ${seconds} s`);
    for (const outcome of report.outcomes) {
      if (outcome.state !== "ok") console.log(`${outcome.state} ${describe(outcome)}`);
    }
    return { client, result: { outcome: "ran", report } };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.log(message);
    return { client, result: { outcome: "failed", reason: message.split("\n")[0] ?? message } };
  }
}
