/**
 * An S3 in a process of its own, so that it shares nothing but the machine with what is measured.
 * Each message names a file whose bytes become the next version of the object.
 */
import { readFileSync } from "node:fs";
import { startS3Server } from "../test/support/s3-server/s3-server.ts";

const server = await startS3Server({ buckets: { lake: {} } });
process.on("message", ({ key, file }: { readonly key: string; readonly file: string }) => {
  server.put("lake", key, readFileSync(file));
  process.send?.({ put: key });
});
process.on("disconnect", () => process.exit(0));
process.send?.({ endpoint: server.endpoint, credentials: server.credentials });
