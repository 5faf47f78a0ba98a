/** From a new version of a CSV in S3 to the first answer, against DuckDB with the file at hand. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import pg from "pg";
import { serve } from "./gateway.ts";
import { median, timed } from "./measure.ts";
import { writeSales } from "./sales.ts";

const ROWS = 1_400_000;
const ROUNDS = 5;
const QUERY = "SELECT count(*), sum(amount) FROM sales";

export async function csvFromS3(folder: string): Promise<readonly string[]> {
  const file = join(folder, "sales.csv");
  writeSales(file, ROWS);
  const s3 = fork(fileURLToPath(new URL("./s3-process.ts", import.meta.url)), {
    execArgv: process.execArgv,
    stdio: "inherit",
  });
  try {
    const [{ endpoint, credentials }] = await once(s3, "message");
    const upload = async (): Promise<void> => {
      const put = once(s3, "message");
      s3.send({ key: "sales.csv", file });
      await put;
    };
    await upload();
    await using gateway = await serve(
      folder,
      { sales: { source: "lake:sales.csv" } },
      {
        lake: {
          type: "s3",
          bucket: "lake",
          endpoint,
          credentials: {
            access_key_id: credentials.accessKeyId,
            secret_access_key: credentials.secretAccessKey,
          },
        },
      },
    );
    const client = new pg.Client({ connectionString: gateway.url });
    await client.connect();
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      appendFileSync(
        file,
        `${ROWS + 1 + round},1,DE,Descaler,1,9.99,2024-01-01,2024-01-01 00:00:00\n`,
      );
      await upload();
      const expected = await timed(() => byDuckdb(folder, file));
      const answered = await timed(async () => {
        await client.query("REFRESH MATERIALIZED VIEW sales");
        return Object.values((await client.query(QUERY)).rows[0] ?? {}).map(String);
      });
      if (answered.value.join() !== expected.value.join()) {
        throw new Error(`${answered.value.join()} is not ${expected.value.join()}`);
      }
      theirs.push(expected.ms);
      ours.push(answered.ms);
    }
    await client.end();
    const megabytes = Math.round(statSync(file).size / 1e6);
    const ratio = median(ours) / median(theirs);
    return [
      `first query on a new ${megabytes} MB CSV in S3: ${Math.round(median(ours))} ms, ` +
        `DuckDB's read_csv of the local file ${Math.round(median(theirs))} ms: ${ratio.toFixed(2)} x (target 1.6 x)`,
    ];
  } finally {
    s3.disconnect();
  }
}

/** Into a file like those of the cache, by DuckDB's own detection of everything. */
async function byDuckdb(folder: string, file: string): Promise<readonly string[]> {
  const path = join(folder, "theirs.duckdb");
  const instance = await DuckDBInstance.create(path, { threads: "2" });
  const connection = await instance.connect();
  try {
    await connection.run(`CREATE TABLE sales AS FROM read_csv('${file}')`);
    await connection.run("CHECKPOINT");
    const result = await connection.runAndReadAll(
      "SELECT count(*), sum(amount::DECIMAL(12,2)) FROM sales",
    );
    return (result.getRows()[0] ?? []).map(String);
  } finally {
    connection.closeSync();
    instance.closeSync();
    rmSync(path);
  }
}
