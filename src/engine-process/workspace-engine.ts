import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { quoteLiteral } from "../core/identifier.ts";
import { LIMITS } from "../core/limits.ts";
import type { Connection } from "../duckdb/connection.ts";
import { type Database, openDatabase } from "../duckdb/database.ts";
import type { PreparedStatement } from "../duckdb/prepared-statement.ts";
import type {
  ConfiguredWorkspace,
  DescribeRequest,
  EngineDescription,
  EngineWorkspace,
  TemporaryScope,
} from "../engine/engine.ts";
import { snapshotLost } from "../engine/snapshot-lost.ts";
import { describeType } from "../pgtypes/duckdb-types.ts";
import { icuZoneName, TimeZones } from "../pgtypes/time-zone.ts";
import { ENGINE_MACROS, ENGINE_SETTINGS } from "../sql/engine-dialect.ts";
import { guardDuckdbAst } from "../sql/guard-duckdb.ts";
import { fieldsOf } from "./fields.ts";
import type { Generation } from "./generation.ts";
import { Lease } from "./lease.ts";
import {
  type Occupant,
  type SessionCatalog,
  SessionCatalogs,
  type SessionSurroundings,
} from "./session-catalog.ts";
import { WorkspaceSchema } from "./workspace-schema.ts";

/** A statement that is over before another can come. */
const VACANT: Occupant = { vacate: async () => undefined, end: async () => undefined };

/** Of each combination of settings. */
const IDLE_CONNECTIONS = 8;

/** Settings that may still be changed on a connection when all others are locked: by us, for a session. */
const SESSION_SETTINGS = ["streaming_buffer_size", "TimeZone", "search_path", "schema"];

/**
 * One workspace's DuckDB: in memory, locked down, with the cache files attached read-only. Client
 * SQL gets here translated and checked; should something slip through, nothing outside the
 * workspace's own cache folder can be opened, loaded or changed.
 */
export class WorkspaceEngine {
  /** Those that sessions have named: making one takes longer than most statements. */
  readonly zones = new TimeZones();
  readonly #database: Database;
  readonly #admin: Connection;
  readonly #schema: WorkspaceSchema;
  readonly #tempDirectory: string;
  /** Connections of the current generation that wait for a statement, by the settings that they are in. */
  readonly #idle = new Map<string, Lease[]>();
  /** What open transactions have seen first, and go on seeing. */
  readonly #pins = new Map<
    string,
    { readonly generation: Generation; readonly free: () => void }
  >();
  /** Open transactions that saw something in an engine which is closed. */
  readonly #lost = new Set<string>();
  /** Temporary tables. */
  readonly sessions: SessionCatalogs;
  /** For connections on loan: gives back their hold on the generation. */
  readonly #holds = new Map<Lease, () => void>();
  /** Of those that are part of a session's transaction. */
  readonly #joined = new Map<
    Lease,
    { readonly catalog: SessionCatalog; readonly occupant: Occupant }
  >();
  #closed = false;

  private constructor(
    database: Database,
    admin: Connection,
    schema: WorkspaceSchema,
    tempDirectory: string,
  ) {
    this.#database = database;
    this.#admin = admin;
    this.#schema = schema;
    this.#tempDirectory = tempDirectory;
    this.sessions = new SessionCatalogs(admin, (searchPath, timeZone) =>
      this.#connect(searchPath, timeZone),
    );
  }

  static async open(definition: EngineWorkspace, tempDirectory: string): Promise<WorkspaceEngine> {
    mkdirSync(tempDirectory, { recursive: true, mode: 0o700 });
    const database = await openDatabase({
      path: ":memory:",
      config: {
        threads: String(definition.threads),
        memory_limit: `${Math.ceil(definition.memoryBytes / 1024)}KiB`,
        temp_directory: tempDirectory,
        autoinstall_known_extensions: "false",
        autoload_known_extensions: "false",
        allow_community_extensions: "false",
        allow_unsigned_extensions: "false",
        allow_persistent_secrets: "false",
      },
    });
    try {
      const admin = await database.connect();
      await lockDown(admin, definition);
      const schema = await WorkspaceSchema.create(admin);
      return new WorkspaceEngine(database, admin, schema, tempDirectory);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** One configuration after another, each in one step for every statement that starts later. */
  async configure(definition: EngineWorkspace): Promise<ConfiguredWorkspace> {
    const before = this.#schema.current;
    const configured = await this.#schema.apply(definition);
    if (this.#schema.current !== before) this.#closeIdle();
    return configured;
  }

  /**
   * A connection of its own for one statement, in the session's settings: a second statement on it
   * would end the first. In a transaction it sees what the transaction's first statement saw. Only
   * an occupant can join the session's transaction over its temporary tables.
   */
  async lease(
    { settings, transaction, temporary }: Omit<DescribeRequest, "workspace" | "sql" | "dialect">,
    occupant: Occupant = VACANT,
  ): Promise<Lease> {
    const generation = transaction === undefined ? this.#schema.current : this.#pinned(transaction);
    const searchPath = generation.searchPath(settings.searchPath);
    const { timeZone } = settings;
    const free = generation.hold();
    try {
      const surroundings = { generation, searchPath, timeZone };
      const lease =
        temporary === undefined
          ? await this.#pooled(surroundings)
          : await this.#ofSession(temporary, surroundings, occupant);
      this.#holds.set(lease, free);
      return lease;
    } catch (error) {
      free();
      throw error;
    }
  }

  /** Whether the connection goes on in a transaction, which an interrupt would end. */
  isJoined(lease: Lease): boolean {
    return this.#joined.has(lease);
  }

  /** Takes a connection back. One whose statement did not end by itself is not used again. */
  release(lease: Lease, state: "clean" | "interrupted"): void {
    const joined = this.#joined.get(lease);
    this.#joined.delete(lease);
    joined?.catalog.left(joined.occupant);
    if (joined === undefined) this.#giveBack(lease, state);
    else if (!joined.catalog.keeps(lease)) lease.close();
    this.#holds.get(lease)?.();
    this.#holds.delete(lease);
  }

  #giveBack(lease: Lease, state: "clean" | "interrupted"): void {
    const idle = this.#idle.get(lease.key) ?? [];
    const isPast = lease.generation !== this.#schema.current || lease.key === "";
    if (state === "interrupted" || isPast || this.#closed || idle.length >= IDLE_CONNECTIONS) {
      lease.close();
    } else {
      this.#idle.set(lease.key, [...idle, lease]);
    }
  }

  async #pooled({ generation, searchPath, timeZone }: SessionSurroundings): Promise<Lease> {
    const key = JSON.stringify([timeZone, searchPath]);
    const idle = this.#idle.get(key)?.pop();
    if (idle !== undefined) return idle;
    return new Lease(await this.#connect(searchPath, timeZone), generation, key);
  }

  async #ofSession(
    { session, inTransaction }: TemporaryScope,
    surroundings: SessionSurroundings,
    occupant: Occupant,
  ): Promise<Lease> {
    const catalog = this.sessions.get(session);
    if (!inTransaction) return await catalog.lease(surroundings);
    const lease = await catalog.join(surroundings, occupant);
    this.#joined.set(lease, { catalog, occupant });
    return lease;
  }

  async #connect(searchPath: string, timeZone: string): Promise<Connection> {
    const connection = await this.#database.connect();
    try {
      await connection.run(`SET streaming_buffer_size = '${LIMITS.engineReadAheadBytes}B'`);
      await connection.run(`SET search_path = ${quoteLiteral(searchPath)}`);
      if (timeZone !== "UTC")
        await connection.run(`SET TimeZone = ${quoteLiteral(icuZoneName(timeZone))}`);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** A connection that looks for no names of its own: for spools. */
  readonly connect = (): Promise<Connection> => this.#database.connect();

  /** Those that are open, by name. */
  get transactions(): readonly string[] {
    return [...this.#pins.keys(), ...this.#lost];
  }

  /** These cannot go on here: what they have seen was in another engine. */
  refuse(transactions: readonly string[]): void {
    for (const transaction of transactions) this.#lost.add(transaction);
  }

  /** The transaction has ended: what only it has seen may go. */
  endTransaction(transaction: string): void {
    this.#lost.delete(transaction);
    this.#pins.get(transaction)?.free();
    this.#pins.delete(transaction);
  }

  /** Plans a statement, once it has passed the guard. It stays prepared on its connection. */
  async prepare(lease: Lease, { sql, dialect }: DescribeRequest): Promise<PreparedStatement> {
    const known = lease.find(sql);
    if (known !== undefined) return known;
    const { connection, generation } = lease;
    if (dialect === "duckdb") await guard(connection, sql, generation.schemas);
    try {
      const prepared = await connection.prepare(sql);
      lease.keep(sql, prepared);
      return prepared;
    } catch (error) {
      throw (await generation.unavailable(connection, sql, error)) ?? error;
    }
  }

  async describe(lease: Lease, request: DescribeRequest): Promise<EngineDescription> {
    const prepared = await this.prepare(lease, request);
    return {
      parameterOids: prepared.parameters.map((type) => type && describeType(type).typeOid),
      fields: fieldsOf(prepared.columns),
    };
  }

  close(): void {
    this.#closed = true;
    this.#closeIdle();
    void this.sessions.closeAll().finally(() => {
      this.#admin.close();
      this.#database.close();
      rmSync(this.#tempDirectory, { recursive: true, force: true });
    });
  }

  #pinned(transaction: string): Generation {
    if (this.#lost.has(transaction)) throw snapshotLost();
    const known = this.#pins.get(transaction);
    if (known !== undefined) return known.generation;
    const generation = this.#schema.current;
    this.#pins.set(transaction, { generation, free: generation.hold() });
    return generation;
  }

  #closeIdle(): void {
    for (const lease of [...this.#idle.values()].flat()) lease.close();
    this.#idle.clear();
  }
}

/** What PostgreSQL's grammar cannot read is checked as DuckDB itself has parsed it. */
async function guard(
  connection: Connection,
  sql: string,
  schemas: ReadonlySet<string>,
): Promise<void> {
  const [row] = await connection.rows("SELECT json_serialize_sql($1::VARCHAR)::VARCHAR", [sql]);
  guardDuckdbAst(String(row?.[0]), { schemas, sql });
}

async function lockDown(admin: Connection, definition: EngineWorkspace): Promise<void> {
  // Given when the instance is opened, this limit would be shown and not be kept.
  const tempDisk = `${Math.ceil(definition.tempDiskBytes / 1024)}KiB`;
  const statements = [
    `SET max_temp_directory_size = '${tempDisk}'`,
    ...ENGINE_SETTINGS,
    "SET TimeZone = 'UTC'",
    "CREATE SCHEMA bucketgres",
    ...ENGINE_MACROS,
    `SET allowed_directories = [${quoteLiteral(join(definition.cacheDirectory, "/"))}]`,
    "SET enable_external_access = false",
    `SET allowed_configs = [${SESSION_SETTINGS.map(quoteLiteral).join(", ")}]`,
    "SET lock_configuration = true",
  ];
  for (const statement of statements) await admin.run(statement);
}
