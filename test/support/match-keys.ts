import { keyPattern } from "../../src/store/key-pattern.ts";
import type { ObjectInfo, ObjectStore } from "../../src/store/object-store.ts";

/** The objects whose keys match, in key order, page by page; markers of folders are no objects. */
export async function* matchKeys(
  store: ObjectStore,
  pattern: string,
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<readonly ObjectInfo[]> {
  const { prefix, matches } = keyPattern(pattern);
  for await (const page of store.list(prefix, options)) {
    const matching = page.filter(({ key }) => !key.endsWith("/") && matches(key));
    if (matching.length > 0) yield matching;
  }
}
