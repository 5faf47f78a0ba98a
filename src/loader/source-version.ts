import { createHash } from "node:crypto";
import type { SourceVersion } from "../cache/cache-entry.ts";
import type { ObjectInfo } from "../store/object-store.ts";

/**
 * The version that these objects are together. Ids of versions have no part in its identity: a
 * listing does not show them, and the same bytes written again need no other table.
 */
export function versionOf(objects: readonly ObjectInfo[]): SourceVersion {
  const identity = createHash("sha256");
  for (const { key, etag, sizeBytes } of objects) {
    identity.update(`${JSON.stringify([key, etag, sizeBytes])}\n`);
  }
  const [first] = objects;
  const single = objects.length === 1 ? first : undefined;
  return {
    identity: identity.digest("hex"),
    objectCount: objects.length,
    bytes: objects.reduce((sum, object) => sum + object.sizeBytes, 0),
    etag: single?.etag,
    versionId: single?.versionId,
    lastModified: new Date(Math.max(...objects.map((object) => object.lastModified.getTime()))),
  };
}
