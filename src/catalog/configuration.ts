import { loadSettings, type SettingsSource } from "../settings/load.ts";
import { type Problem, sortProblems } from "../settings/problem.ts";
import type { NotYet, Settings } from "../settings/settings.ts";
import type { Catalog } from "./catalog.ts";
import { loadCatalog } from "./load.ts";

/** The server's YAML and the catalog that it names: valid together, or not used at all. */
export interface Configuration {
  readonly settings: Settings;
  readonly catalog: Catalog;
  /** What both files set for features that are not there yet. */
  readonly notYet: readonly NotYet[];
}

export type LoadedConfiguration =
  | ({ readonly outcome: "loaded" } & Configuration)
  | { readonly outcome: "problems"; readonly problems: readonly Problem[] };

/** Every problem of all files at once, however many of them have one. */
export function loadConfiguration(source: SettingsSource): LoadedConfiguration {
  const loaded = loadSettings(source);
  const usable = loaded.outcome === "loaded" ? loaded : loaded.rest;
  const problems = loaded.outcome === "loaded" ? [] : [...loaded.problems];
  if (usable === undefined) return { outcome: "problems", problems };
  const { settings, declared } = usable;
  const loadedCatalog = loadCatalog({
    directory: settings.catalogDirectory,
    stores: settings.stores,
    declaredStores: declared.stores,
    declaredUsers: declared.users,
    environment: source.environment,
  });
  if (loadedCatalog.outcome === "problems") problems.push(...loadedCatalog.problems);
  if (loadedCatalog.outcome === "problems" || problems.length > 0) {
    return { outcome: "problems", problems: sortProblems(problems) };
  }
  const { catalog, notYet } = loadedCatalog;
  return { outcome: "loaded", settings, catalog, notYet: [...settings.notYet, ...notYet] };
}
