import { createHash } from "node:crypto";
import type { Encryption } from "../session/client-connection.ts";
import { oid, readDer } from "./der.ts";

/**
 * The hash by signature algorithm (RFC 5929, section 4.1): the one that the signature is made with,
 * and SHA-256 in place of MD5 and SHA-1. Algorithms that are not here have no hash of their own that
 * clients agree on: Ed25519, and RSASSA-PSS, of which older versions of libpq cannot tell the hash.
 */
const HASHES: Readonly<Record<string, string>> = {
  "1.2.840.113549.1.1.4": "sha256",
  "1.2.840.113549.1.1.5": "sha256",
  "1.2.840.113549.1.1.14": "sha224",
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
  "1.2.840.10045.4.1": "sha256",
  "1.2.840.10045.4.3.1": "sha224",
  "1.2.840.10045.4.3.2": "sha256",
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
  "2.16.840.1.101.3.4.3.1": "sha224",
  "2.16.840.1.101.3.4.3.2": "sha256",
};

const HASH_BY_OID: ReadonlyMap<string, string> = new Map(
  Object.entries(HASHES).map(([dotted, hash]) => [oid(dotted).toString("hex"), hash]),
);

/** What SCRAM-SHA-256-PLUS binds to; undefined where the certificate, in DER, has no such hash. */
export function channelBindingOf(certificate: Buffer): Encryption["channelBinding"] {
  const hash = HASH_BY_OID.get(signatureAlgorithm(certificate));
  if (hash === undefined) return undefined;
  return {
    type: "tls-server-end-point",
    data: createHash(hash).update(certificate).digest(),
  };
}

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature }: its OID, in DER as hex. */
function signatureAlgorithm(certificate: Buffer): string {
  const outer = readDer(certificate);
  const signed = outer && readDer(outer.content);
  const algorithm = signed && readDer(signed.rest);
  const name = algorithm && readDer(algorithm.content);
  if (algorithm === undefined || name === undefined) return "";
  const size = algorithm.content.length - name.rest.length;
  return algorithm.content.subarray(0, size).toString("hex");
}
