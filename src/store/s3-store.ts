import { Readable } from "node:stream";
import {
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
} from "@aws-sdk/client-s3";
import type { ObjectKey } from "../core/brands.ts";
import { PgError } from "../core/pg-error.ts";
import {
  type GetOptions,
  ObjectChangedError,
  type ObjectInfo,
  type ObjectStore,
} from "./object-store.ts";
import { type BodyRequest, bytesOf, normalizedETag, openBody } from "./s3-body.ts";
import { S3Connection } from "./s3-client.ts";
import { notS3Error, s3Error, symptomsOf, transferError } from "./s3-error.ts";
import type { S3Attempt } from "./s3-explanations.ts";
import { DEFAULT_PATIENCE, type S3Patience, type S3StoreOptions } from "./s3-options.ts";

interface VersionOptions {
  readonly versionId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One bucket of AWS S3 or of any service that speaks its protocol. */
export class S3Store implements ObjectStore {
  readonly description: string;
  readonly #connection: S3Connection;

  constructor(name: string, options: S3StoreOptions, patience: Partial<S3Patience> = {}) {
    this.description = `s3://${options.bucket}`;
    this.#connection = new S3Connection(name, options, { ...DEFAULT_PATIENCE, ...patience });
  }

  async *list(
    prefix: string,
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<readonly ObjectInfo[]> {
    const action = { verb: "list", prefix } as const;
    let token: string | undefined;
    do {
      const page = await this.#listPage(prefix, token, options.signal);
      const attempt = this.#connection.attempt(action);
      // Every listing of S3 names its bucket; another document that happens to be XML does not.
      if (page.Name === undefined) throw notS3Error(attempt);
      const objects = (page.Contents ?? []).map((listed) =>
        listedObject(listed, page.EncodingType, attempt),
      );
      if (objects.length > 0) yield objects;
      const next = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      if (page.IsTruncated === true && (next === undefined || next === token)) {
        throw transferError(attempt, "S3 does not say how the listing goes on");
      }
      token = next;
    } while (token !== undefined);
  }

  async head(key: ObjectKey, options: VersionOptions = {}): Promise<ObjectInfo | undefined> {
    try {
      return await this.#headOnce(key, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof PgError) throw error;
      if (symptomsOf(error).status === undefined) {
        throw s3Error(error, this.#reading(key, options.versionId));
      }
      return await this.#explainHead(key, options, error);
    }
  }

  async get(key: ObjectKey, options: GetOptions = {}): Promise<Readable> {
    const { range, ifMatch, versionId } = options;
    // HTTP cannot ask for no bytes at all.
    if (range !== undefined && range.to <= range.from) return noBytes();
    // The stream may be destroyed while S3 keeps it waiting; then the request is to end as well.
    const closed = new AbortController();
    const signal = AbortSignal.any([closed.signal, ...(options.signal ? [options.signal] : [])]);
    const request: BodyRequest = { key, versionId, range, ifMatch, signal };
    try {
      const opened = await openBody(this.#connection, request);
      const end = opened.end ?? (await this.#sizeOf(key, opened.etag, options));
      const bytes = bytesOf(this.#connection, request, opened, end);
      return Readable.from(bytes, { objectMode: false }).once("close", () => closed.abort());
    } catch (error) {
      closed.abort();
      options.signal?.throwIfAborted();
      if (error instanceof PgError || error instanceof ObjectChangedError) throw error;
      const { status } = symptomsOf(error);
      if (status === 412) throw new ObjectChangedError(`${key} has another ETag by now`);
      if (status !== 416) throw s3Error(error, this.#reading(key, versionId));
      await this.#confirmBeyondEnd(key, options);
      return noBytes();
    }
  }

  close(): void {
    this.#connection.close();
  }

  async #headOnce(key: ObjectKey, { versionId, signal }: VersionOptions): Promise<ObjectInfo> {
    const { bucket, payer, decryption } = this.#connection;
    const command = { Bucket: bucket, Key: key, VersionId: versionId, ...payer, ...decryption };
    const { ETag, ContentLength, LastModified, VersionId } = await this.#connection.ask(
      (client, options) => client.send(new HeadObjectCommand(command), options),
      signal,
    );
    if (ETag === undefined || ContentLength === undefined) {
      throw notS3Error(this.#reading(key, versionId));
    }
    return {
      key,
      etag: normalizedETag(ETag),
      // Where versioning is suspended, "null" is whatever was written last.
      versionId: VersionId === "null" ? undefined : VersionId,
      sizeBytes: ContentLength,
      lastModified: LastModified ?? new Date(0),
    };
  }

  /**
   * An answer to HEAD has no body and so no reason: a GET of one byte has one. Where that succeeds,
   * what was wrong is over, and the HEAD is repeated; this is so after an expiry, whose code only the
   * GET shows. Undefined where there is no such object.
   */
  async #explainHead(
    key: ObjectKey,
    options: VersionOptions,
    headError: unknown,
  ): Promise<ObjectInfo | undefined> {
    const { versionId, signal } = options;
    try {
      const range = { from: 0, to: 1 };
      const request = { key, versionId, range, ifMatch: undefined, signal };
      (await openBody(this.#connection, request)).stream.destroy();
    } catch (error) {
      signal?.throwIfAborted();
      const { s3Code } = symptomsOf(error);
      if (s3Code === "NoSuchKey" || s3Code === "NoSuchVersion") return undefined;
      if (error instanceof PgError) throw error;
      // Nothing is wrong with a GET of an empty object but its range.
      if (s3Code !== "InvalidRange") throw s3Error(error, this.#reading(key, versionId));
    }
    try {
      return await this.#headOnce(key, options);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof PgError) throw error;
      throw s3Error(headError, this.#reading(key, versionId));
    }
  }

  /** After a 416: right if the very version asked for ends before the range begins. */
  async #confirmBeyondEnd(key: ObjectKey, options: GetOptions): Promise<void> {
    const { versionId, ifMatch, signal, range } = options;
    const found = await this.head(key, { versionId, signal });
    const isPinned = ifMatch === undefined || found?.etag === ifMatch;
    if (found !== undefined && isPinned && (range?.from ?? 0) >= found.sizeBytes) return;
    throw new ObjectChangedError(`${key} has another length by now`);
  }

  /** For the rare service that sends a body without its length. */
  async #sizeOf(key: ObjectKey, etag: string, options: VersionOptions): Promise<number> {
    const found = await this.head(key, options);
    if (found?.etag === etag) return found.sizeBytes;
    throw new ObjectChangedError(`${key} changed between GET and HEAD`);
  }

  async #listPage(
    prefix: string,
    token: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<ListObjectsV2CommandOutput> {
    const command = {
      Bucket: this.#connection.bucket,
      Prefix: prefix,
      ContinuationToken: token,
      // XML has no way to write the control characters that a key may hold.
      EncodingType: "url",
      ...this.#connection.payer,
    } as const;
    try {
      return await this.#connection.ask(
        (client, options) => client.send(new ListObjectsV2Command(command), options),
        signal,
      );
    } catch (error) {
      signal?.throwIfAborted();
      throw s3Error(error, this.#connection.attempt({ verb: "list", prefix }));
    }
  }

  #reading(key: ObjectKey, versionId: string | undefined): S3Attempt {
    return this.#connection.attempt({ verb: "read", key, versionId });
  }
}

function listedObject(
  listed: NonNullable<ListObjectsV2CommandOutput["Contents"]>[number],
  encoding: string | undefined,
  attempt: S3Attempt,
): ObjectInfo {
  const { Key, ETag, Size, LastModified } = listed;
  if (Key === undefined || ETag === undefined || Size === undefined) throw notS3Error(attempt);
  const key = encoding === "url" ? urlDecoded(Key) : Key;
  if (key === undefined) throw notS3Error(attempt);
  return {
    key: key as ObjectKey, // S3 itself says that it is one.
    etag: normalizedETag(ETag),
    versionId: undefined,
    sizeBytes: Size,
    lastModified: LastModified ?? new Date(0),
  };
}

function urlDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

function noBytes(): Readable {
  return Readable.from([], { objectMode: false });
}
