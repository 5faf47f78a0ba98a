import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Workspace } from "../catalog/catalog.ts";
import { EnginePool } from "../engine/engine-pool.ts";
import type { Logger } from "../observe/logger.ts";
import type { Settings } from "../settings/settings.ts";
import { loadParser } from "../sql/parse.ts";
import { planViews } from "../workspace/plan-views.ts";
import type { TableFinding, ViewFinding } from "./check-findings.ts";

const GRACE_MS = 1_000;
/** Views are planned, one after another, and nothing runs. */
const STATEMENTS = 1;
const TEMP_DISK_BYTES = 1024 ** 3;

/** Plans every view over the tables as they were loaded, in an engine as the gateway has it. */
export async function checkViews(
  workspaces: readonly Workspace[],
  tables: readonly TableFinding[],
  { cache, limits }: Settings,
  log: Logger,
): Promise<readonly ViewFinding[]> {
  const affected = workspaces.filter(({ views }) => views.length > 0);
  if (affected.length === 0) return [];
  await loadParser();
  const scratch = mkdtempSync(join(tmpdir(), "bucketgres-check-"));
  const engine = new EnginePool({
    memoryBytes: limits.memoryBytes,
    statements: STATEMENTS,
    tempDirectory: scratch,
    graceMs: GRACE_MS,
    log,
  });
  try {
    const findings: ViewFinding[] = [];
    for (const workspace of affected) {
      const planned = await planViews(
        engine,
        workspace,
        tables.filter((table) => table.workspace === workspace.name).map(plannedTable),
        {
          cacheDirectory: cache.directory,
          memoryBytes: limits.memoryBytes,
          threads: 1,
          tempDiskBytes: TEMP_DISK_BYTES,
        },
      );
      findings.push(...planned.map((view) => viewFinding(workspace, view)));
    }
    return findings;
  } finally {
    await engine.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

function plannedTable({ table, result }: TableFinding): Parameters<typeof planViews>[2][number] {
  return {
    definition: table,
    state:
      result.outcome === "ok"
        ? { name: "ready", entry: result.entry }
        : { name: "failed", error: result.error },
  };
}

function viewFinding(
  { name: workspace }: Workspace,
  { schema, name, result }: Awaited<ReturnType<typeof planViews>>[number],
): ViewFinding {
  return {
    workspace,
    view: { schema, name },
    result:
      "error" in result
        ? { outcome: "failed", error: result.error }
        : { outcome: "ok", columns: result.columns },
  };
}
