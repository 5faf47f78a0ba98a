/**
 * Asks a real PostgreSQL 15 what it makes of copy-out-cases.ts, and writes it to
 * copy-out.recorded.json. Run by hand, when cases are added:
 *
 *     node --import tsx test/differential/record-copy-out.ts postgres://postgres@127.0.0.1:5432/postgres
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { copied } from "./copied.ts";
import { COPY_OUT_CASES } from "./copy-out-cases.ts";

const url = process.argv[2] ?? "";
const recorded = [];
for (const [query, options] of COPY_OUT_CASES) {
  recorded.push(await copied(url, `COPY (${query}) TO STDOUT ${options}`));
}
const path = fileURLToPath(new URL("./copy-out.recorded.json", import.meta.url));
writeFileSync(path, `${JSON.stringify(recorded, undefined, 1)}\n`);
