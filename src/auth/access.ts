import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { Doom } from "./scram.ts";
import {
  deriveVerifier,
  looksLikeVerifier,
  mockVerifier,
  readVerifier,
  type ScramVerifier,
  saltFor,
} from "./scram-verifier.ts";

/** What one login is tested against. */
export interface Credential {
  readonly verifier: ScramVerifier;
  /** Set where even the right password must not help; the client cannot tell. */
  readonly doomed: Doom | undefined;
}

export type Users = ReadonlyMap<string, { readonly password: string }>;

/** Asked at every login, so that a reloaded catalog counts at once. */
export type IsMember = (role: string, workspace: string) => boolean;

/** Which role may open which workspace. */
export class Access {
  readonly #verifiers: ReadonlyMap<string, ScramVerifier>;
  readonly #isMember: IsMember;
  readonly #secret: Buffer;

  private constructor(
    verifiers: ReadonlyMap<string, ScramVerifier>,
    isMember: IsMember,
    secret: Buffer,
  ) {
    this.#verifiers = verifiers;
    this.#isMember = isMember;
    this.#secret = secret;
  }

  /**
   * Turns plain passwords into verifiers. `secret` makes the salts of plain and of unknown roles:
   * it is drawn once per process and survives reloads, so that a reload changes neither of them
   * and the two cannot be told apart.
   */
  static async load(users: Users, isMember: IsMember, secret: Buffer): Promise<Access> {
    const verifiers = await Promise.all(
      [...users].map(async ([role, { password }]) => {
        const problem = passwordProblem(password);
        if (problem !== undefined) {
          throw new PgError("config_file_error", `password of user "${role}" ${problem.message}`, {
            hint: problem.hint,
          });
        }
        const verifier =
          readVerifier(password) ?? deriveVerifier(password, { salt: saltFor(role, secret) });
        return [role, await verifier] as const;
      }),
    );
    return new Access(new Map(verifiers), isMember, secret);
  }

  /** Never says no: a role that may not enter gets a credential with which no exchange succeeds. */
  credentialFor(role: string, workspace: string): Credential {
    // Both are always asked, so that the answer takes the same time.
    const mock = mockVerifier(role, this.#secret);
    const member = this.#isMember(role, workspace);
    const stored = this.#verifiers.get(role);
    if (stored === undefined) return { verifier: mock, doomed: "unknown role" };
    return { verifier: stored, doomed: member ? undefined : "not a member" };
  }
}

/** What a client hears whose login failed, for whatever reason. */
export function authenticationFailed(role: string): PgError {
  return new PgError("invalid_password", `password authentication failed for user "${role}"`, {
    severity: "FATAL",
    hint: "Check the user, the password and the database: it is the name of a workspace that the user is a member of.",
  });
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
