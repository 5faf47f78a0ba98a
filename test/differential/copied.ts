import { Client } from "pg";
import { to } from "pg-copy-streams";

/** All bytes of a COPY TO STDOUT and its tag's number, or its error. */
export type Copied =
  | { readonly latin1: string; readonly rows: number }
  | { readonly code: string; readonly message: string; readonly position: string | undefined };

export async function copied(url: string, sql: string): Promise<Copied> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("SET TimeZone = 'UTC'");
    const stream = client.query(to(sql));
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return { latin1: Buffer.concat(chunks).toString("latin1"), rows: stream.rowCount };
  } catch (error) {
    // pg throws what ErrorResponse has.
    const { code, message, position } = error as Record<"code" | "message" | "position", string>;
    return { code, message, position };
  } finally {
    await client.end();
  }
}
