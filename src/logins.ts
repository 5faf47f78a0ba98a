import { randomBytes } from "node:crypto";
import { Access, type IsMember, type Users } from "./auth/access.ts";
import { revocationMessage } from "./auth/refusals.ts";
import type { RoleName } from "./core/brands.ts";
import type { Logger } from "./observe/logger.ts";
import type { SessionRegistry } from "./session/session-registry.ts";
import type { UserSettings } from "./settings/settings.ts";

export interface LoginsOptions {
  readonly isMember: IsMember;
  readonly sessions: SessionRegistry;
  readonly log: Logger;
}

/** Longer timers fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Who may log in now and over reloads, and the end of sessions whose login no longer holds. */
export class Logins implements Disposable {
  readonly #options: LoginsOptions;
  readonly #secret: Buffer;
  #access: Access;
  #expiry: NodeJS.Timeout | undefined;

  private constructor(options: LoginsOptions, secret: Buffer, access: Access) {
    this.#options = options;
    this.#secret = secret;
    this.#access = access;
    this.#waitForExpiry();
  }

  static async open(
    users: ReadonlyMap<RoleName, UserSettings>,
    options: LoginsOptions,
  ): Promise<Logins> {
    const secret = randomBytes(32);
    const access = await Access.load(credentialsOf(users), { ...options, secret });
    return new Logins(options, secret, access);
  }

  get access(): Access {
    return this.#access;
  }

  /** From now on logins are tested against these. */
  async apply(users: ReadonlyMap<RoleName, UserSettings>): Promise<void> {
    const { isMember } = this.#options;
    this.#access = await Access.load(credentialsOf(users), { isMember, secret: this.#secret });
  }

  /** Ends the sessions of users that were removed, changed, expired or put out of their workspace. */
  revoke(): void {
    const { sessions, log } = this.#options;
    const count = sessions.revoke(({ role, workspace, identity }) => {
      const why = this.#access.revocation(role, workspace, identity);
      return why && revocationMessage(role, workspace, why);
    });
    if (count > 0) log.info({ sessions: count }, "sessions ended: their logins no longer hold");
    this.#waitForExpiry();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#expiry);
  }

  #waitForExpiry(): void {
    clearTimeout(this.#expiry);
    const { nextExpiryMs } = this.#access;
    if (nextExpiryMs === undefined) return;
    const wait = Math.min(nextExpiryMs - Date.now(), LONGEST_TIMER_MS);
    // A timer may be early by the part of a millisecond that the clock does not show.
    this.#expiry = setTimeout(() => this.revoke(), Math.max(0, wait) + 1).unref();
  }
}

function credentialsOf(users: ReadonlyMap<RoleName, UserSettings>): Users {
  return new Map(
    [...users].map(([role, { password, certificateName, expiresAtMs }]) => {
      const text = password?.kind === "plain" ? password.text : password?.verifier;
      return [role, { password: text, certificateName, expiresAtMs }];
    }),
  );
}
