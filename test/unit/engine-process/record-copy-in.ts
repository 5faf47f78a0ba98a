/**
 * Asks a real PostgreSQL 15 what it makes of copy-in-cases.ts, and writes it to
 * copy-in.recorded.json. Run by hand, when cases are added:
 *
 *     node --import tsx test/unit/engine-process/record-copy-in.ts postgres://postgres@127.0.0.1:5432/postgres
 */
import { writeFileSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { from, to } from "pg-copy-streams";
import { COPY_IN_CASES, COPY_TABLES } from "./copy-in-cases.ts";

export interface RecordedCopyIn {
  /** What is in the table afterwards, as COPY TO writes it. */
  readonly rows?: string;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly detail?: string | undefined;
    readonly hint?: string | undefined;
    readonly where?: string | undefined;
  };
}

const client = new Client({ connectionString: process.argv[2] ?? "" });
await client.connect();
await client.query("SET TimeZone = 'UTC'");
for (const [name, columns] of Object.entries(COPY_TABLES)) {
  await client.query(`CREATE TEMPORARY TABLE ${name} (${columns})`);
}

const recorded: RecordedCopyIn[] = [];
for (const [table, options, data] of COPY_IN_CASES) {
  await client.query(`TRUNCATE ${table}`);
  recorded.push(await copied(table, options, Buffer.from(data)));
}
const path = fileURLToPath(new URL("./copy-in.recorded.json", import.meta.url));
writeFileSync(path, `${JSON.stringify(recorded, undefined, 1)}\n`);
await client.end();

async function copied(table: string, options: string, data: Buffer): Promise<RecordedCopyIn> {
  const sql = `COPY ${table} FROM STDIN${options && ` (${options})`}`;
  try {
    const stream = client.query(from(sql));
    await pipeline([data], stream);
    const rows: Buffer[] = [];
    for await (const chunk of client.query(to(`COPY ${table} TO STDOUT`))) rows.push(chunk);
    return { rows: Buffer.concat(rows).toString() };
  } catch (error) {
    const { code, message, detail, hint, where } = error as NonNullable<RecordedCopyIn["error"]>;
    return { error: { code, message, detail, hint, where } };
  }
}
