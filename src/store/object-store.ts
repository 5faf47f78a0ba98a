import type { Readable } from "node:stream";
import type { ETag, ObjectKey } from "../core/brands.ts";

/** One version of one object, as a listing or a head shows it. */
export interface ObjectInfo {
  readonly key: ObjectKey;
  readonly etag: ETag;
  /** Only in versioned buckets. */
  readonly versionId: string | undefined;
  readonly sizeBytes: number;
  readonly lastModified: Date;
}

/** Half-open, in bytes. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

export interface GetOptions {
  readonly range?: ByteRange;
  /** The version that the bytes must belong to: object_changed otherwise. */
  readonly ifMatch?: ETag;
  readonly versionId?: string | undefined;
  readonly signal?: AbortSignal;
}

/** Where source files are. Failures are PgErrors whose message names the object and the cure. */
export interface ObjectStore {
  /** For messages and logs, without secrets: `s3://acme-data` or a directory's path. */
  readonly description: string;
  /** All objects under a prefix, in key order, page by page. */
  list(
    prefix: string,
    options?: { readonly signal?: AbortSignal },
  ): AsyncIterable<readonly ObjectInfo[]>;
  /** Undefined where there is no such object. */
  head(
    key: ObjectKey,
    options?: { readonly versionId?: string | undefined; readonly signal?: AbortSignal },
  ): Promise<ObjectInfo | undefined>;
  get(key: ObjectKey, options?: GetOptions): Promise<Readable>;
  close(): void;
}

/** The object changed while it was read: start again from `head`. Not for clients. */
export class ObjectChangedError extends Error {
  override readonly name = "ObjectChangedError";
}
