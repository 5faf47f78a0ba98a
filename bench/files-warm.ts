/** A query of a loaded table, through the gateway, against DuckDB in process on a native table. */
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import pg from "pg";
import { serve } from "./gateway.ts";
import { median, timed } from "./measure.ts";
import { writeSales } from "./sales.ts";

const ROWS = 10_000_000;
const ROUNDS = 15;
const QUERY = `SELECT country, product, count(*), sum(quantity), max(sold_on) FROM sales
  GROUP BY country, product ORDER BY 1, 2`;

export async function warmGroupBy(folder: string): Promise<readonly string[]> {
  const file = join(folder, "sales.csv");
  writeSales(file, ROWS);
  await using gateway = await serve(folder, { sales: { source: "files:sales.csv" } });
  const client = new pg.Client({ connectionString: gateway.url });
  await client.connect();
  const instance = await DuckDBInstance.create(join(folder, "theirs.duckdb"));
  const connection = await instance.connect();
  await connection.run(`CREATE TABLE sales AS FROM read_csv('${file}')`);
  await connection.run("CHECKPOINT");
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    theirs.push((await timed(() => connection.runAndReadAll(QUERY))).ms);
    ours.push((await timed(() => client.query(QUERY))).ms);
  }
  await client.end();
  connection.closeSync();
  instance.closeSync();
  const ratio = median(ours) / median(theirs);
  return [
    `group by over ${ROWS / 1e6}M rows, warm: ${Math.round(median(ours))} ms, ` +
      `DuckDB in process ${Math.round(median(theirs))} ms: ${ratio.toFixed(2)} x (target 1.1 x)`,
  ];
}
