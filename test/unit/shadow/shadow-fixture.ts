import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { WorkspaceName } from "../../../src/core/brands.ts";
import { PgError } from "../../../src/core/pg-error.ts";
import { createLogger } from "../../../src/observe/logger.ts";
import type { MirrorModel, MirrorTable } from "../../../src/shadow/mirror.ts";
import type { ShadowContext, ShadowRequest } from "../../../src/shadow/shadow.ts";
import { ShadowPool, type ShadowPoolOptions } from "../../../src/shadow/shadow-pool.ts";

/** Kept between runs, as other tools keep theirs: making it takes seconds, and it is the same. */
export const CACHE_DIRECTORY = fileURLToPath(
  new URL("../../../node_modules/.cache/bucketgres-shadow", import.meta.url),
);

export const SILENT = createLogger({ level: "silent" });

export function shadowPool(options: Partial<ShadowPoolOptions> = {}): ShadowPool {
  return new ShadowPool({ cacheDirectory: CACHE_DIRECTORY, log: SILENT, ...options });
}

/** A log, and the lines that were written to it. */
export function recordedLog() {
  const lines: unknown[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  return { lines, log: createLogger({ level: "debug", pretty: false, destination }) };
}

export function workspaceName(name: string): WorkspaceName {
  // The names of tests are valid ones.
  return name as WorkspaceName;
}

export const ACME = workspaceName("acme");

export function model(parts: Partial<MirrorModel> = {}): MirrorModel {
  return {
    database: "acme",
    schemas: ["public"],
    tables: [],
    views: [],
    members: ["ana"],
    ...parts,
  };
}

/** A table in `public`; each column is its name and its type, with `!` behind where it is NOT NULL. */
export function table(
  name: string,
  columns: Readonly<Record<string, string>>,
  parts: Partial<MirrorTable> = {},
): MirrorTable {
  return {
    schema: "public",
    name,
    columns: Object.entries(columns).map(([column, type]) => ({
      name: column,
      type: type.replace(/!$/, ""),
      notNull: type.endsWith("!"),
    })),
    primaryKey: [],
    foreignKeys: [],
    rowCount: undefined,
    ...parts,
  };
}

export function context(parts: Partial<ShadowContext> = {}): ShadowContext {
  return {
    workspace: ACME,
    role: "ana",
    session: 1,
    settings: new Map(),
    signal: new AbortController().signal,
    ...parts,
  };
}

export function statement(sql: string, parts: Partial<ShadowRequest> = {}): ShadowRequest {
  return {
    sql,
    parameterOids: [],
    parameterFormats: [],
    parameters: [],
    resultFormats: [],
    ...parts,
  };
}

/** The answer's rows as PostgreSQL's text. */
export async function rowsOf(
  pool: ShadowPool,
  sql: string,
  parts: Partial<ShadowContext> = {},
  request: Partial<ShadowRequest> = {},
): Promise<(string | null)[][]> {
  const answer = await pool.execute(statement(sql, request), context(parts));
  const rows = readDataRows(answer.rows).map((row) =>
    row.map((value) => value?.toString() ?? null),
  );
  expect(rows).toHaveLength(answer.rowCount);
  return rows;
}

/** DataRow messages, as PostgreSQL documentation 55.7 lays them out. */
export function readDataRows(bytes: Buffer): (Buffer | null)[][] {
  const rows: (Buffer | null)[][] = [];
  for (let start = 0; start < bytes.length; ) {
    expect(String.fromCharCode(bytes.readUInt8(start))).toBe("D");
    const end = start + 1 + bytes.readInt32BE(start + 1);
    const row: (Buffer | null)[] = [];
    for (let offset = start + 7; offset < end; ) {
      const length = bytes.readInt32BE(offset);
      offset += 4;
      row.push(length < 0 ? null : bytes.subarray(offset, offset + length));
      offset += Math.max(0, length);
    }
    expect(row).toHaveLength(bytes.readInt16BE(start + 5));
    rows.push(row);
    start = end;
  }
  return rows;
}

/** The PgError that the work ends with. */
export async function failure(work: Promise<unknown>): Promise<PgError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof PgError) return error;
  throw new Error("no PgError", { cause: error });
}
