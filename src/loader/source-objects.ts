import { createHash } from "node:crypto";
import type { SourceVersion } from "../cache/cache-entry.ts";
import type { SourceReference } from "../catalog/catalog.ts";
import type { ObjectKey } from "../core/brands.ts";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import { matchKeys } from "../store/key-pattern.ts";
import type { ObjectInfo, ObjectStore } from "../store/object-store.ts";

/** What the source is made of now, in key order: one object, or all that its pattern matches. */
export async function findObjects(
  store: ObjectStore,
  source: SourceReference,
  signal: AbortSignal,
): Promise<ObjectInfo[]> {
  if (!source.isGlob) {
    // The catalog has told keys from patterns.
    const key = source.pattern as ObjectKey;
    const object = await store.head(key, { versionId: source.versionId, signal });
    if (object === undefined) throw notFound(source, store);
    return [object];
  }
  const objects: ObjectInfo[] = [];
  for await (const page of matchKeys(store, source.pattern, { signal })) {
    objects.push(...page);
    if (objects.length > LIMITS.sourceObjects) throw tooMany(source);
  }
  if (objects.length === 0) throw notFound(source, store);
  return objects;
}

export function versionOf(objects: readonly ObjectInfo[]): SourceVersion {
  const identity = createHash("sha256");
  for (const { key, etag, versionId, sizeBytes } of objects) {
    identity.update(`${JSON.stringify([key, etag, versionId ?? null, sizeBytes])}\n`);
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

function notFound(source: SourceReference, store: ObjectStore): PgError {
  const message = source.isGlob
    ? `no object in ${store.description} matches "${source.pattern}"`
    : `there is no "${source.pattern}" in ${store.description}`;
  return new PgError("undefined_file", message, {
    hint: "Correct the source, in which upper and lower case differ, or upload the object.",
  });
}

function tooMany(source: SourceReference): PgError {
  return new PgError(
    "program_limit_exceeded",
    `more than ${LIMITS.sourceObjects} objects match "${source.pattern}"`,
    { hint: "Make the pattern narrower, or merge small files." },
  );
}
