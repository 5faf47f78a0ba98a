import type { SourceReference } from "../catalog/catalog.ts";
import type { StoreName } from "../core/brands.ts";
import { PgError } from "../core/pg-error.ts";
import type { ObjectInfo, ObjectStore } from "../store/object-store.ts";
import { ObjectFinder } from "./object-finder.ts";

/** The stores of the configuration, and what the catalog's sources are in them. */
export class Sources {
  readonly #stores: ReadonlyMap<StoreName, ObjectStore>;
  readonly #finders: ReadonlyMap<StoreName, ObjectFinder>;

  constructor(stores: ReadonlyMap<StoreName, ObjectStore>) {
    this.#stores = stores;
    this.#finders = new Map([...stores].map(([name, store]) => [name, new ObjectFinder(store)]));
  }

  storeOf({ store }: SourceReference): ObjectStore {
    return this.#stores.get(store) ?? unknown(store);
  }

  /** What the source is made of now, in key order; at least one object. */
  async find(source: SourceReference, signal: AbortSignal): Promise<readonly ObjectInfo[]> {
    const finder = this.#finders.get(source.store) ?? unknown(source.store);
    return await finder.find(source, signal);
  }

  close(): void {
    for (const store of this.#stores.values()) store.close();
  }
}

function unknown(name: StoreName): never {
  throw new PgError("config_file_error", `there is no store "${name}"`, {
    hint: "Add it under stores: in the server's YAML, or correct the table's source.",
  });
}
