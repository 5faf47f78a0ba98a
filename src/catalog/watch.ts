/** Hot reload: looks at the configuration when a file of it changes, and swaps only what is valid. */
import { basename, dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type FSWatcher, watch } from "chokidar";
import type { Problem } from "../settings/problem.ts";
import type { Configuration, LoadedConfiguration } from "./configuration.ts";
import { isWorkspaceFile } from "./load.ts";

export interface WatchOptions {
  readonly current: Configuration;
  /** Reads everything again. */
  readonly load: () => LoadedConfiguration | Promise<LoadedConfiguration>;
  /** A valid configuration that differs from the one before, which it has replaced. */
  readonly onChange: (after: Configuration, before: Configuration) => void;
  /** What is wrong with the files now; the configuration stays. Empty when it was put right. */
  readonly onProblems: (problems: readonly Problem[]) => void;
  /** The files cannot be watched (any more), or `load` failed. `reload()` still works. */
  readonly onError: (error: unknown) => void;
}

/**
 * How long the files must be quiet: editors save in several steps, and a deployment writes many
 * files. chokidar drops a change less than 50 ms after another, so this must be longer.
 */
const QUIET_MS = 150;
/** Files that never rest are looked at all the same. */
const LONGEST_WAIT_MS = 2_000;

export type ReloadOutcome =
  | { readonly outcome: "changed"; readonly configuration: Configuration }
  | { readonly outcome: "unchanged" }
  | { readonly outcome: "problems"; readonly problems: readonly Problem[] };

export class ConfigurationWatch implements AsyncDisposable {
  readonly #options: WatchOptions;
  readonly #watchers = new Map<string, FSWatcher>();
  #current: Configuration;
  #problems: readonly Problem[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** When the first event of the present burst came. */
  #burstSince: number | undefined;
  /** The last reload: the next one waits for it, so that an older state never replaces a newer. */
  #reloading: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** Resolves as soon as the files are watched. */
  static async start(options: WatchOptions): Promise<ConfigurationWatch> {
    const watching = new ConfigurationWatch(options);
    await watching.#watchFolders();
    return watching;
  }

  private constructor(options: WatchOptions) {
    this.#options = options;
    this.#current = configurationOf(options.current);
  }

  get current(): Configuration {
    return this.#current;
  }

  /** What keeps the files from being used now. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** Looks at the files now, as on SIGHUP. */
  reload(): Promise<ReloadOutcome> {
    const reloading = this.#reloading.then(() => this.#reload());
    // A failure belongs to whoever asked; the next reload starts afresh.
    this.#reloading = reloading.catch(() => undefined);
    return reloading;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    // A reload on its way may still begin to watch a folder.
    await this.#reloading;
    await Promise.all([...this.#watchers.values()].map((watcher) => watcher.close()));
  }

  async #reload(): Promise<ReloadOutcome> {
    const loaded = await this.#options.load();
    if (this.#isClosed) return { outcome: "unchanged" };
    if (loaded.outcome === "problems") {
      this.#noteProblems(loaded.problems);
      return { outcome: "problems", problems: loaded.problems };
    }
    this.#noteProblems([]);
    const configuration = configurationOf(loaded);
    const before = this.#current;
    const isSame = isDeepStrictEqual(before, configuration);
    if (!isSame) this.#current = configuration;
    await this.#watchFolders();
    if (isSame) return { outcome: "unchanged" };
    this.#options.onChange(configuration, before);
    return { outcome: "changed", configuration };
  }

  /** Says the same problems once, however often the files are touched. */
  #noteProblems(problems: readonly Problem[]): void {
    if (isDeepStrictEqual(problems, this.#problems)) return;
    this.#problems = problems;
    this.#options.onProblems(problems);
  }

  /**
   * Folders rather than files: a file that is renamed into place is a new one to the kernel, and so
   * is the link that Kubernetes swaps under a mounted configuration.
   */
  async #watchFolders(): Promise<void> {
    const { file, catalogDirectory } = this.#current.settings;
    const wanted = new Set([dirname(file), catalogDirectory]);
    const leaving = [...this.#watchers].filter(([folder]) => !wanted.has(folder));
    const arriving = [...wanted].filter((folder) => !this.#watchers.has(folder));
    for (const [folder] of leaving) this.#watchers.delete(folder);
    await Promise.all(leaving.map(([, watcher]) => watcher.close()));
    await Promise.all(arriving.map((folder) => this.#watchFolder(folder)));
    // A file may have changed between being read and being watched.
    if (arriving.length > 0) this.#noteEvent();
  }

  async #watchFolder(folder: string): Promise<void> {
    const watcher = watch(folder, { ignoreInitial: true, depth: 0, followSymlinks: false });
    this.#watchers.set(folder, watcher);
    watcher.on("all", (event, path) => {
      // A folder of the same name may come back; it will be watched once it has been read.
      if (event === "unlinkDir") this.#forgetFolder(path);
      if (this.#isOurs(path)) this.#noteEvent();
    });
    watcher.on("error", (error) => this.#options.onError(error));
    await new Promise<void>((resolve) => {
      watcher.once("ready", resolve);
      watcher.once("error", () => resolve());
    });
  }

  #forgetFolder(folder: string): void {
    const watcher = this.#watchers.get(folder);
    this.#watchers.delete(folder);
    watcher?.close().catch((error: unknown) => this.#options.onError(error));
  }

  #isOurs(path: string): boolean {
    const { file, catalogDirectory } = this.#current.settings;
    if (path === file || path === catalogDirectory || path === dirname(file)) return true;
    const name = basename(path);
    // Kubernetes keeps the files behind links of names that start with two dots.
    return name.startsWith("..") || (dirname(path) === catalogDirectory && isWorkspaceFile(name));
  }

  #noteEvent(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    const now = performance.now();
    this.#burstSince ??= now;
    if (now - this.#burstSince > LONGEST_WAIT_MS) {
      this.#burstSince = now;
      this.#reloadUnasked();
    }
    this.#timer = setTimeout(() => {
      this.#burstSince = undefined;
      this.#reloadUnasked();
    }, QUIET_MS);
  }

  #reloadUnasked(): void {
    this.reload().catch((error: unknown) => this.#options.onError(error));
  }
}

/** Without what else an object that came from a load may carry: two of them are compared whole. */
function configurationOf({ settings, catalog, notYet }: Configuration): Configuration {
  return { settings, catalog, notYet };
}
