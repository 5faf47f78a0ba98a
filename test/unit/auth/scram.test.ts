import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  offeredMechanisms,
  readMechanism,
  ScramExchange,
  type ScramMechanism,
  type ScramOptions,
} from "../../../src/auth/scram.ts";
import { deriveVerifier } from "../../../src/auth/scram-verifier.ts";
import { PgError } from "../../../src/core/pg-error.ts";

const SALT = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
const verifier = await deriveVerifier("pencil", { salt: SALT });
/** Cheap, for properties with many runs. */
const quickVerifier = await deriveVerifier("pencil", { salt: SALT, iterations: 1 });

const channelBinding = { type: "tls-server-end-point", data: Buffer.alloc(32, 7) } as const;
const PLUS_HEADER = "p=tls-server-end-point,,";
const PLUS_BINDING = Buffer.concat([Buffer.from(PLUS_HEADER), channelBinding.data]).toString(
  "base64",
);
const NO_PROOF = Buffer.alloc(32).toString("base64");

/** The client's side of RFC 5802, written apart from the server's. */
function clientFinal(password: string, bare: string, challenge: string, binding: string): string {
  const [, nonce = "", salt = "", iterations] =
    /^r=([^,]*),s=([^,]*),i=(\d+)$/.exec(challenge) ?? [];
  const salted = pbkdf2Sync(
    password,
    Buffer.from(salt, "base64"),
    Number(iterations),
    32,
    "sha256",
  );
  const clientKey = createHmac("sha256", salted).update("Client Key").digest();
  const storedKey = createHash("sha256").update(clientKey).digest();
  const withoutProof = `c=${binding},r=${nonce}`;
  const signature = createHmac("sha256", storedKey)
    .update(`${bare},${challenge},${withoutProof}`, "latin1")
    .digest();
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
  return `${withoutProof},p=${proof.toString("base64")}`;
}

function exchangeWith(options: Partial<ScramOptions> = {}): ScramExchange {
  return new ScramExchange({ mechanism: "SCRAM-SHA-256", verifier, ...options });
}

function send(exchange: ScramExchange, message: string) {
  return exchange.receive(Buffer.from(message, "latin1"));
}

function serverFirst(exchange: ScramExchange, clientFirst: string): string {
  const outcome = send(exchange, clientFirst);
  expect(outcome.next).toBe("continue");
  return outcome.next === "continue" ? outcome.message.toString("latin1") : "";
}

/** How PostgreSQL's log would put the refusal: SQLSTATE, message and detail. */
function refusalOf(action: () => { readonly next: string } | string): string {
  try {
    const outcome = action();
    return typeof outcome === "string" ? outcome : outcome.next;
  } catch (error) {
    if (!(error instanceof PgError)) throw error;
    const { severity, sqlstate, message, detail } = error;
    return [severity, sqlstate, message, detail].filter((part) => part !== undefined).join(" | ");
  }
}

test("the exchange of RFC 7677, section 3, byte for byte", () => {
  const exchange = exchangeWith({ serverNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0" });

  const first = send(exchange, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  const final = send(
    exchange,
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  );

  expect(first).toEqual({
    next: "continue",
    message: Buffer.from(
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    ),
  });
  expect(final).toEqual({
    next: "authenticated",
    message: Buffer.from("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="),
  });
});

test.each([
  ["n,,", "n=,r=abc", "biws"],
  ["y,,", "n=,r=abc", "eSws"],
  ["n,,", "n=caf\u00c3\u00a9,r=abc,x=an extension,y=", "biws"],
  ["n,,", "n=,r=", "biws"],
])("a client that starts with %s%s and knows the password is let in", (header, bare, binding) => {
  const exchange = exchangeWith();
  const answer = serverFirst(exchange, header + bare);

  expect(send(exchange, clientFinal("pencil", bare, answer, binding)).next).toBe("authenticated");
});

test("with PLUS the client proves that it sees the same certificate", () => {
  const exchange = exchangeWith({ mechanism: "SCRAM-SHA-256-PLUS", channelBinding });
  const answer = serverFirst(exchange, `${PLUS_HEADER}n=,r=abc`);

  const outcome = send(exchange, clientFinal("pencil", "n=,r=abc", answer, PLUS_BINDING));

  expect(outcome.next).toBe("authenticated");
});

test("a client may leave the initial response to its next message", () => {
  const exchange = exchangeWith();

  expect(exchange.receive(undefined)).toEqual({ next: "continue", message: Buffer.alloc(0) });
  const answer = serverFirst(exchange, "n,,n=,r=abc");
  expect(send(exchange, clientFinal("pencil", "n=,r=abc", answer, "biws")).next).toBe(
    "authenticated",
  );
});

test("every exchange has a nonce of its own, after the client's", () => {
  const nonces = [1, 2].map(() => serverFirst(exchangeWith(), "n,,n=,r=abc").split(",")[0]);

  expect(nonces[0]).toMatch(/^r=abc[A-Za-z0-9+/]{24}$/);
  expect(nonces[0]).not.toBe(nonces[1]);
});

test.each(["unknown role", "not a member"] as const)(
  "for a client that is doomed (%s) the right password does not help",
  (doomed) => {
    const exchange = exchangeWith({ doomed });
    const answer = serverFirst(exchange, "n,,n=,r=abc");

    expect(send(exchange, clientFinal("pencil", "n=,r=abc", answer, "biws"))).toEqual({
      next: "rejected",
      why: doomed,
    });
  },
);

test("any other password is rejected", () => {
  fc.assert(
    fc.property(
      fc.string().filter((password) => password !== "pencil"),
      (password) => {
        const exchange = exchangeWith({ verifier: quickVerifier });
        const answer = serverFirst(exchange, "n,,n=,r=abc");
        expect(send(exchange, clientFinal(password, "n=,r=abc", answer, "biws"))).toEqual({
          next: "rejected",
          why: "wrong proof",
        });
      },
    ),
  );
});

test("a final message with any one character changed is not accepted", () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const exchange = exchangeWith({ verifier: quickVerifier });
      const answer = serverFirst(exchange, "n,,n=,r=abc");
      const final = Buffer.from(clientFinal("pencil", "n=,r=abc", answer, "biws"));
      const index = at % final.length;
      final[index] = (final[index] ?? 0) ^ change;
      expect(refusalOf(() => exchange.receive(final))).toMatch(/^(rejected|FATAL \| .*)$/);
    }),
    { numRuns: 500 },
  );
});

test("what the client signed in its first message cannot be exchanged for something else", () => {
  for (const signed of ["n=other,r=abc", "n=,r=abc,x=1"]) {
    const exchange = exchangeWith();
    const answer = serverFirst(exchange, "n,,n=,r=abc");
    expect(send(exchange, clientFinal("pencil", signed, answer, "biws")).next).toBe("rejected");
  }
});

test("no bytes at all make it fail other than with a PgError", () => {
  const message = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));
  const nearly = fc
    .tuple(fc.constantFrom("n,,", "y,,", "n,,n=", "n,,n=,r="), message)
    .map(([prefix, rest]) => Buffer.concat([Buffer.from(prefix), rest]));
  fc.assert(
    fc.property(fc.oneof(message, nearly), message, (first, final) => {
      const exchange = exchangeWith({ verifier: quickVerifier });
      const outcome = refusalOf(() => {
        exchange.receive(first);
        return exchange.receive(final);
      });
      expect(outcome).toMatch(/^(continue|rejected|FATAL \| .*)$/);
    }),
  );
});

/** What PostgreSQL 15 answers to the same bytes. */
describe("a first message that PostgreSQL refuses", () => {
  test.each([
    ["", "FATAL | 08P01 | malformed SCRAM message | The message is empty."],
    [
      "n,,n=,r=a\0b",
      "FATAL | 08P01 | malformed SCRAM message | Message length does not match input length.",
    ],
    [
      "x,,n=,r=a",
      `FATAL | 08P01 | malformed SCRAM message | Unexpected channel-binding flag "'x'".`,
    ],
    [
      "\u0001,,n=,r=a",
      `FATAL | 08P01 | malformed SCRAM message | Unexpected channel-binding flag "0x01".`,
    ],
    [
      "\u00e9,,n=,r=a",
      `FATAL | 08P01 | malformed SCRAM message | Unexpected channel-binding flag "0xe9".`,
    ],
    [
      "nx,n=,r=a",
      `FATAL | 08P01 | malformed SCRAM message | Comma expected, but found character "'x'".`,
    ],
    ["y", `FATAL | 08P01 | malformed SCRAM message | Comma expected, but found character "0x00".`],
    [
      `${PLUS_HEADER}n=,r=a`,
      "FATAL | 08P01 | malformed SCRAM message | The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.",
    ],
    [
      "n,a=bob,n=,r=a",
      "FATAL | 0A000 | client uses authorization identity, but it is not supported",
    ],
    [
      "n,b,n=,r=a",
      `FATAL | 08P01 | malformed SCRAM message | Unexpected attribute "'b'" in client-first-message.`,
    ],
    [
      "n,",
      `FATAL | 08P01 | malformed SCRAM message | Unexpected attribute "0x00" in client-first-message.`,
    ],
    ["n,,m=x,n=,r=a", "FATAL | 0A000 | client requires an unsupported SCRAM extension"],
    ["n,,", `FATAL | 08P01 | malformed SCRAM message | Expected attribute "n" but found "0x00".`],
    ["n,,r=a", `FATAL | 08P01 | malformed SCRAM message | Expected attribute "n" but found "'r'".`],
    [
      "n,,n,r=a",
      `FATAL | 08P01 | malformed SCRAM message | Expected character "=" for attribute "n".`,
    ],
    [
      "n,,n=x",
      `FATAL | 08P01 | malformed SCRAM message | Expected attribute "r" but found "0x00".`,
    ],
    ["n,,n=,r=a b", "FATAL | 08P01 | non-printable characters in SCRAM nonce"],
    ["n,,n=,r=a\u00e9", "FATAL | 08P01 | non-printable characters in SCRAM nonce"],
    [
      "n,,n=,r=a,1=2",
      `FATAL | 08P01 | malformed SCRAM message | Attribute expected, but found invalid character "'1'".`,
    ],
    [
      "n,,n=,r=a,x",
      `FATAL | 08P01 | malformed SCRAM message | Expected character "=" for attribute "x".`,
    ],
    [
      "n,,n=,r=a,,",
      `FATAL | 08P01 | malformed SCRAM message | Attribute expected, but found invalid character "','".`,
    ],
  ])("%j", (message, refusal) => {
    expect(refusalOf(() => send(exchangeWith(), message))).toBe(refusal);
  });
});

describe("a final message that PostgreSQL refuses", () => {
  test.each([
    ["", "FATAL | 08P01 | malformed SCRAM message | The message is empty."],
    [
      "c=eSws,r=NONCE,p=",
      "FATAL | 08P01 | unexpected SCRAM channel-binding attribute in client-final-message",
    ],
    [
      "r=NONCE,p=AA==",
      `FATAL | 08P01 | malformed SCRAM message | Expected attribute "c" but found "'r'".`,
    ],
    [
      "c=biws",
      `FATAL | 08P01 | malformed SCRAM message | Expected attribute "r" but found "0x00".`,
    ],
    [
      `c=biws,r=NONCEx,p=${NO_PROOF}`,
      "FATAL | 08P01 | invalid SCRAM response | Nonce does not match.",
    ],
    [
      `c=biws,r=abc,p=${NO_PROOF}`,
      "FATAL | 08P01 | invalid SCRAM response | Nonce does not match.",
    ],
    [
      "c=biws,r=NONCE",
      "FATAL | 08P01 | malformed SCRAM message | Attribute expected, but found end of string.",
    ],
    [
      "c=biws,r=NONCE,;=2",
      `FATAL | 08P01 | malformed SCRAM message | Attribute expected, but found invalid character "';'".`,
    ],
    [
      "c=biws,r=NONCE,p=AAAA",
      "FATAL | 08P01 | malformed SCRAM message | Malformed proof in client-final-message.",
    ],
    [
      "c=biws,r=NONCE,p=***",
      "FATAL | 08P01 | malformed SCRAM message | Malformed proof in client-final-message.",
    ],
    [
      `c=biws,r=NONCE,p=${NO_PROOF},x=1`,
      "FATAL | 08P01 | malformed SCRAM message | Garbage found at the end of client-final-message.",
    ],
  ])("%j", (message, refusal) => {
    const exchange = exchangeWith();
    const nonce = serverFirst(exchange, "n,,n=,r=abc").split(",")[0]?.slice(2) ?? "";
    expect(refusalOf(() => send(exchange, message.replace("NONCE", nonce)))).toBe(refusal);
  });
});

describe("where the connection can be bound", () => {
  test.each<[ScramMechanism, string, string]>([
    [
      "SCRAM-SHA-256",
      "y,,n=,r=a",
      "FATAL | 28000 | SCRAM channel binding negotiation error | The client supports SCRAM channel binding but thinks the server does not.  However, this server does support channel binding.",
    ],
    [
      "SCRAM-SHA-256",
      `${PLUS_HEADER}n=,r=a`,
      "FATAL | 08P01 | malformed SCRAM message | The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.",
    ],
    [
      "SCRAM-SHA-256-PLUS",
      "n,,n=,r=a",
      "FATAL | 08P01 | malformed SCRAM message | The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.",
    ],
    [
      "SCRAM-SHA-256-PLUS",
      "p=tls-uni\u00e9que-and-much-more-than-thirty,,n=,r=abc",
      'FATAL | 08P01 | unsupported SCRAM channel-binding type "tls-uni?que-and-much-more-than"',
    ],
    [
      "SCRAM-SHA-256-PLUS",
      "p,,n=,r=abc",
      'FATAL | 08P01 | malformed SCRAM message | Expected character "=" for attribute "p".',
    ],
  ])("%s with %j is refused as PostgreSQL does", (mechanism, message, refusal) => {
    expect(refusalOf(() => send(exchangeWith({ mechanism, channelBinding }), message))).toBe(
      refusal,
    );
  });

  test("the hash of another certificate is refused", () => {
    const exchange = exchangeWith({ mechanism: "SCRAM-SHA-256-PLUS", channelBinding });
    const answer = serverFirst(exchange, `${PLUS_HEADER}n=,r=abc`);
    const other = Buffer.concat([Buffer.from(PLUS_HEADER), Buffer.alloc(32, 8)]).toString("base64");

    const final = clientFinal("pencil", "n=,r=abc", answer, other);

    expect(refusalOf(() => send(exchange, final))).toBe(
      "FATAL | 28000 | SCRAM channel binding check failed",
    );
  });

  test("PLUS is offered, and first", () => {
    expect(offeredMechanisms(channelBinding)).toEqual(["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]);
    expect(offeredMechanisms(undefined)).toEqual(["SCRAM-SHA-256"]);
  });
});

test("a mechanism that was not offered is refused", () => {
  expect(readMechanism("SCRAM-SHA-256-PLUS", channelBinding)).toBe("SCRAM-SHA-256-PLUS");
  for (const name of ["SCRAM-SHA-256-PLUS", "PLAIN", "scram-sha-256", ""]) {
    expect(refusalOf(() => readMechanism(name, undefined))).toBe(
      "FATAL | 08P01 | client selected an invalid SASL authentication mechanism",
    );
  }
});

test("an exchange that is over cannot be used again", () => {
  const exchange = exchangeWith();
  const answer = serverFirst(exchange, "n,,n=,r=abc");
  const final = clientFinal("pencil", "n=,r=abc", answer, "biws");
  send(exchange, final);

  expect(() => send(exchange, final)).toThrow("after its end");
});
