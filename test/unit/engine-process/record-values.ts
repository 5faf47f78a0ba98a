/**
 * Asks a real PostgreSQL for the text, CSV and binary form of every value in value-cases.ts, and for
 * what COPY makes of copy-cases.ts, and writes both beside them as *.recorded.json. Run by hand, when cases are added:
 *
 *     node --import tsx test/unit/engine-process/record-values.ts postgres://postgres@127.0.0.1:5432/postgres
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { COPY_CASES } from "./copy-cases.ts";
import { VALUE_GROUPS, type ValueGroup } from "./value-cases.ts";

const url = process.argv[2] ?? "";

function copy(query: string, options: string, timeZone = "UTC"): Buffer {
  const result = spawnSync(
    "psql",
    [url, "-qAt", "-v", "ON_ERROR_STOP=1", "-c", `COPY (${query}) TO STDOUT (${options})`],
    {
      env: { ...process.env, PGTZ: timeZone, PGDATESTYLE: "ISO, MDY" },
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  if (result.status !== 0) throw new Error(`${query}: ${result.stderr.toString()}`);
  return result.stdout;
}

function queryFor(group: ValueGroup): string {
  const literals = group.values.map((value) => (typeof value === "string" ? value : value[1]));
  const escaped = (text: string) => text.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
  const rows = [
    ...literals.map((text, index) => `(${index}, E'${escaped(text)}'::${group.postgresType})`),
    `(${literals.length}, NULL)`,
  ];
  return `SELECT x FROM (VALUES ${rows.join(", ")}) AS v(n, x) ORDER BY n`;
}

/** The cells of COPY's binary format with one column; null is NULL. */
function cells(binary: Buffer): (string | null)[] {
  const found: (string | null)[] = [];
  let offset = 19;
  while (binary.readInt16BE(offset) !== -1) {
    const length = binary.readInt32BE(offset + 2);
    offset += 6;
    found.push(length === -1 ? null : binary.subarray(offset, offset + length).toString("hex"));
    if (length !== -1) offset += length;
  }
  return found;
}

function write(file: string, recorded: unknown): void {
  const path = fileURLToPath(new URL(file, import.meta.url));
  writeFileSync(path, `${JSON.stringify(recorded, undefined, 1)}\n`);
}

write(
  "./values.recorded.json",
  Object.fromEntries(
    VALUE_GROUPS.map((group) => {
      const ask = (options: string) => copy(queryFor(group), options, group.timeZone);
      const text = ask("FORMAT text").toString("base64");
      const csv = ask("FORMAT csv").toString("base64");
      return [group.name, { text, csv, binary: cells(ask("FORMAT binary")) }];
    }),
  ),
);
write(
  "./copy.recorded.json",
  Object.fromEntries(
    COPY_CASES.map(({ name, sql, options }) => [name, copy(sql, options).toString()]),
  ),
);
