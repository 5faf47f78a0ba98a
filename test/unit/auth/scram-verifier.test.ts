import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  deriveVerifier,
  mockVerifier,
  readVerifier,
  saltFor,
  verifierText,
} from "../../../src/auth/scram-verifier.ts";
import { LIMITS } from "../../../src/core/limits.ts";

/** Read from pg_authid of PostgreSQL 15 after CREATE ROLE … PASSWORD. */
const FROM_POSTGRESQL = [
  [
    "pencil",
    "SCRAM-SHA-256$4096:2voKgPH1yMmVZibGWvvp1g==$FDbn1BNIQdx5WHrhz7l8BQlEQFTbXjV5lzogeVqxDgc=:XV13NzmNWksRGA7lHZ88k970a5aTYdOeN0LeSxhUw64=",
  ],
  [
    "I\u00adX",
    "SCRAM-SHA-256$4096:UdGkBdn4Hrmohp9THBrReA==$ojxCibh2aiXKiek/ZZQ2BkLOhUGWI0oK/L820eNhB7g=:9VbGj7Dnp2OPODHvNI3nzXOpweOZkscz7NukW0ZcMT4=",
  ],
  [
    "pa\u00a0ss\u2168",
    "SCRAM-SHA-256$4096:NJr7eDJjrmlEpxsUYiX+Pg==$1fdX7pSEvXDDMTEHH7BW6bplsa6sRsrK37+L3vK+rWc=:Cjs4NpHdQgvyHBPfF5Qp/Dbyk5lkPN53JdYtdlsEmeo=",
  ],
  [
    "\u0627\u0031",
    "SCRAM-SHA-256$4096:kUdeyp3RA8pqbcUrEZ2u8g==$05eeqpSUa5SIvnDKyPA3FsbWGJs0+gfOqg4z7nXQO2E=:wccwK9bee+6mH7sL5g59PAfbJeY9m+LpYwEiQGorwJ8=",
  ],
  [
    "tab\u0001",
    "SCRAM-SHA-256$4096:dMsgGEKlI3JmRZCwxEedQw==$MlSOeIOGrIwlqexRQPtVeQS6xBeB7Ql+QH5jefaHgGQ=:GFlMXVvnzVqm+5oQz4aZg1ATDea+fqvs6b/d8Ieo7ds=",
  ],
] as const;

test.each(FROM_POSTGRESQL)(
  "the verifier of %j is the one that PostgreSQL makes",
  async (password, text) => {
    const stored = readVerifier(text);
    expect(stored).toBeDefined();

    const derived = await deriveVerifier(password, { salt: stored?.salt ?? Buffer.alloc(0) });

    expect(verifierText(derived)).toBe(text);
  },
);

const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array));

test("what is printed is read back, for any salt and iterations", () => {
  const verifiers = fc.record({
    iterations: fc.integer({ min: 1, max: LIMITS.scramIterations }),
    salt: fc.integer({ min: 1, max: 64 }).chain(bytes),
    storedKey: bytes(32),
    serverKey: bytes(32),
  });
  fc.assert(
    fc.property(verifiers, (verifier) => {
      expect(readVerifier(verifierText(verifier))).toEqual(verifier);
    }),
  );
});

test("what is not quite a verifier is not read as one", () => {
  const good = FROM_POSTGRESQL[0][1];
  const broken = [
    "",
    "pencil",
    good.replace("SCRAM-SHA-256", "SCRAM-SHA-1"),
    good.replace("4096", "0"),
    good.replace("4096", "-1"),
    good.replace("4096", "4096x"),
    good.replace("4096", String(LIMITS.scramIterations + 1)),
    good.replace("2voKgPH1yMmVZibGWvvp1g==", ""),
    good.replace("2voKgPH1yMmVZibGWvvp1g==", "2voKgPH1yMmVZibGWvvp1g="),
    good.replace("2voKgPH1yMmVZibGWvvp1g==", "2voKgPH1yMmVZibGWvvp1h=="),
    good.replace("FDbn", "FDb"),
    good.replace("FDbn", "FD-n"),
    good.slice(0, good.lastIndexOf(":")),
    `${good}\n`,
    ` ${good}`,
  ];
  for (const text of broken) expect([text, readVerifier(text)]).toEqual([text, undefined]);
});

test("two verifiers of one password have different salts", async () => {
  const [one, other] = await Promise.all([deriveVerifier("pencil"), deriveVerifier("pencil")]);

  expect(one.salt).toHaveLength(16);
  expect(one.salt.equals(other.salt)).toBe(false);
});

test("a mock verifier is stable for a role, differs between roles and secrets, and looks real", () => {
  const secret = Buffer.alloc(32, 1);
  const mock = mockVerifier("nobody", secret);

  expect(mockVerifier("nobody", secret)).toEqual(mock);
  expect(mockVerifier("somebody", secret).salt).not.toEqual(mock.salt);
  expect(mockVerifier("nobody", Buffer.alloc(32, 2)).salt).not.toEqual(mock.salt);
  expect(readVerifier(verifierText(mock))).toEqual(mock);
  expect(mock).toMatchObject({ iterations: 4096, salt: saltFor("nobody", secret) });
});
