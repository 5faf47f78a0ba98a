import { PgError } from "../core/pg-error.ts";
import { type ClientEncoding, clientEncodingByName } from "../protocol/client-encoding.ts";
import { ParameterTable } from "./parameter-table.ts";

/** What a transaction can go back to. */
export interface ParameterSnapshot {
  readonly session: ReadonlyMap<string, string>;
  readonly local: ReadonlyMap<string, string>;
}

export type TransactionParameters = readonly (readonly [name: string, value: string])[];

/** They describe the open transaction, whatever SET says, and are by default what these say. */
const OF_TRANSACTION: ReadonlyMap<string, string> = new Map([
  ["transaction_isolation", "default_transaction_isolation"],
  ["transaction_read_only", "default_transaction_read_only"],
  ["transaction_deferrable", "default_transaction_deferrable"],
]);

/** A name with a dot is anybody's, if it could be written without quotes. */
const CUSTOM_NAME = /^[\p{L}_][\p{L}\p{N}_$]*(\.[\p{L}_][\p{L}\p{N}_$]*)+$/u;

/** Prefix of the settings by which the gateway and its shadow understand each other. */
const RESERVED_PREFIX = "bucketgres.";

/** The run-time parameters of one session, as PostgreSQL 15 has them, and custom ones. */
export class SessionParameters {
  readonly #table: ParameterTable;
  /** What RESET goes back to: the startup packet's values over the server's. */
  readonly #initial = new Map<string, string>();
  #session = new Map<string, string>();
  /** SET LOCAL: until the transaction ends. */
  #local = new Map<string, string>();
  /** Custom parameters that were ever set: they exist from then on, if only as an empty text. */
  readonly #custom = new Set<string>();
  readonly #reported = new Map<string, string>();

  constructor(serverVersion: string, role: string) {
    this.#table = new ParameterTable(serverVersion, role);
  }

  /** Sets what the server or the startup packet decides before the session begins. */
  initialize(name: string, value: string): void {
    const key = name.toLowerCase();
    this.#initial.set(key, this.#checked(name, value, "startup"));
    if (!this.#table.has(key)) this.#custom.add(key);
  }

  get clientEncoding(): ClientEncoding {
    return clientEncodingByName(this.get("client_encoding")) ?? "UTF8";
  }

  isKnown(name: string): boolean {
    const key = name.toLowerCase();
    return this.#table.has(key) || this.#custom.has(key);
  }

  /** The name as PostgreSQL spells it: SHOW's column. */
  canonicalName(name: string): string {
    return this.#table.get(name.toLowerCase())?.name ?? name;
  }

  /** Of a parameter that is known; any other is empty. */
  get(name: string): string {
    const key = name.toLowerCase();
    const value = this.#local.get(key) ?? this.#session.get(key) ?? this.#initial.get(key);
    if (value !== undefined) return value;
    const inherited = OF_TRANSACTION.get(key);
    return inherited === undefined ? (this.#table.get(key)?.initial ?? "") : this.get(inherited);
  }

  /** What SHOW and current_setting() answer. */
  show(name: string): string {
    if (!this.isKnown(name)) throw unrecognized(name);
    if (this.#table.get(name.toLowerCase())?.isHidden !== true) return this.get(name);
    throw new PgError(
      "insufficient_privilege",
      `must be superuser or have privileges of pg_read_all_settings to examine "${name}"`,
    );
  }

  /** What SHOW ALL lists. */
  all(): ReadonlyMap<string, string> {
    const unlisted = new Set(["is_superuser", "role", "session_authorization", "seed"]);
    const listed = [...this.#table.values()].filter(
      ({ name, isHidden }) => !isHidden && !unlisted.has(name),
    );
    const names = [...listed.map(({ name }) => name), ...this.#custom];
    return new Map(names.map((name) => [name, this.get(name)]));
  }

  /** Of the open transaction, for the one that a COMMIT AND CHAIN opens. */
  ofTransaction(): TransactionParameters {
    return [...OF_TRANSACTION.keys()].map((name) => [name, this.get(name)]);
  }

  /** Undefined sets the default again. The value comes back as it is kept. */
  set(name: string, value: string | undefined, scope: "session" | "local"): string {
    const key = name.toLowerCase();
    const kept = this.#checked(name, value, "session");
    if (!this.#table.has(key)) this.#custom.add(key);
    const inherited = OF_TRANSACTION.get(key);
    const isLocal = scope === "local" || inherited !== undefined;
    const target = isLocal ? this.#local : this.#session;
    if (value !== undefined) target.set(key, kept);
    else if (isLocal) target.set(key, this.#default(key));
    else target.delete(key);
    // A later SET for the session counts at once, also over an earlier SET LOCAL.
    if (!isLocal) this.#local.delete(key);
    return this.get(name);
  }

  resetAll(): void {
    this.#session.clear();
    // What the open transaction is stays.
    for (const key of this.#local.keys()) if (!OF_TRANSACTION.has(key)) this.#local.delete(key);
  }

  snapshot(): ParameterSnapshot {
    return { session: new Map(this.#session), local: new Map(this.#local) };
  }

  restore(snapshot: ParameterSnapshot): void {
    this.#session = new Map(snapshot.session);
    this.#local = new Map(snapshot.local);
  }

  /** The end of a transaction that was committed. */
  endLocal(): void {
    this.#local.clear();
  }

  /** What the client was told last and is no longer true, for ParameterStatus. */
  takeChanges(): readonly { readonly name: string; readonly value: string }[] {
    const changes: { name: string; value: string }[] = [];
    for (const { name } of this.#table.reported) {
      const value = this.get(name);
      if (this.#reported.get(name) === value) continue;
      this.#reported.set(name, value);
      changes.push({ name, value });
    }
    return changes;
  }

  /** What differs from the server's own defaults: what a shadow must be told. */
  changed(): ReadonlyMap<string, string> {
    const custom = [...this.#custom].map((name) => [name, ""] as const);
    return new Map([...custom, ...this.#initial, ...this.#session, ...this.#local]);
  }

  #default(key: string): string {
    const inherited = OF_TRANSACTION.get(key);
    if (inherited !== undefined) return this.get(inherited);
    return this.#initial.get(key) ?? this.#table.get(key)?.initial ?? "";
  }

  /** The value as it is kept, or why it, or any other, cannot be set. RESET is checked, too. */
  #checked(name: string, value: string | undefined, when: "startup" | "session"): string {
    const entry = this.#table.get(name.toLowerCase());
    if (entry === undefined) {
      checkCustom(name);
      return value ?? "";
    }
    const { change } = entry;
    switch (change.by) {
      case "user":
        return value === undefined ? "" : this.#completed(entry.name, value, change.check(value));
      case "backend":
        if (when === "startup") return value ?? "";
        throw fixed(entry.name, "cannot be set after connection start");
      case "sighup":
        throw fixed(entry.name, "cannot be changed now");
      case "postmaster":
        throw fixed(entry.name, "cannot be changed without restarting the server");
      case "internal":
        throw fixed(entry.name, "cannot be changed");
      case "superuser":
        throw new PgError(
          "insufficient_privilege",
          `permission denied to set parameter "${entry.name}"`,
        );
    }
  }

  /** SET datestyle = 'ISO' keeps the order of day and month that was. */
  #completed(name: string, value: string, checked: string): string {
    if (name !== "DateStyle" || /mdy|dmy|ymd|us|euro/i.test(value)) return checked;
    return `${checked.slice(0, -3)}${this.get(name).slice(-3)}`;
  }
}

export function unrecognized(name: string): PgError {
  return new PgError("undefined_object", `unrecognized configuration parameter "${name}"`);
}

function checkCustom(name: string): void {
  if (!name.includes(".")) throw unrecognized(name);
  if (!CUSTOM_NAME.test(name)) {
    throw new PgError("invalid_name", `invalid configuration parameter name "${name}"`, {
      detail: "Custom parameter names must be two or more simple identifiers separated by dots.",
    });
  }
  if (name.toLowerCase().startsWith(RESERVED_PREFIX)) {
    throw new PgError("invalid_name", `invalid configuration parameter name "${name}"`, {
      detail: `"${RESERVED_PREFIX.slice(0, -1)}" is a reserved prefix.`,
    });
  }
}

function fixed(name: string, how: string): PgError {
  return new PgError("cant_change_runtime_param", `parameter "${name}" ${how}`);
}
