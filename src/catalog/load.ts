/** The catalog folder -> Catalog, or every problem of all its files at once. */
import { readdirSync } from "node:fs";
import { join, parse } from "node:path";
import type { RoleName, WorkspaceName } from "../core/brands.ts";
import { LIMITS } from "../core/limits.ts";
import { didYouMean } from "../settings/did-you-mean.ts";
import { type Problem, sortProblems } from "../settings/problem.ts";
import type { NotYet } from "../settings/settings.ts";
import { readTextFile } from "../settings/text-file.ts";
import type { Environment } from "../settings/variables.ts";
import { YamlDocument } from "../settings/yaml-document.ts";
import type { Catalog, Workspace, WorkspaceLimits } from "./catalog.ts";
import { RelationReader, type Report } from "./relations.ts";
import { WORKSPACE_FILE, type WorkspaceEntry } from "./schema.ts";
import { findStore, type KnownStores } from "./source-reference.ts";

/** What the catalog is checked against: the server's YAML, which `loadSettings` reads. */
export interface CatalogContext extends KnownStores {
  readonly directory: string;
  readonly declaredUsers: ReadonlySet<string>;
  readonly environment: Environment;
}

export type LoadedCatalog =
  | { readonly outcome: "loaded"; readonly catalog: Catalog; readonly notYet: readonly NotYet[] }
  | { readonly outcome: "problems"; readonly problems: readonly Problem[] };

const DEFAULT_REFRESH_MS = 30_000;
const DEFAULT_QUEUE = 100;

export function loadCatalog(context: CatalogContext): LoadedCatalog {
  const files = workspaceFiles(context.directory);
  if (!Array.isArray(files)) return { outcome: "problems", problems: [files] };
  const readings = files.map((file) => readWorkspace(file, context));
  const problems = readings.flatMap((reading) => reading.problems);
  const workspaces = new Map<WorkspaceName, Workspace>();
  for (const { workspace, problemAtName } of readings) {
    if (workspace === undefined) continue;
    const earlier = workspaces.get(workspace.name);
    if (earlier === undefined) {
      workspaces.set(workspace.name, workspace);
      continue;
    }
    problems.push(
      problemAtName(
        `the workspace "${workspace.name}" is in ${parse(earlier.file).base} already`,
        "Each workspace has one file: give this one another name.",
      ),
    );
  }
  if (problems.length > 0) return { outcome: "problems", problems: sortProblems(problems) };
  return {
    outcome: "loaded",
    catalog: { workspaces },
    notYet: readings.flatMap(({ notYet }) => notYet),
  };
}

/** Sorted, so that the order in which a folder is read changes nothing. */
export function workspaceFiles(directory: string): string[] | Problem {
  try {
    return readdirSync(directory)
      .filter(isWorkspaceFile)
      .toSorted()
      .map((name) => join(directory, name));
  } catch {
    const hint = "Make the folder, or name another one as catalog in bucketgres.yaml.";
    return {
      file: directory,
      line: 1,
      column: 1,
      message: "the catalog folder cannot be read",
      hint,
    };
  }
}

/** Editors keep their own files beside, with names that start with a dot. */
export function isWorkspaceFile(name: string): boolean {
  return /^[^.].*\.ya?ml$/i.test(name);
}

interface WorkspaceReading {
  readonly workspace: Workspace | undefined;
  readonly problems: readonly Problem[];
  readonly notYet: readonly NotYet[];
  readonly problemAtName: (message: string, hint: string) => Problem;
}

function readWorkspace(file: string, context: CatalogContext): WorkspaceReading {
  const text = readTextFile(file);
  const atStart = (message: string, hint: string) => ({ file, line: 1, column: 1, message, hint });
  if (typeof text !== "string") {
    return { workspace: undefined, problems: [text], notYet: [], problemAtName: atStart };
  }
  const { environment } = context;
  const document = new YamlDocument({ file, text, environment, schema: WORKSPACE_FILE });
  const problems = [...document.problems];
  const report: Report = (at, path, message, hint) => {
    problems.push(document.problem(at, path, message, hint));
  };
  const { value } = document;
  return {
    workspace: value && workspaceOf(file, value, document, context, report),
    problems,
    notYet: notYetOf(value, parse(file).base),
    problemAtName: (message, hint) => document.problem("value", ["workspace"], message, hint),
  };
}

function workspaceOf(
  file: string,
  entry: WorkspaceEntry,
  document: YamlDocument<WorkspaceEntry>,
  context: CatalogContext,
  report: Report,
): Workspace {
  const name = entry.workspace ?? parse(file).name;
  if (Buffer.byteLength(name) > LIMITS.identifierBytes || name.includes("\0")) {
    const message = `a workspace's name has at most ${LIMITS.identifierBytes} bytes`;
    report("value", ["workspace"], message);
  }
  const refresh = entry.refresh ?? DEFAULT_REFRESH_MS;
  const relations = new RelationReader({
    entry,
    document,
    known: context,
    report,
    refreshMs: refresh === "off" ? undefined : refresh,
  });
  return {
    // Checked just now; the problem keeps a catalog with any other name from being used.
    name: name as WorkspaceName,
    description: entry.description,
    members: membersOf(entry, context, report),
    limits: limitsOf(entry.limits ?? {}),
    upload: uploadOf(entry, context, report),
    exportTargets: exportTargetsOf(entry, context, report),
    tables: relations.tables(),
    views: relations.views(),
    file,
  };
}

function membersOf(
  { members = [] }: WorkspaceEntry,
  { declaredUsers }: CatalogContext,
  report: Report,
): ReadonlySet<RoleName> {
  members.forEach((member, index) => {
    if (declaredUsers.has(member)) return;
    report(
      "value",
      ["members", index],
      `unknown user "${member}"${didYouMean(member, declaredUsers)}`,
      "Members are declared under users: in bucketgres.yaml.",
    );
  });
  // The members are users of the settings, or a problem was reported.
  return new Set(members as RoleName[]);
}

function limitsOf(limits: NonNullable<WorkspaceEntry["limits"]>): WorkspaceLimits {
  return {
    memoryBytes: limits.memory,
    threads: limits.threads,
    connections: limits.connections,
    statementTimeoutMs: limits.statement_timeout ?? 0,
    queue: limits.queue ?? DEFAULT_QUEUE,
    tempDiskBytes: limits.temp_disk,
    resultSizeBytes: limits.result_size ?? 0,
  };
}

function uploadOf(
  { upload }: WorkspaceEntry,
  known: KnownStores,
  report: Report,
): Workspace["upload"] {
  if (upload === undefined) return undefined;
  const found = findStore(upload.store, known);
  if (found.outcome === "located") return { store: found.store, prefix: upload.prefix ?? "" };
  if (found.outcome === "wrong") report("value", ["upload", "store"], found.message, found.hint);
  return undefined;
}

function exportTargetsOf(
  { export: targets = [] }: WorkspaceEntry,
  known: KnownStores,
  report: Report,
): Workspace["exportTargets"] {
  return targets.flatMap((target, index) => {
    const [, name, prefix = ""] = /^([^:/]+):(?!\/\/)(.*)$/s.exec(target) ?? [];
    if (name === undefined) {
      report("value", ["export", index], `expected STORE:PREFIX, got "${target}"`);
      return [];
    }
    const found = findStore(name, known);
    if (found.outcome === "located") return [{ store: found.store, prefix }];
    if (found.outcome === "wrong") report("value", ["export", index], found.message, found.hint);
    return [];
  });
}

function notYetOf(entry: WorkspaceEntry | undefined, fileName: string): NotYet[] {
  const used = {
    upload: entry?.upload !== undefined,
    export: entry?.export !== undefined,
    "limits.queue": entry?.limits?.queue !== undefined,
    "limits.result_size": (entry?.limits?.result_size ?? 0) !== 0,
  };
  return Object.entries(used).flatMap(([key, isUsed]) =>
    isUsed ? [{ key, message: `${key} in ${fileName} is accepted, but has no effect yet` }] : [],
  );
}
