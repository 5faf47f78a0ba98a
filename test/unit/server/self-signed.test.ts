import { createPrivateKey, X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { keptKeyPair, makeKeyPair } from "../../../src/server/self-signed.ts";

const DAY_MS = 86_400_000;
const NOW = Date.parse("2027-03-01T12:00:00Z");

async function inFolder(work: (folder: string) => Promise<void> | void): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), "bucketgres-self-signed-"));
  try {
    await work(join(parent, "tls"));
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

test("a certificate is for this machine's names, for a year, and is no authority", () => {
  const { certificate, key } = makeKeyPair("2001:db8::7", NOW);
  const parsed = new X509Certificate(certificate);

  expect(parsed.checkHost("localhost")).toBe("localhost");
  for (const address of ["127.0.0.1", "::1", "2001:db8::7"]) {
    expect(parsed.checkIP(address)).toBe(address);
  }
  expect(parsed.ca).toBe(false);
  expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(parsed.verify(parsed.publicKey)).toBe(true);
  expect(Date.parse(parsed.validFrom)).toBe(NOW - DAY_MS);
  expect(Date.parse(parsed.validTo)).toBe(NOW + 365 * DAY_MS);
  expect(parsed.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
});

test.each([["::"], ["0.0.0.0"], ["[::1]"], ["db.example"], ["::ffff:192.0.2.1"]])(
  "listening on %s gives a certificate that can be read",
  (host) => {
    expect(new X509Certificate(makeKeyPair(host, NOW).certificate).subject).toBe("CN=bucketgres");
  },
);

test("a certificate that ends after 2049 has its years in four digits", () => {
  const { certificate } = makeKeyPair("127.0.0.1", Date.parse("2049-06-01T00:00:00Z"));

  expect(Date.parse(new X509Certificate(certificate).validTo)).toBe(
    Date.parse("2050-06-01T00:00:00Z"),
  );
});

test("the certificate is made once, for its owner alone, with a copy for clients", () =>
  inFolder(async (folder) => {
    const made = keptKeyPair(folder, "127.0.0.1", NOW);
    const kept = keptKeyPair(folder, "127.0.0.1", NOW + 300 * DAY_MS);

    expect(made.origin).toBe("made");
    expect(kept).toEqual({ ...made, origin: "kept" });
    expect((await stat(join(folder, "self-signed.pem"))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(folder, "self-signed.crt"), "utf8")).toBe(made.certificate);
    expect((await readdir(folder)).toSorted()).toEqual(["self-signed.crt", "self-signed.pem"]);
  }));

test("thirty days before its end it is replaced", () =>
  inFolder((folder) => {
    const made = keptKeyPair(folder, "127.0.0.1", NOW);

    const renewed = keptKeyPair(folder, "127.0.0.1", NOW + 336 * DAY_MS);

    expect(renewed.origin).toBe("renewed");
    expect(renewed.certificate).not.toBe(made.certificate);
    expect(keptKeyPair(folder, "127.0.0.1", NOW + 336 * DAY_MS)).toMatchObject({
      certificate: renewed.certificate,
      origin: "kept",
    });
  }));

test("a file that holds no certificate is replaced", () =>
  inFolder(async (folder) => {
    keptKeyPair(folder, "127.0.0.1", NOW);
    await writeFile(join(folder, "self-signed.pem"), "half a fi");

    const { origin, certificate } = keptKeyPair(folder, "127.0.0.1", NOW);

    expect(origin).toBe("made");
    expect(await readFile(join(folder, "self-signed.pem"), "utf8")).toContain(certificate);
  }));

test("where nothing can be written a certificate serves until the end of the process", () =>
  inFolder(async (folder) => {
    await writeFile(folder, "a file in the folder's place");

    const pair = keptKeyPair(folder, "127.0.0.1", NOW);

    expect(new X509Certificate(pair.certificate).checkPrivateKey(createPrivateKey(pair.key))).toBe(
      true,
    );
    expect(pair).toMatchObject({ certificateFile: undefined, origin: "made" });
    expect(pair.notKept).toBeInstanceOf(Error);
    expect(existsSync(join(folder, "self-signed.pem"))).toBe(false);
  }));
