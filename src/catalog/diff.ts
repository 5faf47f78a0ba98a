import { isDeepStrictEqual } from "node:util";
import type { RoleName, WorkspaceName } from "../core/brands.ts";
import type { Catalog, TableDefinition, ViewDefinition, Workspace } from "./catalog.ts";

/** What changed between two catalogs. What is not named here may stay as it is, loaded data too. */
export interface CatalogDiff {
  readonly addedWorkspaces: readonly Workspace[];
  readonly removedWorkspaces: readonly Workspace[];
  readonly changedWorkspaces: readonly WorkspaceDiff[];
}

export interface WorkspaceDiff {
  readonly name: WorkspaceName;
  readonly before: Workspace;
  readonly after: Workspace;
  readonly tables: RelationsDiff<TableDefinition>;
  readonly views: RelationsDiff<ViewDefinition>;
  readonly addedMembers: readonly RoleName[];
  /** Their sessions must end. */
  readonly removedMembers: readonly RoleName[];
  /** Limits, description, upload or export. */
  readonly otherSettingsChanged: boolean;
}

export interface RelationsDiff<T> {
  readonly added: readonly T[];
  readonly removed: readonly T[];
  readonly changed: readonly { readonly before: T; readonly after: T }[];
}

export function diffCatalogs(before: Catalog, after: Catalog): CatalogDiff {
  const kept = [...after.workspaces.values()].flatMap((workspace) => {
    const earlier = before.workspaces.get(workspace.name);
    return earlier === undefined ? [] : [diffWorkspaces(earlier, workspace)];
  });
  return {
    addedWorkspaces: [...after.workspaces.values()].filter(
      ({ name }) => !before.workspaces.has(name),
    ),
    removedWorkspaces: [...before.workspaces.values()].filter(
      ({ name }) => !after.workspaces.has(name),
    ),
    changedWorkspaces: kept.filter(isChange),
  };
}

/** Whether the two catalogs say the same, wherever their files are. */
export function isEmptyDiff(diff: CatalogDiff): boolean {
  const { addedWorkspaces, removedWorkspaces, changedWorkspaces } = diff;
  return addedWorkspaces.length + removedWorkspaces.length + changedWorkspaces.length === 0;
}

function diffWorkspaces(before: Workspace, after: Workspace): WorkspaceDiff {
  return {
    name: after.name,
    before,
    after,
    tables: diffRelations(before.tables, after.tables),
    views: diffRelations(before.views, after.views),
    addedMembers: [...after.members].filter((member) => !before.members.has(member)),
    removedMembers: [...before.members].filter((member) => !after.members.has(member)),
    otherSettingsChanged: !isDeepStrictEqual(otherSettings(before), otherSettings(after)),
  };
}

function otherSettings({ description, limits, upload, exportTargets }: Workspace): unknown {
  return { description, limits, upload, exportTargets };
}

function isChange(diff: WorkspaceDiff): boolean {
  return (
    hasChanges(diff.tables) ||
    hasChanges(diff.views) ||
    diff.addedMembers.length + diff.removedMembers.length > 0 ||
    diff.otherSettingsChanged
  );
}

function hasChanges({ added, removed, changed }: RelationsDiff<unknown>): boolean {
  return added.length + removed.length + changed.length > 0;
}

function diffRelations<T extends { readonly schema: string; readonly name: string }>(
  before: readonly T[],
  after: readonly T[],
): RelationsDiff<T> {
  const earlier = new Map(before.map((relation) => [identity(relation), relation]));
  const later = new Map(after.map((relation) => [identity(relation), relation]));
  return {
    added: after.filter((relation) => !earlier.has(identity(relation))),
    removed: before.filter((relation) => !later.has(identity(relation))),
    changed: after.flatMap((relation) => {
      const old = earlier.get(identity(relation));
      const isSame = old === undefined || isDeepStrictEqual(old, relation);
      return isSame ? [] : [{ before: old, after: relation }];
    }),
  };
}

function identity({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return JSON.stringify([schema, name]);
}
