import type { ObjectKey } from "../core/brands.ts";
import { listSheets } from "../formats/xlsx.ts";
import { openLocally } from "../store/download.ts";
import { explainFailure } from "./explain-failure.ts";
import type { LoadOptions, LoadTools } from "./load-table.ts";
import type { LoadRequest, SheetsOutcome } from "./loader.ts";
import { versionOf } from "./source-version.ts";

/** The sheets of the workbook that the table's source is. Rejects only with the signal's reason. */
export async function listTableSheets(
  request: LoadRequest,
  tools: LoadTools,
  options: LoadOptions,
): Promise<SheetsOutcome> {
  try {
    return await listOnce(request, tools, options);
  } catch (error) {
    options.signal.throwIfAborted();
    const failure = await explainFailure(error, request, tools);
    return { outcome: "failed", error: failure.toFields() };
  }
}

async function listOnce(
  { table, known }: LoadRequest,
  { sources, slots, cache }: LoadTools,
  { signal, started }: LoadOptions,
): Promise<SheetsOutcome> {
  const { source } = table;
  const found = versionOf(await sources.find(source, signal));
  if (found.identity === known?.identity) return { outcome: "unchanged" };
  using _slot = await slots.take(found.bytes, signal);
  started?.();
  await using directory = await cache.makeBuildDirectory();
  await using file = await openLocally(
    sources.storeOf(source),
    // A pattern has no sheets of its own, and is not let in by the catalog.
    source.pattern as ObjectKey,
    { folder: directory.path, versionId: source.versionId, signal },
  );
  const sheets = await listSheets(file.path);
  return {
    outcome: "listed",
    source: versionOf([file.object]),
    sheets: sheets.filter(({ state }) => state === "visible").map(({ name }) => name),
  };
}
