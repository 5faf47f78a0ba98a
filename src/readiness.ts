import type { StoreName } from "./core/brands.ts";
import { PgError } from "./core/pg-error.ts";
import type { ReadinessCheck } from "./http/http-server.ts";
import type { StoreSettings } from "./settings/settings.ts";
import { createStore } from "./store/create-store.ts";

export interface ReadinessState {
  readonly stores: ReadonlyMap<StoreName, StoreSettings>;
  /** What keeps the configuration in the files from being used. */
  readonly problems: readonly string[];
  /** Whether every table was looked at once. */
  readonly isLoaded: boolean;
  readonly signal: AbortSignal;
}

/** Whether the configuration is the one in the files, the catalog is loaded and every store answers. */
export async function readiness(state: ReadinessState): Promise<readonly ReadinessCheck[]> {
  const { stores, problems, isLoaded, signal } = state;
  const asked = [...stores].map(([name, options]) => askStore(name, options, signal));
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
  return [
    { name: "configuration", problem: first === undefined ? undefined : `${first}${more}` },
    {
      name: "catalog",
      problem: isLoaded ? undefined : "tables are being loaded for the first time",
    },
    ...(await Promise.all(asked)),
  ];
}

/** One page of a listing: the cheapest question whose answer needs the permission that loads need. */
async function askStore(
  name: StoreName,
  options: StoreSettings,
  signal: AbortSignal,
): Promise<ReadinessCheck> {
  const store = createStore(name, options);
  try {
    for await (const _page of store.list("", { signal })) break;
    return { name: `store ${name}`, problem: undefined };
  } catch (error) {
    const problem = error instanceof PgError ? error.message : "the store did not answer";
    return { name: `store ${name}`, problem };
  } finally {
    store.close();
  }
}
