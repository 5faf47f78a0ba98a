import type { Workspace } from "../catalog/catalog.ts";
import type { WorkspaceName } from "../core/brands.ts";
import type { MirrorModel } from "../shadow/mirror.ts";
import { type DescribedRelation, describeTable } from "./described-relations.ts";
import type { ServedTable } from "./live-source.ts";
import { entryOf } from "./table-state.ts";

/** What keeps a shadow in step with its workspace. */
export interface ShadowSync {
  /** Its next request sees the model. */
  update(workspace: WorkspaceName, model: MirrorModel): void;
  remove(workspace: WorkspaceName): Promise<void>;
  warm(workspace: WorkspaceName): Promise<void>;
}

/** The workspace as PostgreSQL's catalogs are to show it. */
export function shadowModel(
  workspace: Workspace,
  tables: readonly ServedTable[],
  views: readonly DescribedRelation[],
): MirrorModel {
  const relations = [...workspace.tables, ...workspace.views];
  return {
    database: workspace.name,
    schemas: [...new Set(["public", ...relations.map(({ schema }) => schema)])],
    tables: tables.map((table) => {
      const { primaryKey, foreignKeys } = table.definition;
      return {
        ...describeTable(table),
        primaryKey,
        foreignKeys,
        rowCount: entryOf(table.state)?.rowCount,
      };
    }),
    views: views.map((view) => ({ ...view, definition: sqlOf(workspace, view) })),
    members: [...workspace.members],
  };
}

function sqlOf(workspace: Workspace, { schema, name }: DescribedRelation): string {
  const definition = workspace.views.find((view) => view.schema === schema && view.name === name);
  return definition?.sql ?? "";
}
