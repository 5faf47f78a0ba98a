/**
 * Makes the data directory that shadows start from, once per version, because initdb takes seconds
 * and hundreds of megabytes. Arguments: the path to write to.
 */
import { open } from "node:fs/promises";
import { BASE_CATALOG } from "./base-catalog.ts";
import { Postgres } from "./postgres.ts";
import { readReply } from "./reply.ts";
import { simpleQuery } from "./requests.ts";

const [path = ""] = process.argv.slice(2);
const postgres = await Postgres.start();
for (const statement of BASE_CATALOG) await run(statement);
const file = await open(path, "wx", 0o600);
await file.writeFile(await postgres.dump());
await file.sync();
await file.close();
process.exit(0);

async function run(statement: string): Promise<void> {
  const pieces: Buffer[] = [];
  await postgres.roundTrip(simpleQuery(statement), (piece) => void pieces.push(piece));
  const reply = readReply(Buffer.concat(pieces), "execution");
  if (reply.outcome === "complete") return;
  throw new Error(`the base catalog's statement failed: ${statement}`, {
    cause: reply.outcome === "failed" ? reply.error : undefined,
  });
}
