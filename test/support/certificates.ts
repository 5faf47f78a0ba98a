import {
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from "node:crypto";
import { der, oid, sequence, TAG } from "../../src/server/der.ts";

export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
  readonly name: string;
  readonly privateKey: KeyObject;
}

type Algorithm = "ecdsa-sha256" | "ecdsa-sha384" | "rsa-sha1" | "rsa-sha512" | "ed25519";

const ALGORITHMS = {
  "ecdsa-sha256": { oid: "1.2.840.10045.4.3.2", digest: "sha256" },
  "ecdsa-sha384": { oid: "1.2.840.10045.4.3.3", digest: "sha384" },
  "rsa-sha1": { oid: "1.2.840.113549.1.1.5", digest: "sha1" },
  "rsa-sha512": { oid: "1.2.840.113549.1.1.13", digest: "sha512" },
  ed25519: { oid: "1.3.101.112", digest: null },
} as const;

export interface CertificateOptions {
  /** Its common name, and the host or address that it is for. */
  readonly name: string;
  /** Default: itself. */
  readonly issuer?: TestCertificate;
  readonly isAuthority?: boolean;
  /** Of the issuer's key; for certificates of themselves also the kind of that key. */
  readonly algorithm?: Algorithm;
  readonly validToMs?: number;
}

const DAY_MS = 86_400_000;

/** An X.509 certificate for tests, made here so that they need no openssl. */
export function makeCertificate(options: CertificateOptions): TestCertificate {
  const { name, issuer, isAuthority = false, algorithm = "ecdsa-sha256" } = options;
  const { publicKey, privateKey } = keysFor(issuer === undefined ? algorithm : "ecdsa-sha256");
  const signer = ALGORITHMS[algorithm];
  const signature = sequence(oid(signer.oid));
  const signed = sequence(
    der(0xa0, der(TAG.integer, Buffer.from([2]))),
    der(TAG.integer, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    signature,
    nameOf(issuer?.name ?? name),
    sequence(time(Date.now() - 2 * DAY_MS), time(options.validToMs ?? Date.now() + DAY_MS)),
    nameOf(name),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions(isAuthority))),
  );
  const bits = sign(signer.digest, signed, issuer?.privateKey ?? privateKey);
  const whole = sequence(signed, signature, der(TAG.bitString, Buffer.from([0]), bits));
  return {
    name,
    privateKey,
    cert: new X509Certificate(whole).toString(),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function keysFor(algorithm: Algorithm) {
  if (algorithm === "ed25519") return generateKeyPairSync("ed25519");
  if (algorithm.startsWith("rsa")) return generateKeyPairSync("rsa", { modulusLength: 2048 });
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function nameOf(commonName: string): Buffer {
  const attribute = sequence(oid("2.5.4.3"), der(TAG.utf8String, Buffer.from(commonName)));
  return sequence(der(TAG.set, attribute));
}

function extensions(isAuthority: boolean): readonly Buffer[] {
  const yes = der(TAG.boolean, Buffer.from([0xff]));
  const constraints = sequence(...(isAuthority ? [yes] : []));
  const names = sequence(
    der(0x82, Buffer.from("localhost")),
    der(0x87, Buffer.from([127, 0, 0, 1])),
  );
  return [
    sequence(oid("2.5.29.19"), yes, der(TAG.octetString, constraints)),
    sequence(oid("2.5.29.17"), der(TAG.octetString, names)),
  ];
}

function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return der(TAG.generalizedTime, Buffer.from(digits));
}
