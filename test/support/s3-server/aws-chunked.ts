import { crc32 } from "node:zlib";
import { S3Refusal } from "./answers.ts";

/**
 * The payload of a body in the `aws-chunked` framing: `<hex size>[;chunk-signature=…]\r\n<data>\r\n`
 * up to a chunk of size 0, which trailers follow. A CRC32 in a trailer is verified; the signatures
 * of single chunks are not.
 */
export function decodeAwsChunked(framed: Buffer): Buffer {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = framed.indexOf("\r\n", at);
    if (lineEnd < 0) throw new S3Refusal("InvalidArgument");
    const size = Number.parseInt(framed.toString("latin1", at, lineEnd), 16);
    at = lineEnd + 2;
    if (!(size >= 0) || at + size > framed.length) throw new S3Refusal("InvalidArgument");
    if (size === 0) break;
    chunks.push(framed.subarray(at, at + size));
    at += size + 2;
  }
  const payload = Buffer.concat(chunks);
  verifyTrailers(payload, framed.toString("latin1", at));
  return payload;
}

function verifyTrailers(payload: Buffer, trailers: string): void {
  for (const line of trailers.split("\r\n")) {
    const [name, value] = line.split(/:(.*)/s);
    if (name?.toLowerCase() !== "x-amz-checksum-crc32") continue;
    const sent = Buffer.from(value?.trim() ?? "", "base64");
    if (sent.length !== 4 || sent.readUInt32BE() !== crc32(payload)) {
      throw new S3Refusal("BadDigest");
    }
  }
}
