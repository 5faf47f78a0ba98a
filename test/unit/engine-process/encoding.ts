import { type DatabaseOptions, openDatabase } from "../../../src/duckdb/database.ts";
import type { DataChunk } from "../../../src/duckdb/vectors.ts";
import {
  createRowEncoder,
  type RowEncoderOptions,
  type RowFormat,
} from "../../../src/engine-process/row-encoder.ts";
import { PageWriter } from "../../../src/engine-process/row-encoder-page.ts";

/** A DuckDB of its own for one test. */
export async function openTestDatabase(options: Partial<DatabaseOptions> = {}) {
  const database = await openDatabase({
    path: ":memory:",
    ...options,
    config: { threads: "2", ...options.config },
  });
  const connection = await database.connect();
  return {
    connection,
    connect: () => database.connect(),
    async [Symbol.asyncDispose](): Promise<void> {
      connection.close();
      database.close();
    },
  };
}

export type TestDatabase = Awaited<ReturnType<typeof openTestDatabase>>;

export const TEXT = (columns: number): RowFormat => ({
  kind: "data-row",
  formats: Array.from({ length: columns }, () => 0 as const),
});
export const BINARY = (columns: number): RowFormat => ({
  kind: "data-row",
  formats: Array.from({ length: columns }, () => 1 as const),
});

export interface EncodeOptions extends RowEncoderOptions {
  readonly timeZone?: string;
  /** By column: what the client was told. */
  readonly typeOids?: readonly (number | undefined)[];
  /** Rows of each call to encode(). */
  readonly step?: number;
}

/** All messages that a query's rows become, and the pages in which they came. */
export async function encodeQuery(
  { connection }: Pick<TestDatabase, "connection">,
  sql: string,
  format: RowFormat | ((columns: number) => RowFormat),
  options: EncodeOptions = {},
): Promise<{ bytes: Buffer; pages: Buffer[]; chunks: number }> {
  const prepared = await connection.prepare(sql);
  await using stream = await prepared.stream();
  const { columns } = stream;
  const encoder = createRowEncoder(
    columns.map(({ type }, index) => ({ type, typeOid: options.typeOids?.[index] })),
    typeof format === "function" ? format(columns.length) : format,
    { timeZone: options.timeZone ?? "UTC" },
    options,
  );
  const page = new PageWriter();
  const pages: Buffer[] = [];
  let chunks = 0;
  let chunk: DataChunk | undefined;
  for (chunk = await stream.next(); chunk !== undefined; chunk = await stream.next()) {
    chunks += 1;
    encoder.load(chunk);
    let row = 0;
    while (row < chunk.rowCount) {
      const to = Math.min(chunk.rowCount, row + (options.step ?? chunk.rowCount));
      row = encoder.encode(page, row, to);
      if (page.length >= 65_536) pages.push(page.take());
    }
  }
  pages.push(page.take());
  return { bytes: Buffer.concat(pages), pages, chunks };
}

/** The cells of DataRow messages; null is NULL. */
export function dataRows(bytes: Buffer): (Buffer | null)[][] {
  return messageBodies(bytes, "D").map((body) => cellsOf(body));
}

/** The cells of one DataRow, or of one tuple of COPY's binary format. */
export function cellsOf(body: Buffer): (Buffer | null)[] {
  const count = body.readInt16BE(0);
  const cells: (Buffer | null)[] = [];
  let offset = 2;
  for (let index = 0; index < count; index += 1) {
    const length = body.readInt32BE(offset);
    offset += 4;
    cells.push(length === -1 ? null : body.subarray(offset, offset + length));
    if (length !== -1) offset += length;
  }
  if (offset !== body.length) throw new Error("a row is longer than its cells");
  return cells;
}

/** The bodies of consecutive messages of one type. */
export function messageBodies(bytes: Buffer, type: string): Buffer[] {
  const bodies: Buffer[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    if (bytes.toString("latin1", offset, offset + 1) !== type) {
      throw new Error(`no ${type} message at ${offset}`);
    }
    const length = bytes.readInt32BE(offset + 1);
    bodies.push(bytes.subarray(offset + 5, offset + 1 + length));
    offset += 1 + length;
  }
  return bodies;
}
