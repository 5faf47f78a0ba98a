import { PgError } from "../core/pg-error.ts";
import { type ClientEncoding, clientEncodingByName } from "../protocol/client-encoding.ts";
import { isPostgresParameter } from "./parameter-names.ts";
import { type Parameter, parameterTable } from "./parameter-table.ts";

/** What a transaction can go back to. */
export interface ParameterSnapshot {
  readonly session: ReadonlyMap<string, string>;
  readonly local: ReadonlyMap<string, string>;
}

/**
 * The run-time parameters of one session. Those in the table are kept and checked here; any other
 * that PostgreSQL knows is only remembered, and handed to the shadow.
 */
export class SessionParameters {
  readonly #table: ReadonlyMap<string, Parameter>;
  /** What RESET goes back to: the startup packet's values over the server's. */
  readonly #initial = new Map<string, string>();
  #session = new Map<string, string>();
  /** SET LOCAL: until the transaction ends. */
  #local = new Map<string, string>();
  readonly #reported = new Map<string, string>();

  constructor(serverVersion: string, role: string) {
    this.#table = parameterTable(serverVersion);
    this.#initial.set("session_authorization", role);
  }

  /** Sets what the server or the startup packet decides before the session begins. */
  initialize(name: string, value: string): void {
    const key = name.toLowerCase();
    const entry = this.#table.get(key);
    if (entry === undefined && !isPostgresParameter(key)) {
      throw new PgError("undefined_object", `unrecognized configuration parameter "${name}"`);
    }
    if (entry !== undefined && entry.check === undefined) throw unchangeable(entry);
    this.#initial.set(key, entry?.check?.(value) ?? value);
  }

  get clientEncoding(): ClientEncoding {
    const key = "client_encoding";
    const name = this.#local.get(key) ?? this.#session.get(key) ?? this.#initial.get(key);
    return (name === undefined ? undefined : clientEncodingByName(name)) ?? "UTF8";
  }

  isKnown(name: string): boolean {
    const key = name.toLowerCase();
    const set = [this.#table, this.#initial, this.#session, this.#local];
    return set.some((names) => names.has(key));
  }

  /** The name as PostgreSQL spells it: SHOW's column. */
  canonicalName(name: string): string {
    return this.#table.get(name.toLowerCase())?.name ?? name.toLowerCase();
  }

  get(name: string): string {
    const key = name.toLowerCase();
    return (
      this.#local.get(key) ??
      this.#session.get(key) ??
      this.#initial.get(key) ??
      this.#table.get(key)?.initial ??
      ""
    );
  }

  /** Undefined sets the default again. The value comes back as it is kept. */
  set(name: string, value: string | undefined, scope: "session" | "local"): string {
    const key = name.toLowerCase();
    const entry = this.#table.get(key);
    if (value === this.get(name)) return value;
    if (entry !== undefined && entry.check === undefined) throw unchangeable(entry);
    const kept = value === undefined ? undefined : (entry?.check?.(value) ?? value);
    const target = scope === "local" ? this.#local : this.#session;
    if (kept !== undefined) target.set(key, kept);
    else if (scope === "local") target.set(key, this.#initial.get(key) ?? entry?.initial ?? "");
    else target.delete(key);
    // A later SET for the session counts at once, also over an earlier SET LOCAL.
    if (scope === "session") this.#local.delete(key);
    return this.get(name);
  }

  resetAll(): void {
    this.#session.clear();
    this.#local.clear();
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
    for (const { name, reported } of this.#table.values()) {
      if (!reported) continue;
      const value = this.get(name);
      if (this.#reported.get(name) === value) continue;
      this.#reported.set(name, value);
      changes.push({ name, value });
    }
    return changes;
  }

  /** What differs from the server's own defaults: what a shadow must be told. */
  changed(): ReadonlyMap<string, string> {
    return new Map([...this.#initial, ...this.#session, ...this.#local]);
  }
}

function unchangeable({ name }: Parameter): PgError {
  return new PgError("cant_change_runtime_param", `parameter "${name}" cannot be changed`);
}
