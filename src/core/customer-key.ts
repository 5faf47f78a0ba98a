/** The key of SSE-C, with which S3 encrypts objects and which each request has to bring along. */
import { isLoopback } from "./loopback.ts";

/** 32 bytes in base64, and nothing beside it. */
export function isCustomerKey(text: string): boolean {
  return /^[A-Za-z0-9+/]{43}=$/.test(text);
}

/** Whether nobody on the way to the endpoint can read what a request carries; AWS's own is https. */
export function mayCarryKeys(endpoint: string | undefined): boolean {
  if (endpoint === undefined) return true;
  const { protocol, hostname } = new URL(endpoint);
  return protocol === "https:" || isLoopback(hostname);
}
