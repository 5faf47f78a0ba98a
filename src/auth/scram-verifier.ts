import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { LIMITS } from "../core/limits.ts";
import { saslprep } from "./saslprep.ts";

/** What a server keeps instead of a password (RFC 5802, section 3). */
export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** PostgreSQL's default, and the least that RFC 7677 asks for. */
export const DEFAULT_ITERATIONS = 4096;

const SALT_BYTES = 16;
/** Of SHA-256, hence of every key. */
export const KEY_BYTES = 32;

const VERIFIER = /^SCRAM-SHA-256\$([1-9][0-9]{0,9}):([^$:]+)\$([^$:]+):([^$:]+)$/;

/** Reads `SCRAM-SHA-256$4096:salt$StoredKey:ServerKey`, as pg_authid has it; undefined if it is not that. */
export function readVerifier(text: string): ScramVerifier | undefined {
  const [, iterations, salt, storedKey, serverKey] = VERIFIER.exec(text) ?? [];
  const verifier = {
    iterations: Number(iterations),
    salt: readBase64(salt),
    storedKey: readBase64(storedKey),
    serverKey: readBase64(serverKey),
  };
  return isComplete(verifier) ? verifier : undefined;
}

/** Whether a configured password is meant to be a verifier, well-formed or not. */
export function looksLikeVerifier(text: string): boolean {
  return text.startsWith("SCRAM-SHA-256$");
}

/** The same text that PostgreSQL keeps in pg_authid.rolpassword. */
export function verifierText({ iterations, salt, storedKey, serverKey }: ScramVerifier): string {
  const [s, k, v] = [salt, storedKey, serverKey].map((bytes) => bytes.toString("base64"));
  return `SCRAM-SHA-256$${iterations}:${s}$${k}:${v}`;
}

/** Takes some milliseconds of a pool thread for the default iterations. */
export async function deriveVerifier(
  password: string,
  {
    iterations = DEFAULT_ITERATIONS,
    salt = randomBytes(SALT_BYTES),
  }: { readonly iterations?: number; readonly salt?: Buffer } = {},
): Promise<ScramVerifier> {
  const salted = await promisify(pbkdf2)(saslprep(password), salt, iterations, KEY_BYTES, "sha256");
  return {
    iterations,
    salt,
    storedKey: createHash("sha256").update(hmac(salted, "Client Key")).digest(),
    serverKey: hmac(salted, "Server Key"),
  };
}

/**
 * The salt that belongs to a role name without a stored verifier. The same name gets the same salt
 * as long as the secret lives, so that asking twice does not tell whether the role exists.
 */
export function saltFor(role: string, secret: Buffer): Buffer {
  return hmac(secret, `salt ${role}`).subarray(0, SALT_BYTES);
}

/** What an unknown role is tested against. No password fits, and its client cannot tell. */
export function mockVerifier(
  role: string,
  secret: Buffer,
  iterations = DEFAULT_ITERATIONS,
): ScramVerifier {
  return {
    iterations,
    salt: saltFor(role, secret),
    storedKey: hmac(secret, `stored key ${role}`),
    serverKey: hmac(secret, `server key ${role}`),
  };
}

/** Bytes of base64 in its one canonical spelling; Buffer itself takes anything. */
export function readBase64(text: string | undefined): Buffer | undefined {
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

export function hmac(key: Buffer, text: string | Buffer): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function isComplete(
  read: { readonly [K in keyof ScramVerifier]: ScramVerifier[K] | undefined },
): read is ScramVerifier {
  const { iterations = Number.NaN, salt, storedKey, serverKey } = read;
  return (
    iterations <= LIMITS.scramIterations &&
    salt !== undefined &&
    storedKey?.length === KEY_BYTES &&
    serverKey?.length === KEY_BYTES
  );
}
