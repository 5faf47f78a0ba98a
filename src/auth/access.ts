import { createHash } from "node:crypto";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { Doom } from "./scram.ts";
import {
  DEFAULT_ITERATIONS,
  deriveVerifier,
  looksLikeVerifier,
  mockVerifier,
  readVerifier,
  type ScramVerifier,
  saltFor,
  verifierText,
} from "./scram-verifier.ts";

/** How a role proves who it is: at least one of the two, and both where both are set. */
export interface UserCredentials {
  /** Plain text or a verifier. */
  readonly password?: string | undefined;
  /** The common name that the client's certificate must have. */
  readonly certificateName?: string | undefined;
  /** In milliseconds since 1970: from then on nothing that the role knows or has opens anything. */
  readonly expiresAtMs?: number | undefined;
}

export type Users = ReadonlyMap<string, UserCredentials>;

/** What one login is tested against. */
export interface Credential {
  /** Undefined where the certificate is all that is asked for. */
  readonly verifier: ScramVerifier | undefined;
  readonly certificateName: string | undefined;
  /** Set where even the right proof must not help; the client cannot tell. */
  readonly doomed: Doom | undefined;
  /** Changes with everything that the login is tested against, and tells nothing of it. */
  readonly identity: string;
}

/** Why a session that was begun rightly may not go on. */
export type Revocation = "removed" | "changed" | "expired" | "not a member";

/** Asked at every login, so that a reloaded catalog counts at once. */
export type IsMember = (role: string, workspace: string) => boolean;

export interface AccessOptions {
  readonly isMember: IsMember;
  /**
   * Makes the salts of plain and of unknown roles: drawn once per process, it survives reloads, so
   * that a reload changes neither of them and the two cannot be told apart.
   */
  readonly secret: Buffer;
  /** Milliseconds since 1970. */
  readonly nowMs?: () => number;
}

interface User {
  readonly verifier: ScramVerifier | undefined;
  readonly certificateName: string | undefined;
  readonly expiresAtMs: number;
  readonly identity: string;
}

/** Which role may open which workspace. */
export class Access {
  readonly #users: ReadonlyMap<string, User>;
  readonly #isMember: IsMember;
  readonly #secret: Buffer;
  readonly #nowMs: () => number;
  readonly #mockIterations: number;

  private constructor(users: ReadonlyMap<string, User>, options: AccessOptions) {
    this.#users = users;
    this.#isMember = options.isMember;
    this.#secret = options.secret;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#mockIterations = commonIterations(users);
  }

  /** Turns plain passwords into verifiers. */
  static async load(users: Users, options: AccessOptions): Promise<Access> {
    const loaded = await Promise.all(
      [...users].map(async ([role, credentials]) => {
        const { password, certificateName, expiresAtMs = Number.POSITIVE_INFINITY } = credentials;
        const verifier =
          password === undefined ? undefined : await verifierOf(role, password, options.secret);
        const identity = identityOf(verifier, certificateName);
        return [role, { verifier, certificateName, expiresAtMs, identity }] as const;
      }),
    );
    return new Access(new Map(loaded), options);
  }

  /** Never says no: a role that may not enter gets a credential with which no exchange succeeds. */
  credentialFor(role: string, workspace: string): Credential {
    // Both are always asked, so that the answer takes the same time.
    const mock = mockVerifier(role, this.#secret, this.#mockIterations);
    const member = this.#isMember(role, workspace);
    const user = this.#users.get(role);
    if (user === undefined) {
      return { verifier: mock, certificateName: undefined, doomed: "unknown role", identity: "" };
    }
    const { verifier, certificateName, identity } = user;
    const doomed = this.#hasExpired(user) ? "expired" : member ? undefined : "not a member";
    return { verifier, certificateName, doomed, identity };
  }

  /** Whether a session that began with the credential of this identity would begin no more. */
  revocation(role: string, workspace: string, identity: string): Revocation | undefined {
    const user = this.#users.get(role);
    if (user === undefined) return "removed";
    if (user.identity !== identity) return "changed";
    if (this.#hasExpired(user)) return "expired";
    return this.#isMember(role, workspace) ? undefined : "not a member";
  }

  /** When the next role expires, in milliseconds since 1970. */
  get nextExpiryMs(): number | undefined {
    const now = this.#nowMs();
    const next = [...this.#users.values()]
      .map(({ expiresAtMs }) => expiresAtMs)
      .filter((at) => Number.isFinite(at) && at > now);
    return next.length === 0 ? undefined : Math.min(...next);
  }

  #hasExpired({ expiresAtMs }: User): boolean {
    return expiresAtMs <= this.#nowMs();
  }
}

async function verifierOf(role: string, password: string, secret: Buffer): Promise<ScramVerifier> {
  const problem = passwordProblem(password);
  if (problem !== undefined) {
    throw new PgError("config_file_error", `password of user "${role}" ${problem.message}`, {
      hint: problem.hint,
    });
  }
  return (
    readVerifier(password) ?? (await deriveVerifier(password, { salt: saltFor(role, secret) }))
  );
}

function identityOf(verifier: ScramVerifier | undefined, certificateName = ""): string {
  const proof = `${verifier === undefined ? "" : verifierText(verifier)}\0${certificateName}`;
  return createHash("sha256").update(proof).digest("base64");
}

/** What most users have, so that an unknown one does not stand out by its number. */
function commonIterations(users: ReadonlyMap<string, User>): number {
  const counts = new Map<number, number>();
  for (const { verifier } of users.values()) {
    if (verifier === undefined) continue;
    counts.set(verifier.iterations, (counts.get(verifier.iterations) ?? 0) + 1);
  }
  const [most] = [...counts].toSorted((a, b) => b[1] - a[1] || a[0] - b[0]);
  return most?.[0] ?? DEFAULT_ITERATIONS;
}

/** Why a configured password cannot be used, without a word of it; undefined where it can. */
export function passwordProblem(
  password: string,
): { readonly message: string; readonly hint: string } | undefined {
  const hint = "Make a verifier with: bucketgres hash-password";
  if (password === "") return { message: "is empty", hint };
  if (/^md5[0-9a-f]{32}$/.test(password)) {
    return { message: "is an MD5 hash, which SCRAM-SHA-256 cannot use", hint };
  }
  if (looksLikeVerifier(password) && readVerifier(password) === undefined) {
    return {
      message: `is not a well-formed SCRAM-SHA-256 verifier with at most ${LIMITS.scramIterations} iterations`,
      hint,
    };
  }
  return undefined;
}
