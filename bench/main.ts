/**
 * Compares the gateway with PostgreSQL on the same data in the same run, and prints ratios: absolute
 * times of a shared machine say little. Needs PostgreSQL's server programs beside Node.js.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postgresPrograms, startPostgres } from "../test/support/postgres.ts";
import { serve } from "./gateway.ts";
import { exportRows, groupBy, pointQueries } from "./queries.ts";
import { loadIntoPostgres, writeSales } from "./sales.ts";

const ROWS = Number(process.env["BENCH_ROWS"] ?? 1_000_000);

interface Line {
  readonly what: string;
  readonly oursMs: number;
  readonly theirsMs: number;
}

if (postgresPrograms() === undefined) {
  process.stderr.write(
    "There is nothing to compare with: install PostgreSQL's server (apt-get install postgresql).\n",
  );
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), "bucketgres-bench-"));
try {
  const file = join(folder, "sales.csv");
  writeSales(file, ROWS);
  // Memory as on a small server of its own, and nothing to pay for durability.
  await using postgres = await startPostgres({
    shared_buffers: "1GB",
    work_mem: "256MB",
    max_wal_size: "4GB",
  });
  await loadIntoPostgres(postgres.url, file);
  await using gateway = await serve(folder, {
    sales: { source: "files:sales.csv", primary_key: ["id"] },
  });
  // One after the other for each line, so that what else the machine does meets both.
  const theirPoints = await pointQueries(postgres.url, ROWS);
  const ourPoints = await pointQueries(gateway.url, ROWS);
  const lines: Line[] = [
    { what: "point query by key, p50", oursMs: ourPoints.p50, theirsMs: theirPoints.p50 },
    { what: "point query by key, p95", oursMs: ourPoints.p95, theirsMs: theirPoints.p95 },
    {
      what: "group by over all rows",
      theirsMs: await groupBy(postgres.url),
      oursMs: await groupBy(gateway.url),
    },
    {
      what: "export of all rows as text",
      theirsMs: await exportRows(postgres.url),
      oursMs: await exportRows(gateway.url),
    },
  ];
  print(postgres.version, lines);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function print(version: string, lines: readonly Line[]): void {
  const table = [
    ["", "bucketgres", version.replace(/ \(.*\) | \(.*/g, " ").trim(), "ratio"],
    ...lines.map(({ what, oursMs, theirsMs }) => [
      what,
      `${oursMs.toFixed(2)} ms`,
      `${theirsMs.toFixed(2)} ms`,
      `${(theirsMs / oursMs).toFixed(2)} x`,
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  const lineOf = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ");
  process.stdout.write(
    `${ROWS.toLocaleString("en")} rows of 8 columns; ratios above 1 are in favour of bucketgres\n\n`,
  );
  for (const row of table) process.stdout.write(`${lineOf(row)}\n`);
}
