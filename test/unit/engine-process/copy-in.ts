import type { ColumnValues } from "../../../src/duckdb/vector-writer.ts";
import type { CopyTarget } from "../../../src/engine-process/copy-in-batch.ts";
import { createCopyReader } from "../../../src/engine-process/copy-in-rows.ts";
import { TimeZone } from "../../../src/pgtypes/time-zone.ts";
import { parseStatements } from "../../../src/sql/parse.ts";
import type { CopyInOptions } from "../../../src/sql/statement.ts";
import { encodeQuery, messageBodies, type TestDatabase } from "./encoding.ts";

/** The options of a COPY FROM, as the gateway reads them. */
export function copyInOptions(options: string): CopyInOptions {
  const [statement] = parseStatements(`COPY t FROM STDIN${options && ` (${options})`}`);
  if (statement?.route.to !== "copy-in") throw new Error(`no COPY FROM: ${options}`);
  return statement.route.options;
}

/** Makes a table, fills it by COPY in the chunks given, and answers what COPY TO makes of it. */
export async function copyInto(
  database: TestDatabase,
  { table, columns, options }: { table: string; columns: string; options: CopyInOptions },
  chunks: Iterable<Buffer>,
): Promise<string> {
  const { connection } = database;
  await connection.run(`CREATE OR REPLACE TABLE ${table} (${columns})`);
  const described = await connection.rows(
    `SELECT column_name, is_nullable FROM duckdb_columns() WHERE table_name = '${table}' ORDER BY column_index`,
  );
  const appender = await connection.appender(table);
  const target: CopyTarget = {
    table,
    columns: described.map(([name, isNullable], index) => ({
      name: String(name),
      type: appender.types[index] ?? { id: "NULL" },
      isNullable: isNullable === true,
    })),
    append: (values: readonly ColumnValues[], rows) => appender.appendCopies(values, rows),
  };
  try {
    const reader = createCopyReader(target, options, {
      zone: new TimeZone("UTC"),
      nowMicros: 0n,
    });
    for (const chunk of chunks) reader.push(chunk);
    reader.complete();
  } finally {
    appender.close();
  }
  const rows = await encodeQuery(database, `FROM ${table}`, {
    kind: "copy-text",
    delimiter: "\t",
    nullText: "\\N",
  });
  return Buffer.concat(messageBodies(rows.bytes, "d")).toString();
}

/** The data cut every `size` bytes. */
export function* cut(data: Buffer, size: number): Iterable<Buffer> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}
