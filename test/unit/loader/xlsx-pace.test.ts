import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeXlsx } from "../../../examples/data/make-xlsx.ts";
import { PgError } from "../../../src/core/pg-error.ts";
import { buildEntry } from "../../../src/loader/build-entry.ts";
import { xlsxTable } from "./load-files.ts";

const ROWS = 150_000;

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bucketgres-pace-"));
  const rows = Array.from({ length: ROWS }, (_, index) => {
    const row = index + 2;
    return `<row r="${row}"><c r="A${row}"><v>${index}</v></c><c r="B${row}" t="inlineStr"><is><t>text ${index}</t></is></c><c r="C${row}"><v>${index / 8}</v></c><c r="D${row}" t="b"><v>1</v></c></row>`;
  });
  const names = ["A", "B", "C", "D"].map(
    (letter) => `<c r="${letter}1" t="str"><v>${letter}</v></c>`,
  );
  const xml = `<worksheet><sheetData><row r="1">${names.join("")}</row>${rows.join("")}</sheetData></worksheet>`;
  await writeFile(join(directory, "book.xlsx"), makeXlsx({ sheets: [{ name: "S", xml }] }));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function load(signal: AbortSignal): Promise<number> {
  const work = await mkdtemp(join(directory, "work-"));
  const built = await buildEntry({
    table: xlsxTable(),
    sources: [{ name: "book.xlsx", path: join(directory, "book.xlsx") }],
    directory: work,
    limits: { memoryBytes: 512 * 1024 ** 2, threads: 2 },
    signal,
  });
  return built.rowCount;
}

// What else the machine does takes its time as well, so one quiet run of three is enough.
test("a large sheet never keeps the process from other work for long", { retry: 2 }, async () => {
  const loaded = new AbortController();
  const waits: number[] = [];
  const watch = async (): Promise<void> => {
    for (let since = performance.now(); !loaded.signal.aborted; since = performance.now()) {
      await setImmediate();
      waits.push(performance.now() - since);
    }
  };
  const watching = watch();
  expect(await load(new AbortController().signal)).toBe(ROWS);
  loaded.abort();
  await watching;
  waits.sort((a, b) => b - a);
  expect(waits[0]).toBeLessThan(150);
  // All but the few that the machine or the collector of garbage are to blame for.
  expect(waits[5]).toBeLessThan(40);
});

test.each([
  ["while it is parsed", 30],
  ["later", 250],
])("a load that is canceled %s ends at once", { retry: 2 }, async (_when, afterMs) => {
  const canceling = new AbortController();
  const reason = new PgError("query_canceled", "canceling load");
  const startedAt = performance.now();
  let canceledAt = 0;
  const cancelInTime = async (): Promise<void> => {
    while (performance.now() - startedAt < afterMs) await setImmediate();
    canceledAt = performance.now();
    canceling.abort(reason);
  };
  const canceled = cancelInTime();
  await expect(load(canceling.signal)).rejects.toBe(reason);
  const tookMs = performance.now() - canceledAt;
  await canceled;
  expect(tookMs).toBeLessThan(100);
});
