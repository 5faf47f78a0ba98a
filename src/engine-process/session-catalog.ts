import { quoteLiteral } from "../core/identifier.ts";
import { PgError } from "../core/pg-error.ts";
import type { Connection } from "../duckdb/connection.ts";
import { icuZoneName } from "../pgtypes/time-zone.ts";
import type { Generation } from "./generation.ts";
import { Lease } from "./lease.ts";

/** A statement that holds the transaction's connection although it waits for its client. */
export interface Occupant {
  /** Goes on elsewhere, and gives the connection back. */
  vacate(): Promise<void>;
  /** Gives the connection back and ends. */
  end(): Promise<void>;
}

/** What a statement's names mean, and the settings it runs in. */
export interface SessionSurroundings {
  readonly generation: Generation;
  readonly searchPath: string;
  readonly timeZone: string;
}

/** Makes a connection in such settings. */
export type Connect = (searchPath: string, timeZone: string) => Promise<Connection>;

/**
 * One session's temporary tables and views: a DuckDB catalog in memory, which spills to the
 * workspace's temporary directory and which no other session's names can reach. Any number of
 * connections read what was committed; what is part of a transaction runs on one connection.
 */
export class SessionCatalog {
  readonly name: string;
  readonly #connect: Connect;
  /** Kept for the next transaction, with what was prepared on it. */
  #writer: Lease | undefined;
  #isOpen = false;
  #occupant: Occupant | undefined;

  constructor(name: string, connect: Connect) {
    this.name = name;
    this.#connect = connect;
  }

  /** A connection for one statement that only reads, and sees what was committed. */
  async lease({ generation, searchPath, timeZone }: SessionSurroundings): Promise<Lease> {
    const connection = await this.#connect(this.#path(searchPath), timeZone);
    return new Lease(connection, generation, "");
  }

  /**
   * The transaction's connection, from which whatever waits there is sent away first. The statement
   * is the new occupant until it gives the lease back.
   */
  async join(surroundings: SessionSurroundings, occupant: Occupant): Promise<Lease> {
    await this.#occupant?.vacate();
    const writer = await this.#writerIn(surroundings);
    this.#writer = writer;
    if (!this.#isOpen) await writer.connection.run("BEGIN TRANSACTION");
    this.#isOpen = true;
    this.#occupant = occupant;
    return writer.again();
  }

  /** Whether the lease is the transaction's, and stays with it. */
  keeps(lease: Lease): boolean {
    return lease.connection === this.#writer?.connection;
  }

  /** The statement that had joined has ended, or gone elsewhere. */
  left(occupant: Occupant): void {
    if (this.#occupant === occupant) this.#occupant = undefined;
  }

  /** Harmless where no transaction is open. */
  async endTransaction(outcome: "commit" | "rollback"): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined || !this.#isOpen) return;
    try {
      if (outcome === "commit") await this.#occupant?.vacate();
      else await this.#occupant?.end();
      await writer.connection.run(outcome === "commit" ? "COMMIT" : "ROLLBACK");
      // Names may mean again what they meant before.
      if (outcome === "rollback") writer.forget();
    } catch (error) {
      this.#closeWriter();
      throw error;
    } finally {
      this.#isOpen = false;
      this.#occupant = undefined;
    }
  }

  async close(): Promise<void> {
    // What cannot be rolled back ends with its connection.
    await this.endTransaction("rollback").catch(() => undefined);
    this.#closeWriter();
  }

  async #writerIn({ generation, searchPath, timeZone }: SessionSurroundings): Promise<Lease> {
    const path = this.#path(searchPath);
    const key = JSON.stringify([timeZone, path]);
    const writer = this.#writer;
    if (writer === undefined)
      return new Lease(await this.#connect(path, timeZone), generation, key);
    if (writer.key === key) return writer;
    await writer.connection.run(`SET search_path = ${quoteLiteral(path)}`);
    await writer.connection.run(`SET TimeZone = ${quoteLiteral(icuZoneName(timeZone))}`);
    writer.forget();
    return new Lease(writer.connection, generation, key);
  }

  #closeWriter(): void {
    this.#writer?.close();
    this.#writer = undefined;
  }

  /** After the session's own schema come those of the workspace. */
  #path(searchPath: string): string {
    return `${this.name}.main,${searchPath}`;
  }
}

/** The session catalogs of one workspace's DuckDB. */
export class SessionCatalogs {
  readonly #admin: Connection;
  readonly #connect: Connect;
  readonly #byName = new Map<string, SessionCatalog>();

  constructor(admin: Connection, connect: Connect) {
    this.#admin = admin;
    this.#connect = connect;
  }

  /** The name is one that an identifier can be without quotes. */
  async open(name: string): Promise<void> {
    if (this.#byName.has(name)) return;
    await this.#admin.run(`ATTACH ':memory:' AS ${name}`);
    this.#byName.set(name, new SessionCatalog(name, this.#connect));
  }

  /** Those that this DuckDB does not know were in one that is gone. */
  get(name: string): SessionCatalog {
    const catalog = this.#byName.get(name);
    if (catalog !== undefined) return catalog;
    throw new PgError(
      "object_not_in_prerequisite_state",
      "the temporary tables of this session are gone",
      {
        detail: "The engine process was started again, or the workspace's limits have changed.",
        hint: "DISCARD TEMP, then create them again.",
      },
    );
  }

  async endTransaction(name: string, outcome: "commit" | "rollback"): Promise<void> {
    const catalog = outcome === "rollback" ? this.#byName.get(name) : this.get(name);
    await catalog?.endTransaction(outcome);
  }

  async close(name: string): Promise<void> {
    const catalog = this.#byName.get(name);
    if (catalog === undefined) return;
    this.#byName.delete(name);
    await catalog.close();
    await this.#admin.run(`DETACH ${name}`);
  }

  /** The DuckDB is closed: connections would keep it. */
  async closeAll(): Promise<void> {
    const catalogs = [...this.#byName.values()];
    this.#byName.clear();
    for (const catalog of catalogs) await catalog.close();
  }
}
