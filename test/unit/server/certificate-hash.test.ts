import { createHash, X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { channelBindingOf } from "../../../src/server/certificate-hash.ts";
import { der, oid, sequence, TAG } from "../../../src/server/der.ts";
import { makeCertificate } from "../../support/certificates.ts";

test.each([
  ["ecdsa-sha256", "sha256"],
  ["ecdsa-sha384", "sha384"],
  ["rsa-sha512", "sha512"],
  ["rsa-sha1", "sha256"],
] as const)("a certificate signed with %s is bound to by %s", (algorithm, hash) => {
  const { raw } = new X509Certificate(makeCertificate({ name: "server", algorithm }).cert);

  expect(channelBindingOf(raw)).toEqual({
    type: "tls-server-end-point",
    data: createHash(hash).update(raw).digest(),
  });
});

test("there is no binding to a certificate whose signature names no hash", () => {
  const ed25519 = new X509Certificate(
    makeCertificate({ name: "server", algorithm: "ed25519" }).cert,
  );
  const pss = sequence(
    sequence(),
    sequence(oid("1.2.840.113549.1.1.10"), sequence()),
    der(TAG.bitString, Buffer.alloc(3)),
  );

  expect(channelBindingOf(ed25519.raw)).toBeUndefined();
  expect(channelBindingOf(pss)).toBeUndefined();
});

test.each(["", "30", "3003", "30030201", "3084ffffffff", "3080", "30050500050005"])(
  "what is no certificate (%s) has none either",
  (hex) => {
    expect(channelBindingOf(Buffer.from(hex, "hex"))).toBeUndefined();
  },
);
