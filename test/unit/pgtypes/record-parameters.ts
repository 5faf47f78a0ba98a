/**
 * Asks a real PostgreSQL what it makes of every text in parameter-cases.ts: the value in binary, or
 * its error. Also its pg_type. Run by hand, when cases are added:
 *
 *     node --import tsx test/unit/pgtypes/record-parameters.ts postgres://postgres@127.0.0.1:5432/postgres
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { PG_TYPES, type PgTypeName } from "../../../src/pgtypes/pg-types.ts";
import { ARRAY_TEXTS, PARAMETER_TEXTS, RECORDED_ZONE } from "./parameter-cases.ts";

const SEND_FUNCTIONS: { readonly [T in PgTypeName]?: string } = {
  bool: "boolsend",
  int2: "int2send",
  int4: "int4send",
  int8: "int8send",
  float4: "float4send",
  float8: "float8send",
  text: "textsend",
  bytea: "byteasend",
  varbit: "varbit_send",
};

const client = new pg.Client({ connectionString: process.argv[2] ?? "" });
await client.connect();
await client.query(`SET timezone = '${RECORDED_ZONE}'`);

async function ask(sql: string): Promise<string | { sqlstate: string; message: string }> {
  try {
    const { rows } = await client.query({ text: sql, rowMode: "array" });
    return String(rows[0]?.[0]);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return { sqlstate: error.code ?? "", message: error.message };
  }
}

const literal = (text: string) => `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
const recorded: Record<string, Record<string, unknown>> = {};
for (const [name, texts] of Object.entries(PARAMETER_TEXTS)) {
  const send = SEND_FUNCTIONS[name as PgTypeName] ?? `${name}_send`;
  recorded[name] = {};
  for (const text of texts) {
    recorded[name][text] = await ask(`SELECT encode(${send}(${literal(text)}::${name}), 'hex')`);
  }
}
for (const [name, texts] of Object.entries(ARRAY_TEXTS)) {
  const answers: Record<string, unknown> = {};
  for (const text of texts) {
    answers[text] = await ask(`SELECT encode(array_send(${literal(text)}::${name}[]), 'hex')`);
  }
  recorded[`${name}[]`] = answers;
}
const { rows: types } = await client.query(
  `SELECT typname AS name, oid::int4, typarray::int4 AS "arrayOid", typlen::int4 AS size,
     typcategory AS category, format_type(oid, NULL) AS "sqlName"
   FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typname = ANY($1) ORDER BY oid`,
  [Object.keys(PG_TYPES)],
);
await client.end();
writeFileSync(
  fileURLToPath(new URL("./parameters.recorded.json", import.meta.url)),
  `${JSON.stringify({ types, values: recorded }, undefined, 1)}\n`,
);
