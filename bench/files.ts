/**
 * What it costs to get files into SQL, as ratios to DuckDB itself on the same files in the same run:
 * absolute times of a shared machine say little.
 *
 *   npm run bench:files            all of it
 *   npm run bench:files -- csv     csv, warm, memory or xlsx alone
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { csvFromS3 } from "./files-csv.ts";
import { largeCsv } from "./files-memory.ts";
import { warmGroupBy } from "./files-warm.ts";
import { workbooks } from "./files-xlsx.ts";

const PARTS: Readonly<Record<string, (folder: string) => Promise<readonly string[]>>> = {
  csv: csvFromS3,
  warm: warmGroupBy,
  memory: largeCsv,
  xlsx: workbooks,
};

const wanted = process.argv.slice(2);
for (const name of wanted.filter((it) => PARTS[it] === undefined)) {
  process.stderr.write(`There is no part "${name}": ${Object.keys(PARTS).join(", ")}\n`);
  process.exit(2);
}
for (const [name, run] of Object.entries(PARTS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const folder = mkdtempSync(join(tmpdir(), "bucketgres-bench-"));
  try {
    for (const line of await run(folder)) process.stdout.write(`${line}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
