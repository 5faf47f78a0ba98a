import { TOUCH_MS, touchServed } from "../cache/touch.ts";
import type { Catalog, Workspace } from "../catalog/catalog.ts";
import type { WorkspaceName } from "../core/brands.ts";
import { PgError } from "../core/pg-error.ts";
import { LiveWorkspace, type LiveWorkspaceOptions } from "./live-workspace.ts";
import { SqlKnowledge } from "./sql-knowledge.ts";
import { entryOf } from "./table-state.ts";

/** All workspaces that run now, by name. */
export class Workspaces {
  readonly #options: LiveWorkspaceOptions;
  readonly #live = new Map<string, LiveWorkspace>();
  /** Workspaces that are being removed, by name. */
  readonly #closing = new Map<string, Promise<void>>();
  /** What is served must not be evicted, also where nobody looks at its source. */
  readonly #touching: NodeJS.Timeout;

  constructor(options: LiveWorkspaceOptions) {
    this.#options = options;
    this.#touching = setInterval(() => void touchServed(this.#servedPaths()), TOUCH_MS);
    this.#touching.unref();
  }

  get(name: string): LiveWorkspace | undefined {
    return this.#live.get(name);
  }

  all(): readonly LiveWorkspace[] {
    return [...this.#live.values()];
  }

  isMember(role: string, workspace: string): boolean {
    const members: ReadonlySet<string> | undefined = this.#live.get(workspace)?.definition.members;
    return members?.has(role) ?? false;
  }

  /** Starts what the first catalog query would otherwise wait for. */
  opened(workspace: WorkspaceName): void {
    this.#live
      .get(workspace)
      ?.opened()
      .catch((error: unknown) =>
        this.#options.log.warn({ err: error, workspace }, "shadow not started"),
      );
  }

  statementTimeoutMs(workspace: string): number {
    return this.#live.get(workspace)?.definition.limits.statementTimeoutMs ?? 0;
  }

  connectionsOf(workspace: WorkspaceName): number | undefined {
    return this.#live.get(workspace)?.definition.limits.connections;
  }

  /** What is known for SQL now; of a workspace that is gone, nothing. */
  sqlContext(workspace: string): SqlKnowledge {
    return this.#live.get(workspace)?.sql ?? new SqlKnowledge(new Map(), []);
  }

  async refresh(
    workspace: string,
    schema: string,
    table: string,
    signal: AbortSignal,
  ): Promise<void> {
    const live = this.#live.get(workspace);
    if (live === undefined) throw new PgError("admin_shutdown", `workspace "${workspace}" is gone`);
    await live.refresh(schema, table, signal);
  }

  /**
   * Makes the running workspaces those of the catalog: adds, updates and removes. Resolves when all
   * have loaded what can be loaded; the names of removed workspaces come back at once by `removed`.
   */
  async apply(
    catalog: Catalog,
    removed: (name: WorkspaceName) => void = () => undefined,
  ): Promise<void> {
    const work: Promise<void>[] = [];
    for (const live of this.all()) {
      if (catalog.workspaces.has(live.definition.name)) continue;
      this.#live.delete(live.definition.name);
      const { name } = live.definition;
      removed(name);
      const closed = live.close().finally(() => {
        if (this.#closing.get(name) === closed) this.#closing.delete(name);
      });
      this.#closing.set(name, closed);
      work.push(closed);
    }
    for (const definition of catalog.workspaces.values()) work.push(this.#applyOne(definition));
    await Promise.all(work);
  }

  async close(): Promise<void> {
    clearInterval(this.#touching);
    const live = this.all();
    this.#live.clear();
    await Promise.all(live.map((workspace) => workspace.close()));
  }

  #servedPaths(): readonly string[] {
    const tables = this.all().flatMap((live) => live.tables);
    return tables.flatMap(({ state }) => entryOf(state)?.path ?? []);
  }

  async #applyOne(definition: Workspace): Promise<void> {
    const running = this.#live.get(definition.name);
    if (running !== undefined) {
      await running.update(definition);
      return;
    }
    const live = new LiveWorkspace(definition, this.#options);
    this.#live.set(definition.name, live);
    // One of the same name that is being removed must not take this one's engine with it.
    await this.#closing.get(definition.name);
    if (this.#live.get(definition.name) === live) await live.start();
  }
}
