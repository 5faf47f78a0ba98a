import type { ChildProcess } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { access, mkdir, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Logger } from "../observe/logger.ts";
import { BASE_CATALOG } from "./base-catalog.ts";
import { spawnPostgres } from "./shadow-process.ts";

/** It takes some five seconds on an idle machine; whoever takes minutes hangs. */
const PREPARE_TIMEOUT_MS = 3 * 60_000;

/**
 * The prepared data directory that every shadow starts from, as a file in the cache. It is made
 * once per version of PGlite and of the base catalog, and shared by all gateways of a machine.
 */
export class DataDirectory {
  readonly #directory: string;
  readonly #log: Logger;
  #path: Promise<string> | undefined;
  #child: ChildProcess | undefined;
  #isClosed = false;

  constructor(cacheDirectory: string, log: Logger) {
    this.#directory = cacheDirectory;
    this.#log = log;
  }

  /** The path of the archive, which is made first if need be; once, however many wait. */
  async path(): Promise<string> {
    this.#path ??= this.#find();
    try {
      return await this.#path;
    } catch (error) {
      this.#path = undefined;
      throw error;
    }
  }

  /** Nobody will ask any more: what is being made is given up. */
  close(): void {
    this.#isClosed = true;
    this.#child?.kill("SIGKILL");
  }

  /** For an archive that nothing starts from: the next start makes it anew. */
  async discard(): Promise<void> {
    const path = await this.path();
    this.#path = undefined;
    await rm(path, { force: true });
  }

  async #find(): Promise<string> {
    const path = join(this.#directory, `shadow-${fingerprint()}.tar`);
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    if (!exists) await this.#prepare(path);
    return path;
  }

  /** Two processes may do this at once: each writes a file of its own, and both are good. */
  async #prepare(path: string): Promise<void> {
    const startedAt = performance.now();
    await mkdir(this.#directory, { recursive: true });
    const temporary = `${path}.${randomUUID()}.tmp`;
    if (this.#isClosed) throw new Error("the gateway is shutting down");
    const child = spawnPostgres("./prepare-child", temporary);
    this.#child = child;
    const timer = setTimeout(() => child.kill("SIGKILL"), PREPARE_TIMEOUT_MS);
    try {
      // An exit code is a number, or null after a signal.
      const [code] = (await once(child, "exit")) as [number | null];
      if (code !== 0) throw new Error(`preparing the shadow's data directory failed (${code})`);
      await rename(temporary, path);
    } finally {
      clearTimeout(timer);
      await rm(temporary, { force: true });
    }
    const durationMs = Math.round(performance.now() - startedAt);
    this.#log.info({ path, durationMs }, "shadow data directory prepared");
  }
}

function fingerprint(): string {
  const entry = createRequire(import.meta.url).resolve("@electric-sql/pglite");
  const manifest = readFileSync(join(dirname(entry), "..", "package.json"), "utf8");
  return createHash("sha256")
    .update(manifest)
    .update(BASE_CATALOG.join(";\n"))
    .digest("hex")
    .slice(0, 16);
}
