import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { FieldDescription } from "../protocol/field-description.ts";
import type { PortalScan } from "./portal-scan.ts";

/** A statement with its parameters, ready to run, running or suspended; a cursor is one, too. */
export interface Portal {
  /** Undefined for the empty query. */
  readonly scan: PortalScan | undefined;
  readonly fields: readonly FieldDescription[] | undefined;
  readonly formats: readonly number[];
  readonly endsTransaction: boolean;
  /** A cursor that was declared BINARY. */
  readonly isBinary: boolean;
  /** A cursor that outlives the transaction that has made it, if that commits. */
  readonly holds: boolean;
}

interface Entry {
  readonly portal: Portal;
  /** Later ones have higher numbers. */
  readonly number: number;
  /** It belongs to the session: its transaction has committed. */
  isHeld: boolean;
}

/**
 * Portals by name, of Bind and of DECLARE alike; the unnamed one is "". They live to the end of their
 * transaction, except for those that hold.
 */
export class Portals {
  readonly #byName = new Map<string, Entry>();
  #lastNumber = 0;

  find(name: string): Portal | undefined {
    return this.#byName.get(name)?.portal;
  }

  get(name: string): Portal {
    const portal = this.find(name);
    if (portal !== undefined) return portal;
    throw new PgError("invalid_cursor_name", `portal "${name}" does not exist`);
  }

  /** The same in SQL's words. */
  cursor(name: string): Portal {
    const portal = this.find(name);
    if (portal !== undefined) return portal;
    throw new PgError("invalid_cursor_name", `cursor "${name}" does not exist`);
  }

  requireFree(name: string): void {
    if (name !== "" && this.#byName.has(name)) {
      throw new PgError("duplicate_cursor", `cursor "${name}" already exists`);
    }
    if (!this.#byName.has(name) && this.#byName.size >= LIMITS.portals) {
      throw new PgError(
        "program_limit_exceeded",
        `too many portals in this session (${LIMITS.portals})`,
        {
          hint: "Close those that are no longer needed.",
        },
      );
    }
  }

  add(name: string, portal: Portal): void {
    this.requireFree(name);
    this.close(name);
    this.#byName.set(name, { portal, number: ++this.#lastNumber, isHeld: false });
  }

  /** Closing what does not exist is no error in the protocol. */
  close(name: string): void {
    this.find(name)?.scan?.close();
    this.#byName.delete(name);
  }

  /** All but the one that runs the statement which asks for this. */
  closeAll(): void {
    this.#closeWhere(({ portal }) => portal.scan?.isRunning !== true);
  }

  /** The transaction has committed: what holds is the session's from now on. */
  commit(): void {
    this.#closeWhere(({ portal }) => !portal.holds);
    for (const entry of this.#byName.values()) entry.isHeld = true;
  }

  /** The transaction has made nothing that stays. */
  rollback(): void {
    this.#closeWhere(({ isHeld }) => !isHeld);
  }

  /** For a savepoint: what was made up to now. */
  get mark(): number {
    return this.#lastNumber;
  }

  rollbackTo(mark: number): void {
    this.#closeWhere(({ number }) => number > mark);
  }

  #closeWhere(condition: (entry: Entry) => boolean): void {
    for (const [name, entry] of this.#byName) if (condition(entry)) this.close(name);
  }
}
