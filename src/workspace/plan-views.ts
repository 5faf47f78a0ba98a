/** The YAML's views over tables that were just loaded: what would a gateway make of them? */
import { workspaceDirectory } from "../cache/entry-key.ts";
import type { TableDefinition, Workspace } from "../catalog/catalog.ts";
import type { ConfiguredView, Engine } from "../engine/engine.ts";
import { columnTypesOf, describeTable } from "./described-relations.ts";
import { engineViews } from "./engine-views.ts";
import { SqlKnowledge } from "./sql-knowledge.ts";
import { engineTable, type TableState } from "./table-state.ts";

export interface PlannedTable {
  readonly definition: TableDefinition;
  readonly state: TableState;
}

export interface PlanOptions {
  readonly cacheDirectory: string;
  readonly memoryBytes: number;
  readonly threads: number;
  readonly tempDiskBytes: number;
}

/** In the YAML's order. The engine plans each view and runs none. */
export async function planViews(
  engine: Engine,
  workspace: Workspace,
  tables: readonly PlannedTable[],
  { cacheDirectory, ...limits }: PlanOptions,
): Promise<readonly ConfiguredView[]> {
  const { name, views } = workspace;
  const schemas = [...workspace.tables, ...views].map(({ schema }) => schema);
  const types = columnTypesOf(tables.map(describeTable));
  const translated = engineViews(name, views, new SqlKnowledge(types, schemas));
  const configured = await engine.configure(name, {
    ...limits,
    cacheDirectory: workspaceDirectory(cacheDirectory, name),
    tables: tables.map(({ definition, state }) => engineTable(definition, state)),
    views: translated.views,
    tableStates: [],
  });
  const results = [...configured.views, ...translated.failed];
  return views.flatMap((view) =>
    results.filter((result) => result.schema === view.schema && result.name === view.name),
  );
}
