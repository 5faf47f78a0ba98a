import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { FieldDescription } from "../protocol/field-description.ts";
import type { Execution } from "./plan.ts";

/** A statement with its parameters, ready to run, running or suspended. */
export interface Portal {
  /** Undefined for the empty query. */
  readonly execution: Execution | undefined;
  readonly fields: readonly FieldDescription[] | undefined;
  readonly formats: readonly number[];
  readonly endsTransaction: boolean;
  readonly abort: AbortController;
  /** The transaction's savepoint when it was made: rolled back to that, it is gone. */
  readonly savepointNumber: number;
  /** Set when it has run to its end: another Execute then answers with no rows and this tag. */
  completedTag: string | undefined;
}

/** Portals by name; the unnamed one is "". They live to the end of their transaction. */
export class Portals {
  readonly #byName = new Map<string, Portal>();

  get(name: string): Portal {
    const portal = this.#byName.get(name);
    if (portal !== undefined) return portal;
    throw new PgError("invalid_cursor_name", `portal "${name}" does not exist`);
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
    this.#byName.set(name, portal);
  }

  /** Closing what does not exist is no error in the protocol. */
  close(name: string): void {
    this.#byName.get(name)?.execution?.close();
    this.#byName.delete(name);
  }

  /** Those that were made since the savepoint of this number. */
  closeSince(savepointNumber: number): void {
    for (const [name, portal] of this.#byName) {
      if (portal.savepointNumber >= savepointNumber) this.close(name);
    }
  }

  closeAll(): void {
    for (const name of this.#byName.keys()) this.close(name);
  }
}
