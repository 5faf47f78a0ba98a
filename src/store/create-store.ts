import { resolve } from "node:path";
import { unreachable } from "../core/assert.ts";
import type { StoreName } from "../core/brands.ts";
import { DirectoryStore } from "./directory-store.ts";
import type { ObjectStore } from "./object-store.ts";
import type { S3StoreOptions } from "./s3-options.ts";
import { S3Store } from "./s3-store.ts";

/** A store as the server's YAML describes it. */
export type StoreOptions =
  | { readonly type: "directory"; readonly path: string }
  | ({ readonly type: "s3" } & S3StoreOptions);

/** Connects to nothing yet. The name is the one in the YAML, for messages. */
export function createStore(name: StoreName, options: StoreOptions): ObjectStore {
  switch (options.type) {
    case "directory":
      return new DirectoryStore(name, resolve(options.path));
    case "s3":
      return new S3Store(name, options);
    default:
      return unreachable(options);
  }
}
