import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { S3Refusal } from "./answers.ts";
import type { Operation } from "./faults.ts";

/** What a bucket may ask of every request besides a signature. */
export interface Terms {
  readonly requesterPays?: boolean;
  readonly customerKey?: string;
}

const OF_OBJECTS: ReadonlySet<Operation> = new Set(["GetObject", "HeadObject"]);

/** Refuses as S3 does who does not agree to pay, or does not bring the key of the objects (SSE-C). */
export function verifyTerms(
  { requesterPays, customerKey }: Terms,
  operation: Operation,
  headers: IncomingHttpHeaders,
): void {
  if (requesterPays === true && headers["x-amz-request-payer"] !== "requester") {
    throw new S3Refusal("AccessDenied");
  }
  const algorithm = headers["x-amz-server-side-encryption-customer-algorithm"];
  if (!OF_OBJECTS.has(operation)) {
    // A listing has no parameters of encryption; S3 would let it pass, and we want to know of it.
    if (algorithm !== undefined) throw new S3Refusal("InvalidArgument");
    return;
  }
  if ((customerKey === undefined) !== (algorithm === undefined)) {
    throw new S3Refusal("InvalidRequest");
  }
  if (customerKey === undefined) return;
  const given = String(headers["x-amz-server-side-encryption-customer-key"]);
  const digest = createHash("md5").update(Buffer.from(given, "base64")).digest("base64");
  if (
    algorithm !== "AES256" ||
    headers["x-amz-server-side-encryption-customer-key-md5"] !== digest
  ) {
    throw new S3Refusal("InvalidArgument");
  }
  if (given !== customerKey) throw new S3Refusal("AccessDenied");
}
