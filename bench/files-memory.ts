/** What the loader process holds at most while it reads a large CSV. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { serve } from "./gateway.ts";
import { childOf, peakMegabytes, processorSeconds, timed } from "./measure.ts";
import { writeSales } from "./sales.ts";

/** About 75 bytes each. */
const ROWS = Number(process.env["BENCH_CSV_ROWS"] ?? 14_000_000);

export async function largeCsv(folder: string): Promise<readonly string[]> {
  const file = join(folder, "sales.csv");
  writeSales(file, ROWS);
  const gigabytes = (statSync(file).size / 1e9).toFixed(2);
  const served = await timed(() => serve(folder, { sales: { source: "files:sales.csv" } }));
  await using gateway = served.value;
  const loader = childOf(gateway.processId, "loader/main");
  return [
    `${gigabytes} GB CSV loaded in ${(served.ms / 1000).toFixed(1)} s and ` +
      `${processorSeconds(loader).toFixed(0)} processor seconds; ` +
      `the loader process held at most ${Math.round(peakMegabytes(loader))} MB`,
  ];
}
