/** The bytes of an object, in spite of connections that break in the middle of them. */
import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import type { ETag, ObjectKey } from "../core/brands.ts";
import { PgError } from "../core/pg-error.ts";
import { type ByteRange, ObjectChangedError } from "./object-store.ts";
import type { S3Connection } from "./s3-client.ts";
import { notS3Error, s3Error, symptomsOf, transferError } from "./s3-error.ts";
import type { S3Attempt } from "./s3-explanations.ts";
import { pauseBefore } from "./s3-retry.ts";

export interface BodyRequest {
  readonly key: ObjectKey;
  readonly versionId: string | undefined;
  readonly range: ByteRange | undefined;
  readonly ifMatch: ETag | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface OpenBody {
  readonly stream: Readable;
  readonly etag: ETag;
  /** Where the body ends, counted from the start of the object; undefined if S3 does not say. */
  readonly end: number | undefined;
}

/** This much is progress: a connection that breaks after every few bytes makes none. */
const PROGRESS_BYTES = 1024 * 1024;

/** One GET. Throws what the SDK throws, or a PgError where the answer is not one of S3. */
export async function openBody(connection: S3Connection, request: BodyRequest): Promise<OpenBody> {
  const { key, versionId, range, ifMatch, signal } = request;
  const command = {
    Bucket: connection.bucket,
    Key: key,
    VersionId: versionId,
    IfMatch: ifMatch === undefined ? undefined : `"${ifMatch}"`,
    Range: range === undefined ? undefined : `bytes=${range.from}-${range.to - 1}`,
    ...connection.payer,
    ...connection.decryption,
  };
  const output = await connection.ask(
    (client, options) => client.send(new GetObjectCommand(command), options),
    signal,
  );
  const stream = output.Body;
  const attempt = attemptOf(connection, request);
  if (!(stream instanceof Readable)) throw notS3Error(attempt);
  // It may fail before anyone reads it, which would end the process; a later reader hears it still.
  stream.on("error", () => undefined);
  if (output.ETag === undefined) {
    stream.destroy();
    throw notS3Error(attempt);
  }
  const etag = normalizedETag(output.ETag);
  if (ifMatch !== undefined && etag !== ifMatch) {
    stream.destroy();
    throw new ObjectChangedError(`${key} has another ETag than the one asked for`);
  }
  if (range === undefined) return { stream, etag, end: output.ContentLength };
  const sent = /^bytes (\d+)-(\d+)\//.exec(output.ContentRange ?? "");
  if (sent === null || Number(sent[1]) !== range.from || Number(sent[2]) >= range.to) {
    stream.destroy();
    throw transferError(attempt, "S3 did not keep to the range of bytes asked for");
  }
  return { stream, etag, end: Number(sent[2]) + 1 };
}

/**
 * All bytes up to `end`, no more and no fewer. The SDK never tries again once a body has begun, so
 * where one breaks off, the rest is asked for under the same ETag.
 */
export async function* bytesOf(
  connection: S3Connection,
  request: BodyRequest,
  opened: OpenBody,
  end: number,
): AsyncGenerator<Buffer> {
  const { signal } = request;
  const { resumptions, retryPauseMs, longestPauseMs } = connection.patience;
  const attempt = attemptOf(connection, request);
  let { stream } = opened;
  let at = request.range?.from ?? 0;
  let progressAt = at;
  let broken = 0;
  for (;;) {
    let failure: unknown;
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        at += chunk.length;
        if (at > end) break;
        yield chunk;
      }
    } catch (error) {
      failure = error;
    }
    signal?.throwIfAborted();
    if (at > end) throw transferError(attempt, "S3 sent more bytes than it announced");
    if (at === end && failure === undefined) return;
    // Every byte came and still the stream failed: so the SDK reports a checksum that differs.
    if (at === end) throw transferError(attempt, "the bytes do not match their checksum", failure);

    if (at - progressAt >= PROGRESS_BYTES) broken = 0;
    progressAt = at;
    broken += 1;
    if (broken > resumptions) {
      const reason = `the transfer broke off at byte ${at} of ${end}, after ${resumptions} resumptions without progress`;
      throw transferError(attempt, reason, failure);
    }
    await pauseFor(pauseBefore(broken, retryPauseMs, longestPauseMs), signal);
    stream = await reopen(connection, {
      ...request,
      range: { from: at, to: end },
      ifMatch: opened.etag,
    });
  }
}

/** S3 quotes ETags, Ceph does not always, and a proxy that compresses marks them as weak. */
export function normalizedETag(etag: string): ETag {
  return etag.replace(/^(?:W\/)?"(.*)"$/, "$1") as ETag; // S3 itself says that it is one.
}

/** The object was there, under this ETag: whatever says otherwise now means that it changed. */
async function reopen(connection: S3Connection, request: BodyRequest): Promise<Readable> {
  try {
    return (await openBody(connection, request)).stream;
  } catch (error) {
    request.signal?.throwIfAborted();
    const { status } = symptomsOf(error);
    if (status === 404 || status === 412 || status === 416) {
      throw new ObjectChangedError(`${request.key} changed while it was read`);
    }
    if (error instanceof PgError || error instanceof ObjectChangedError) throw error;
    throw s3Error(error, attemptOf(connection, request));
  }
}

async function pauseFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await pause(ms, undefined, signal === undefined ? {} : { signal });
  } catch {
    signal?.throwIfAborted(); // With the reason, which the timer wraps.
  }
}

function attemptOf(connection: S3Connection, { key, versionId }: BodyRequest): S3Attempt {
  return connection.attempt({ verb: "read", key, versionId });
}
