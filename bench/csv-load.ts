/**
 * What the loader process needs for a CSV of twelve mixed columns, beside DuckDB's own CREATE TABLE
 * AS of the same file: `tsx bench/csv-load.ts MEGABYTES`, after a build. Needs Linux for the memory.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StoreName, WorkspaceName } from "../src/core/brands.ts";
import { openDatabase } from "../src/duckdb/database.ts";
import { createLoader } from "../src/loader/loader-client.ts";
import { createLogger } from "../src/observe/logger.ts";
import { csvTable } from "../test/unit/loader/load-files.ts";

process.env["BUCKETGRES_BUILT"] = fileURLToPath(new URL("../dist", import.meta.url));

const MEGABYTES = Number(process.argv[2] ?? 100);
const ROWS_PER_WRITE = 20_000;
const HEADER =
  "id,customer_id,name,email,country,ordered_on,created_at,amount,quantity,ratio,is_paid,note\n";

/** The same numbers on every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function writeOrders(path: string, bytes: number): void {
  const random = seeded(42);
  const two = (number: number): string => String(number).padStart(2, "0");
  const pick = (...words: readonly string[]): string => words[random(words.length)] ?? "";
  const row = (id: number): string => {
    const day = `20${two(10 + random(15))}-${two(1 + random(12))}-${two(1 + random(28))}`;
    const clock = `${two(random(24))}:${two(random(60))}:${two(random(60))}`;
    const name = `${pick("Ana", "Çelik", "Dörte")} ${pick("Müller", "Smith", "García")}`;
    const amount = (random(1_000_000) / 100).toFixed(2);
    const ratio = (random(1_000_000) / 1_000_000).toFixed(6);
    const note = pick("", "alpha", '"beta, ""gamma"""', "delta epsilon");
    return `${id},${random(1_000_000)},${name},user${random(1_000_000)}@example.org,${pick("DE", "FR", "US")},${day},${day} ${clock},${amount},${random(100)},${ratio},${pick("true", "false")},${note}\n`;
  };
  const file = openSync(path, "w");
  let written = writeSync(file, HEADER);
  for (let id = 1; written < bytes; id += ROWS_PER_WRITE) {
    const rows = Array.from({ length: ROWS_PER_WRITE }, (_, index) => row(id + index));
    written += writeSync(file, rows.join(""));
  }
  closeSync(file);
}

const folder = mkdtempSync(join(tmpdir(), "bucketgres-csv-load-"));
try {
  const path = join(folder, "orders.csv");
  writeOrders(path, MEGABYTES * 1e6);
  const theirs = performance.now();
  const database = await openDatabase({ path: join(folder, "a.duckdb"), config: { threads: "2" } });
  const connection = await database.connect();
  await connection.run("CREATE TABLE data AS FROM read_csv(?)", [path]);
  await connection.run("CHECKPOINT");
  connection.close();
  database.close();
  const theirsMs = performance.now() - theirs;

  const ours = performance.now();
  const loader = createLoader({
    stores: new Map([["files" as StoreName, { type: "directory", path: folder }]]),
    cacheDirectory: join(folder, "cache"),
    cacheSizeBytes: 1e12,
    memoryBytes: 2 * 1024 ** 3,
    log: createLogger({ level: "warn" }),
  });
  const request = { workspace: "bench" as WorkspaceName, table: csvTable("orders.csv") };
  const { signal } = new AbortController();
  const { outcome } = await loader.load({ ...request, known: undefined }, { signal });
  const oursMs = performance.now() - ours;
  const status = readFileSync(`/proc/${loader.processId}/status`, "utf8");
  const peakMegabytes = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
  await loader.close();
  process.stdout.write(
    `${outcome}: ${Math.round(oursMs)} ms, DuckDB alone ${Math.round(theirsMs)} ms, ratio ${(oursMs / theirsMs).toFixed(2)}, peak ${Math.round(peakMegabytes)} MB\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
