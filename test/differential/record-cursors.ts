/**
 * Asks a PostgreSQL of its own for its answers to the sequences in cursor-sequences.ts, and writes
 * them to cursor-recorded.json. Run by hand, when sequences are added:
 *
 *     node --import tsx test/differential/record-cursors.ts
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { query, startup } from "../support/frontend.ts";
import { startPostgres } from "../support/postgres.ts";
import { WireClient } from "../support/wire-client.ts";
import { answersTo, cursorSequences } from "./cursor-sequences.ts";

await using postgres = await startPostgres();
await using client = await WireClient.open(postgres.port);
client.send(startup({ user: "postgres", database: "postgres" }));
await client.untilReady();
const recorded: (readonly string[])[] = [];
for (const sequence of cursorSequences()) {
  recorded.push(
    await answersTo(sequence, "generate_series(1, 9) AS n", async (sql) => {
      client.send(query(sql));
      return await client.untilReady();
    }),
  );
}
const path = fileURLToPath(new URL("./cursor-recorded.json", import.meta.url));
const lines = recorded.map((answers) => JSON.stringify(answers));
writeFileSync(path, `[\n${lines.join(",\n")}\n]\n`);
