import type { Catalog, Workspace } from "../catalog/catalog.ts";
import { didYouMean } from "../settings/did-you-mean.ts";
import { UsageError } from "./arguments.ts";

/** The workspace that the command line names. */
export function findWorkspace({ workspaces }: Catalog, name: string): Workspace {
  for (const workspace of workspaces.values()) if (workspace.name === name) return workspace;
  const names = [...workspaces.keys()];
  throw new UsageError(
    `unknown workspace "${name}"${didYouMean(name, names)}`,
    `The catalog has: ${names.join(", ") || "no workspace"}.`,
  );
}
