import type { Socket } from "node:net";
import pg from "pg";

const POINT_QUERIES = 2_000;
const RUNS = 7;

/** p50 and p95, in ms, of the row of one key by a prepared statement, one after another. */
export async function pointQueries(
  url: string,
  rows: number,
): Promise<{ readonly p50: number; readonly p95: number }> {
  const client = await connect(url);
  const text = "SELECT id, customer_id, product, amount FROM sales WHERE id = $1";
  const times: number[] = [];
  for (let index = 0; index < POINT_QUERIES; index += 1) {
    const key = 1 + ((index * 7_919) % rows);
    const startedAt = performance.now();
    const { rows: found } = await client.query({ name: "point", text, values: [key] });
    times.push(performance.now() - startedAt);
    if (found.length !== 1) throw new Error(`key ${key} gave ${found.length} rows`);
  }
  await client.end();
  // The first ones warm both servers.
  return { p50: quantile(times.slice(200), 0.5), p95: quantile(times.slice(200), 0.95) };
}

/** Median, in ms, of an aggregation over every row. */
export async function groupBy(url: string): Promise<number> {
  const client = await connect(url);
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const startedAt = performance.now();
    const { rows } = await client.query(
      "SELECT country, product, count(*), sum(amount), max(sold_on) FROM sales GROUP BY country, product ORDER BY 1, 2",
    );
    times.push(performance.now() - startedAt);
    if (rows.length === 0) throw new Error("no groups");
  }
  await client.end();
  return quantile(times, 0.5);
}

/** Median, in ms, until the last byte of all rows has arrived; the client only counts them. */
export async function exportRows(url: string): Promise<number> {
  const client = await connect(url);
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) times.push(await drain(client, "SELECT * FROM sales"));
  await client.end();
  return quantile(times, 0.5);
}

const READY_FOR_QUERY = Buffer.from("Z\0\0\0\x05I", "latin1");

/** A driver would spend most of the time on making objects, which is not what is compared here. */
function drain(client: pg.Client, sql: string): Promise<number> {
  // The driver's own socket, which its types leave out.
  const { stream } = (client as unknown as { readonly connection: { readonly stream: Socket } })
    .connection;
  const listeners = stream.listeners("data") as ((chunk: Buffer) => void)[];
  stream.removeAllListeners("data");
  const text = Buffer.from(`${sql}\0`);
  const message = Buffer.concat([Buffer.from("Q"), Buffer.alloc(4), text]);
  message.writeInt32BE(text.length + 4, 1);
  return new Promise((resolve) => {
    const startedAt = performance.now();
    let tail = Buffer.alloc(0);
    const receive = (chunk: Buffer): void => {
      tail = Buffer.concat([tail, chunk.subarray(-READY_FOR_QUERY.length)]).subarray(
        -READY_FOR_QUERY.length,
      );
      if (!tail.equals(READY_FOR_QUERY)) return;
      stream.off("data", receive);
      for (const listener of listeners) stream.on("data", listener);
      resolve(performance.now() - startedAt);
    };
    stream.on("data", receive);
    stream.write(message);
  });
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
