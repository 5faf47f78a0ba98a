import { generateKeyPairSync, randomBytes, sign, X509Certificate } from "node:crypto";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { der, oid, sequence, TAG } from "./der.ts";

/** A certificate and its key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface KeptKeyPair extends KeyPair {
  /** For clients that want to check the server by it; undefined where nothing could be written. */
  readonly certificateFile: string | undefined;
  readonly origin: "kept" | "made" | "renewed";
  /** Why it will not be found at the next start. */
  readonly notKept: unknown;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const LIFETIME_MS = 365 * DAY_MS;
/** So long before its end it is replaced, so that whoever has pinned it can be told. */
const RENEWAL_MS = 30 * DAY_MS;

/** Both in one file, so that no moment sees the certificate of one and the key of another. */
const PAIR_FILE = "self-signed.pem";
const CERTIFICATE_FILE = "self-signed.crt";

/** The self-signed certificate of this folder: the one that is there as long as it can be used. */
export function keptKeyPair(folder: string, host: string, nowMs: number): KeptKeyPair {
  const kept = readPair(join(folder, PAIR_FILE));
  if (kept !== undefined && !endsSoon(kept, nowMs)) {
    return { ...kept, ...published(folder, kept), origin: "kept" };
  }
  const made = makeKeyPair(host, nowMs);
  const origin = kept === undefined ? "made" : "renewed";
  try {
    const inForce = keep(folder, made, kept !== undefined);
    return { ...inForce, ...published(folder, inForce), origin };
  } catch (error) {
    return { ...made, certificateFile: undefined, origin, notKept: error };
  }
}

function endsSoon({ certificate }: KeyPair, nowMs: number): boolean {
  const { validTo } = new X509Certificate(certificate);
  return Date.parse(validTo) - RENEWAL_MS < nowMs;
}

function readPair(file: string): KeyPair | undefined {
  try {
    const text = readFileSync(file, "utf8");
    const [key] = /-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----\n/s.exec(text) ?? [];
    const [certificate] =
      /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n/s.exec(text) ?? [];
    if (key === undefined || certificate === undefined) return undefined;
    // Throws where it is none.
    new X509Certificate(certificate);
    return { key, certificate };
  } catch {
    // Not there yet, or nothing that could be served: a new one takes its place.
    return undefined;
  }
}

/** Puts the pair in place in one step. Of two gateways that begin at once the second takes the first's. */
function keep(folder: string, pair: KeyPair, replaces: boolean): KeyPair {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, PAIR_FILE);
  const temporary = join(folder, `.${PAIR_FILE}.${randomBytes(6).toString("hex")}`);
  writeFileSync(temporary, pair.key + pair.certificate, { mode: 0o600, flag: "wx" });
  try {
    if (replaces) renameSync(temporary, file);
    else linkSync(temporary, file);
    return pair;
  } catch (error) {
    const theirs = readPair(file);
    if (theirs !== undefined) return theirs;
    // What is there is no pair, or this file system has no links.
    renameSync(temporary, file);
    if (readPair(file) === undefined) throw error;
    return pair;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function published(
  folder: string,
  { certificate }: KeyPair,
): Pick<KeptKeyPair, "certificateFile" | "notKept"> {
  const certificateFile = join(folder, CERTIFICATE_FILE);
  try {
    writeFileSync(certificateFile, certificate);
    chmodSync(join(folder, PAIR_FILE), 0o600);
    return { certificateFile, notKept: undefined };
  } catch {
    // The pair is kept all the same; only its copy for clients is not.
    return { certificateFile: undefined, notKept: undefined };
  }
}

/** A certificate for this machine's names and `host`, of ECDSA over P-256 (RFC 5280). */
export function makeKeyPair(host: string, nowMs: number): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = sequence(oid("1.2.840.10045.4.3.2"));
  const name = sequence(
    der(TAG.set, sequence(oid("2.5.4.3"), der(TAG.utf8String, Buffer.from("bucketgres")))),
  );
  const signed = sequence(
    der(0xa0, der(TAG.integer, Buffer.from([2]))),
    der(TAG.integer, serialNumber()),
    algorithm,
    name,
    // A client's clock may be behind ours.
    sequence(time(nowMs - DAY_MS), time(nowMs + LIFETIME_MS)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions(host))),
  );
  const signature = sign("sha256", signed, privateKey);
  const certificate = sequence(
    signed,
    algorithm,
    der(TAG.bitString, Buffer.concat([Buffer.from([0]), signature])),
  );
  return {
    certificate: new X509Certificate(certificate).toString(),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** Positive, and without a leading byte that DER would leave out. */
function serialNumber(): Buffer {
  return Buffer.concat([Buffer.from([1]), randomBytes(15)]);
}

function extensions(host: string): readonly Buffer[] {
  const critical = der(TAG.boolean, Buffer.from([0xff]));
  return [
    // No authority: some clients refuse one as a server's own certificate.
    sequence(oid("2.5.29.19"), critical, der(TAG.octetString, sequence())),
    sequence(oid("2.5.29.37"), der(TAG.octetString, sequence(oid("1.3.6.1.5.5.7.3.1")))),
    sequence(oid("2.5.29.17"), der(TAG.octetString, sequence(...namesOf(host).map(generalName)))),
  ];
}

function namesOf(host: string): readonly string[] {
  const everywhere = ["0.0.0.0", "::", "[::]"];
  const own = everywhere.includes(host) ? [] : [host.replaceAll(/^\[|\]$/g, "")];
  return [...new Set(["localhost", hostname(), "127.0.0.1", "::1", ...own])];
}

function generalName(name: string): Buffer {
  if (isIP(name) === 0) return der(0x82, Buffer.from(name, "ascii"));
  return der(0x87, addressBytes(name));
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  // The URL parser writes IPv4 inside IPv6, and zones it has none, in their one spelling of groups.
  const [head = "", tail = ""] = new URL(`http://[${address.split("%")[0]}]`).hostname
    .slice(1, -1)
    .split("::");
  const before = head.split(":").filter(Boolean);
  const after = tail.split(":").filter(Boolean);
  const zeros = Array<string>(8 - before.length - after.length).fill("0");
  const groups = [...before, ...zeros, ...after].map((group) => group.padStart(4, "0"));
  return Buffer.from(groups.join(""), "hex");
}

function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  // Before 2050 a certificate has its years in two digits (RFC 5280, section 4.1.2.5).
  const UTC_TIME = 0x17;
  return digits < "2050"
    ? der(UTC_TIME, Buffer.from(digits.slice(2)))
    : der(TAG.generalizedTime, Buffer.from(digits));
}
