/** Parquet as a relation of DuckDB's SQL: its columns come as `c0`, `c1` and so on. */
import { open } from "node:fs/promises";
import { quoteLiteral } from "../core/identifier.ts";
import { PgError } from "../core/pg-error.ts";

/** The format's specification: 4 bytes at both ends, and before the last ones the footer's length. */
const MAGIC = "PAR1";
const ENCRYPTED_MAGIC = "PARE";
const MAGIC_BYTES = 4;
const TAIL_BYTES = 8;

/** Says of what is no whole Parquet file what is wrong with it, before DuckDB reads it. */
export async function refuseBrokenParquet(path: string, file: string): Promise<void> {
  await using handle = await open(path);
  const { size } = await handle.stat();
  const head = Buffer.alloc(MAGIC_BYTES);
  const tail = Buffer.alloc(TAIL_BYTES);
  await handle.read(head, 0, MAGIC_BYTES, 0);
  if (head.toString("latin1") === ENCRYPTED_MAGIC) throw encrypted(file);
  if (head.toString("latin1") !== MAGIC) {
    throw new PgError("bad_copy_file_format", `file "${file}" is not a Parquet file`, {
      hint: "Check what the source points at, or set format: to what the file is.",
    });
  }
  if (size >= TAIL_BYTES + MAGIC_BYTES) await handle.read(tail, 0, TAIL_BYTES, size - TAIL_BYTES);
  const last = tail.toString("latin1", MAGIC_BYTES);
  if (last === ENCRYPTED_MAGIC) throw encrypted(file);
  const footerBytes = tail.readUInt32LE(0);
  if (last === MAGIC && footerBytes <= size - TAIL_BYTES - MAGIC_BYTES) return;
  throw new PgError("bad_copy_file_format", `file "${file}" is a Parquet file without its end`, {
    hint: "Upload the object again; it was probably cut off.",
  });
}

function encrypted(file: string): PgError {
  return new PgError("feature_not_supported", `file "${file}" is an encrypted Parquet file`, {
    hint: "Write it without encryption; the store can encrypt it at rest.",
  });
}

export function parquetColumn(index: number): string {
  return `c${index}`;
}

/** The file with its own column names. Names of folders such as `year=2024` add no columns. */
export function parquetFile(path: string): string {
  // DuckDB takes a path for a pattern.
  const literal = quoteLiteral(path.replace(/[*?[]/g, "[$&]"));
  return `read_parquet(${literal}, hive_partitioning = false, filename = false)`;
}

/** What to select from. */
export function parquetRelation(path: string, columnCount: number): string {
  const names = Array.from({ length: columnCount }, (_, index) => parquetColumn(index));
  return `(SELECT * FROM ${parquetFile(path)} AS parquet(${names.join(", ")}))`;
}
