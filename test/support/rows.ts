import { query } from "./frontend.ts";
import type { WireClient } from "./wire-client.ts";

/** The rows that a Query is answered with, or its one ErrorResponse. */
export async function rows(client: WireClient, sql: string): Promise<unknown[]> {
  client.send(query(sql));
  const messages = await client.untilReady();
  const error = messages.find(({ type }) => type === "ErrorResponse");
  if (error !== undefined) return [error];
  return messages.filter(({ type }) => type === "DataRow").map(({ values }) => values);
}
