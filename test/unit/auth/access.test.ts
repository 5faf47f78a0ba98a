import { expect, test } from "vitest";
import { Access, passwordProblem, type UserCredentials } from "../../../src/auth/access.ts";
import { authenticationFailed, revocationMessage } from "../../../src/auth/refusals.ts";
import { deriveVerifier, verifierText } from "../../../src/auth/scram-verifier.ts";
import { PgError } from "../../../src/core/pg-error.ts";

const secret = Buffer.alloc(32, 1);

function users(passwords: Readonly<Record<string, string>>) {
  return new Map(Object.entries(passwords).map(([role, password]) => [role, { password }]));
}

const anaInAcme = (role: string, workspace: string) => role === "ana" && workspace === "acme";

test("a member is tested against the verifier of the configuration", async () => {
  const verifier = await deriveVerifier("pencil", { iterations: 1 });
  const access = await Access.load(users({ ana: verifierText(verifier) }), {
    isMember: anaInAcme,
    secret,
  });

  expect(access.credentialFor("ana", "acme")).toMatchObject({ verifier, doomed: undefined });
});

test("a plain password becomes a verifier", async () => {
  const access = await Access.load(users({ ana: "pencil" }), { isMember: anaInAcme, secret });

  const { verifier } = access.credentialFor("ana", "acme");

  expect(verifier).toEqual(
    await deriveVerifier("pencil", { salt: verifier?.salt ?? Buffer.alloc(0) }),
  );
});

test("who is not a member sees the same salt and is doomed", async () => {
  const access = await Access.load(users({ ana: "pencil" }), { isMember: anaInAcme, secret });
  const { verifier } = access.credentialFor("ana", "acme");

  expect(access.credentialFor("ana", "other")).toMatchObject({ verifier, doomed: "not a member" });
});

test("an unknown role has a stable salt, and so has a plain one over a reload", async () => {
  const before = await Access.load(users({ ana: "pencil" }), { isMember: anaInAcme, secret });
  const after = await Access.load(users({ ana: "changed" }), { isMember: anaInAcme, secret });

  for (const role of ["nobody", "ana"]) {
    const salt = before.credentialFor(role, "acme").verifier?.salt;
    expect(salt).toHaveLength(16);
    expect(after.credentialFor(role, "acme").verifier?.salt).toEqual(salt);
  }
  expect(before.credentialFor("nobody", "acme").doomed).toBe("unknown role");
});

test("a role is not found under a name that objects have by themselves", async () => {
  const access = await Access.load(users({ ana: "pencil" }), { isMember: () => true, secret });

  for (const role of ["__proto__", "constructor", "", "Ana"]) {
    expect(access.credentialFor(role, "acme").doomed).toBe("unknown role");
  }
});

test.each([
  ["an empty one", "", "is empty"],
  ["an MD5 hash", "md55a231fcdb710d73268c4f44283487ba2", "is an MD5 hash"],
  ["a broken verifier", "SCRAM-SHA-256$4096:abc", "is not a well-formed"],
])("%s is refused as a password, without printing it", async (_, password, problem) => {
  expect(passwordProblem(password)?.message).toContain(problem);

  const load = Access.load(users({ ana: password }), { isMember: anaInAcme, secret });

  const error: unknown = await load.catch((refusal: unknown) => refusal);
  expect(error).toBeInstanceOf(PgError);
  expect(error).toMatchObject({
    sqlstate: "F0000",
    message: expect.stringContaining('password of user "ana"'),
    hint: expect.stringContaining("hash-password"),
  });
  expect(`${String(error)} `.split(password || "no password")).toHaveLength(1);
});

test("a usable password has no problem", async () => {
  expect(passwordProblem("pencil")).toBeUndefined();
  expect(
    passwordProblem(verifierText(await deriveVerifier("x", { iterations: 1 }))),
  ).toBeUndefined();
});

test("a failed login is told in PostgreSQL's words", () => {
  expect(authenticationFailed("ana")).toMatchObject({
    sqlstate: "28P01",
    severity: "FATAL",
    message: 'password authentication failed for user "ana"',
  });
});

test("an unknown role is asked for as many iterations as most of the known ones", async () => {
  const strong = verifierText(await deriveVerifier("pencil", { iterations: 20 }));
  const access = await Access.load(users({ ana: strong, bob: strong, cy: "plain" }), {
    isMember: anaInAcme,
    secret,
  });

  expect(access.credentialFor("nobody", "acme").verifier?.iterations).toBe(20);
});

test("from the moment on at which it expires a role is doomed, and its sessions are over", async () => {
  let nowMs = 1_000;
  const ana: UserCredentials = { password: "pencil", expiresAtMs: 2_000 };
  const access = await Access.load(new Map([["ana", ana]]), {
    isMember: anaInAcme,
    secret,
    nowMs: () => nowMs,
  });
  const { doomed, identity } = access.credentialFor("ana", "acme");
  expect(doomed).toBeUndefined();
  expect(access.nextExpiryMs).toBe(2_000);
  expect(access.revocation("ana", "acme", identity)).toBeUndefined();

  nowMs = 2_000;

  expect(access.credentialFor("ana", "acme").doomed).toBe("expired");
  expect(access.nextExpiryMs).toBeUndefined();
  expect(access.revocation("ana", "acme", identity)).toBe("expired");
});

test("a session ends with the user, the password, the certificate or the membership it began with", async () => {
  const load = (credentials: Readonly<Record<string, UserCredentials>>, isMember = anaInAcme) =>
    Access.load(new Map(Object.entries(credentials)), { isMember, secret });
  const before = await load({ ana: { password: "pencil", certificateName: "ana" } });
  const { identity } = before.credentialFor("ana", "acme");
  const after = async (credentials: UserCredentials, isMember = anaInAcme) =>
    (await load({ ana: credentials }, isMember)).revocation("ana", "acme", identity);

  expect((await load({})).revocation("ana", "acme", identity)).toBe("removed");
  expect(await after({ password: "pencil", certificateName: "ana" })).toBeUndefined();
  expect(await after({ password: "pen", certificateName: "ana" })).toBe("changed");
  expect(await after({ password: "pencil", certificateName: "bob" })).toBe("changed");
  expect(await after({ password: "pencil" })).toBe("changed");
  expect(await after({ password: "pencil", certificateName: "ana" }, () => false)).toBe(
    "not a member",
  );
  expect(identity).not.toContain("pencil");
});

test("what ends a session is told without a word of the credentials", () => {
  expect(revocationMessage("ana", "acme", "changed")).toBe(
    'terminating connection because the credentials of user "ana" have changed',
  );
});
