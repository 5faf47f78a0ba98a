/** A million rows of a workbook into SQL, and what other sessions feel of it meanwhile. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { serve } from "./gateway.ts";
import { childOf, peakMegabytes, processorSeconds, quantile, timed } from "./measure.ts";
import { writeWorkbook } from "./workbook.ts";

const ROWS = Number(process.env["BENCH_XLSX_ROWS"] ?? 1_000_000);
/** Between two statements of the session that watches. */
const PAUSE_MS = 5;

export async function workbooks(folder: string): Promise<readonly string[]> {
  const lines: string[] = [];
  writeFileSync(join(folder, "small.csv"), "id\n1\n2\n3\n");
  const file = join(folder, "book.xlsx");
  await writeWorkbook(file, 10, "inline");
  await using gateway = await serve(folder, {
    small: { source: "files:small.csv" },
    book: { source: "files:book.xlsx" },
  });
  const client = new pg.Client({ connectionString: gateway.url });
  await client.connect();
  const loader = childOf(gateway.processId, "loader/main");
  for (const strings of ["shared", "inline"] as const) {
    await writeWorkbook(file, ROWS, strings);
    const idle = await waits(gateway.url, new Promise((resolve) => setTimeout(resolve, 3000)));
    const before = processorSeconds(loader);
    const loading = timed(() => client.query("REFRESH MATERIALIZED VIEW book"));
    const busy = await waits(gateway.url, loading);
    const { ms } = await loading;
    const { rows } = await client.query("SELECT count(*)::int AS n FROM book");
    if (rows[0]?.n !== ROWS) throw new Error(`${rows[0]?.n} rows instead of ${ROWS}`);
    lines.push(
      `${ROWS / 1e6}M x 12 workbook, ${strings} strings: ${(ms / 1000).toFixed(1)} s, ` +
        `${Math.round(ROWS / (ms / 1000)).toLocaleString("en")} rows/s (target 60,000), ` +
        `${(processorSeconds(loader) - before).toFixed(0)} processor seconds; ` +
        `the loader process held at most ${Math.round(peakMegabytes(loader))} MB (target 700)`,
      `  another session's statements meanwhile: p50 ${shown(busy, 0.5)}, p99 ${shown(busy, 0.99)}, ` +
        `longest ${shown(busy, 1)} (target 50 ms); without a load p50 ${shown(idle, 0.5)}, ` +
        `p99 ${shown(idle, 0.99)}, longest ${shown(idle, 1)}`,
    );
  }
  await client.end();
  return lines;
}

function shown(values: readonly number[], share: number): string {
  return `${quantile(values, share).toFixed(1)} ms`;
}

/** How long a session's small statements take, one after another, until `end`. */
async function waits(url: string, end: Promise<unknown>): Promise<readonly number[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const over = new AbortController();
  // A failure is reported by whoever waits for the work itself.
  void end.catch(() => undefined).then(() => over.abort());
  const times: number[] = [];
  while (!over.signal.aborted) {
    times.push((await timed(() => client.query("SELECT count(*) FROM small"))).ms);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  await client.end();
  return times;
}
