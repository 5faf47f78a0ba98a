/**
 * How fast rows are encoded: a million rows of eight mixed columns, fetched from DuckDB and written
 * as messages; and how far the process grows over a result that is much larger than memory should be.
 * To be compiled first: the loader that runs TypeScript as it is halves the speed.
 *
 *     npx tsc -p tsconfig.all.json --noEmit false --outDir build && cp package.json build/
 *     node build/bench/row-encoder.js
 *     node --max-semi-space-size=1 build/bench/row-encoder.js memory
 */

import type { Connection } from "../src/duckdb/connection.ts";
import { openDatabase } from "../src/duckdb/database.ts";
import { createRowEncoder, type RowFormat } from "../src/engine-process/row-encoder.ts";
import { PageWriter } from "../src/engine-process/row-encoder-page.ts";

const MIXED = `
  CREATE TABLE mixed AS
  SELECT i::INTEGER AS id, (i * 1234567)::BIGINT AS big, (i * 1.37 % 100000)::DECIMAL(12,2) AS amount,
    DATE '2015-01-01' + (i % 4000)::INTEGER AS day, 'customer number ' || lpad(i::VARCHAR, 9, '0') AS name,
    ['new', 'old', 'big'][i % 3 + 1] AS kind, TIMESTAMP '2020-01-01' + INTERVAL 1 SECOND * i AS at,
    round(i / 7.0, 3) AS ratio
  FROM range(1000000) AS r(i)`;

const FORMATS: Readonly<Record<string, (columns: number) => RowFormat>> = {
  text: (columns) => ({
    kind: "data-row",
    formats: Array.from({ length: columns }, () => 0 as const),
  }),
  binary: (columns) => ({
    kind: "data-row",
    formats: Array.from({ length: columns }, () => 1 as const),
  }),
  "copy text": () => ({ kind: "copy-text", delimiter: "\t", nullText: "\\N" }),
  "copy csv": () => ({
    kind: "copy-csv",
    delimiter: ",",
    nullText: "",
    quote: '"',
    escape: '"',
    forceQuote: [],
  }),
};

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

interface Run {
  readonly rows: number;
  readonly bytes: number;
  readonly ms: number;
  readonly cpuMs: number;
  readonly peakRssBytes: number;
}

async function drain(
  connection: Connection,
  sql: string,
  format: (columns: number) => RowFormat,
): Promise<Run> {
  const prepared = await connection.prepare(sql);
  const started = performance.now();
  const cpu = process.cpuUsage();
  const stream = await prepared.stream();
  const encoder = createRowEncoder(stream.columns, format(stream.columns.length), {
    timeZone: "Europe/Berlin",
  });
  const page = new PageWriter();
  let rows = 0;
  let bytes = 0;
  let peakRssBytes = 0;
  for (let chunk = await stream.next(); chunk !== undefined; chunk = await stream.next()) {
    encoder.load(chunk);
    let row = 0;
    while (row < chunk.rowCount) {
      row = encoder.encode(page, row, chunk.rowCount);
      if (row < chunk.rowCount) bytes += page.take().length;
    }
    if (rows % 1_024_000 === 0) peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss());
    rows += chunk.rowCount;
  }
  bytes += page.take().length;
  const ms = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  await stream.close();
  prepared.close();
  return { rows, bytes, ms, cpuMs: (user + system) / 1000, peakRssBytes };
}

function report(name: string, { rows, bytes, ms, cpuMs }: Run): void {
  const millions = rows / ms / 1000;
  const megabytes = bytes / 1e6;
  print(
    `${name.padEnd(24)} ${ms.toFixed(0).padStart(6)} ms  ${cpuMs.toFixed(0).padStart(6)} ms CPU  ${millions.toFixed(2)} M rows/s  ${megabytes.toFixed(0)} MB`,
  );
}

const database = await openDatabase({ path: ":memory:", config: { threads: "2" } });
const connection = await database.connect();

if (process.argv[2] === "memory") {
  const before = process.memoryUsage.rss();
  const run = await drain(
    connection,
    "SELECT * FROM range(50000000)",
    FORMATS["text"] ?? unknownFormat,
  );
  report("range(50000000)", run);
  const megabytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(0);
  print(
    `rss before ${megabytes(before)} MB, at its peak ${megabytes(run.peakRssBytes)} MB, grown by ${megabytes(run.peakRssBytes - before)} MB`,
  );
} else {
  await connection.run(MIXED);
  for (const [name, format] of Object.entries(FORMATS)) {
    for (let round = 1; round <= 3; round += 1) {
      report(`${name}, round ${round}`, await drain(connection, "SELECT * FROM mixed", format));
    }
  }
  report(
    "text, full doubles",
    await drain(
      connection,
      "SELECT * REPLACE (id / 3.0 AS ratio) FROM mixed",
      FORMATS["text"] ?? unknownFormat,
    ),
  );
}
connection.close();
database.close();

function unknownFormat(): never {
  throw new Error("no such format");
}
