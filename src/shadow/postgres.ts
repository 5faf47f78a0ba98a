import { PGlite } from "@electric-sql/pglite";

/**
 * What keeps an instance that holds no rows small, and every statement within bounds that it cannot
 * lift. Measured: the default of shared_buffers alone is more than all catalogs together.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  shared_buffers: "1MB",
  wal_buffers: "64kB",
  max_connections: "4",
  max_wal_senders: "0",
  wal_level: "minimal",
  min_wal_size: "2MB",
  max_wal_size: "2MB",
  // One transaction creates hundreds of relations when a workspace is mirrored.
  max_locks_per_transaction: "512",
  // Sorts and SRFs spill into the in-memory file system, which is this process's memory.
  temp_file_limit: "64MB",
  // Beyond about 1 MB the stack of V8 would overflow before PostgreSQL looks at its own, which
  // corrupts the instance without an error; see STACK_KILOBYTES.
  max_stack_depth: "400kB",
  exit_on_error: "false",
  log_checkpoints: "false",
  io_method: "sync",
  max_worker_processes: "0",
  max_parallel_workers: "0",
  max_parallel_workers_per_gather: "0",
  max_parallel_maintenance_workers: "0",
};

/** Single-user mode, no fsync, system tables may be changed, newlines are no statement's end. */
const START_PARAMETERS = [
  "--single",
  "-F",
  "-O",
  "-j",
  ...Object.entries(SETTINGS).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
];

/** WebAssembly memory: 128 MB is PGlite's least, and catalogs of 2,000 tables stay within that. */
const MEMORY_PAGES = (256 * 1024 * 1024) / 65_536;

/** The catalog files of databases that nobody can connect to: two thirds of the directory. */
const TEMPLATE_DIRECTORIES = ["base/1", "base/4"];
const WAL_DIRECTORY = "pg_wal";

/** The one door to PGlite. It is only ever opened in child processes, for its memory and its hangs. */
export class Postgres {
  readonly #pglite: PGlite;

  private constructor(pglite: PGlite) {
    this.#pglite = pglite;
  }

  /** From a prepared data directory, or by initdb where there is none. */
  static async start(dataDirectory?: Uint8Array<ArrayBuffer>): Promise<Postgres> {
    capMemory();
    return new Postgres(
      await PGlite.create({
        startParams: START_PARAMETERS,
        initDbStartParams: ["--wal-segsize=1"],
        ...(dataDirectory === undefined ? {} : { loadDataDir: new Blob([dataDirectory]) }),
      }),
    );
  }

  /**
   * Frontend messages in, all that PostgreSQL answers out, piece by piece. PGlite's other methods
   * also parse every answer, and keep what they have parsed for ever.
   */
  async roundTrip(messages: Uint8Array, receive: (piece: Buffer) => void): Promise<void> {
    await this.#pglite.execProtocolRawStream(messages, {
      syncToFs: false,
      // A copy: the bytes are PostgreSQL's own buffer, which it fills again at once.
      onRawData: (bytes) => receive(Buffer.from(bytes)),
    });
  }

  /** The data directory as a tar archive, without what an instance never reads. */
  async dump(): Promise<Uint8Array> {
    // PGlite types it by a package of declarations that it does not bring along.
    const files: FileSystem = this.#pglite.Module.FS;
    for (const path of TEMPLATE_DIRECTORIES.flatMap((name) => list(files, name))) {
      files.truncate(path, 0);
    }
    // The segment that is written to, and the next; the others only wait to be used again.
    for (const path of list(files, WAL_DIRECTORY).slice(2)) files.unlink(path);
    return new Uint8Array(await (await this.#pglite.dumpDataDir("none")).arrayBuffer());
  }
}

interface FileSystem {
  readdir(path: string): string[];
  stat(path: string): { readonly mode: number };
  isFile(mode: number): boolean;
  truncate(path: string, length: number): void;
  unlink(path: string): void;
}

/** The regular files of a folder of the data directory, by name. */
function list(files: FileSystem, folder: string): string[] {
  const root = `${PGlite.paths.PGDATA}/${folder}`;
  return files
    .readdir(root)
    .toSorted()
    .map((name) => `${root}/${name}`)
    .filter((path) => files.isFile(files.stat(path).mode));
}

interface MemoryDescriptor {
  readonly initial: number;
  readonly maximum?: number;
}

/**
 * PGlite reserves up to 2 GB and has no option for less. With this a statement that wants more gets
 * PostgreSQL's own out_of_memory.
 */
function capMemory(): void {
  // Every version of Node.js has it, but its declarations leave these values out.
  const { WebAssembly } = globalThis as unknown as {
    WebAssembly: { Memory: new (descriptor: MemoryDescriptor) => object };
  };
  WebAssembly.Memory = class extends WebAssembly.Memory {
    constructor(descriptor: MemoryDescriptor) {
      super({ ...descriptor, maximum: MEMORY_PAGES });
    }
  };
}
