import { randomBytes } from "node:crypto";
import { closeSync, constants, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { PgError } from "../core/pg-error.ts";

/**
 * A file for what does not fit in memory, made when it is first needed. It has no name, so it is
 * gone when it is closed, however the process ends.
 */
export class ScratchFile {
  readonly #directory: string;
  #file: number | undefined;
  #length = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Returns where the bytes lie. */
  append(bytes: Buffer): number {
    const position = this.#length;
    try {
      this.#file ??= openNameless(this.#directory);
      for (let written = 0; written < bytes.length; ) {
        const rest = bytes.length - written;
        written += writeSync(this.#file, bytes, written, rest, position + written);
      }
    } catch (cause) {
      throw isDiskFull(cause)
        ? new PgError("disk_full", "no space left on the device while a workbook is read", {
            hint: `Free some space in "${this.#directory}".`,
            cause,
          })
        : cause;
    }
    this.#length += bytes.length;
    return position;
  }

  read(position: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    this.readInto(bytes, position, length);
    return bytes;
  }

  readInto(target: Buffer, position: number, length: number): void {
    if (this.#file === undefined) throw new Error("the scratch file is closed");
    for (let filled = 0; filled < length; ) {
      const count = readSync(this.#file, target, filled, length - filled, position + filled);
      if (count === 0) throw new PgError("io_error", "a temporary file became shorter");
      filled += count;
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

function openNameless(directory: string): number {
  const path = join(directory, `scratch-${randomBytes(8).toString("hex")}.tmp`);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;
  const file = openSync(path, flags, 0o600);
  unlinkSync(path);
  return file;
}

function isDiskFull(error: unknown): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    (error.code === "ENOSPC" || error.code === "EDQUOT")
  );
}
