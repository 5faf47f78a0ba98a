/** The two servers that a client's script can be run against: both have the same tables and user. */
import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Client, escapeIdentifier, escapeLiteral } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { startGateway, USER } from "../support/gateway.ts";
import { accountOf, startPostgres } from "../support/postgres.ts";
import { TEST_CERTIFICATE } from "../support/s3-server/certificate.ts";
import { bigCsv, TABLES, thingsCsv } from "./data.ts";

export interface Server extends AsyncDisposable {
  /** What a script finds in its environment: PGHOST and its like. */
  readonly environment: Readonly<Record<string, string>>;
}

const FILES = { things: thingsCsv, big: bigCsv };

/** One of our gateways, in this process, with TLS on offer. */
export async function startBucketgres(): Promise<Server> {
  const files = await writeFiles();
  const gateway = await startGateway({
    settings: { tls: { mode: "prefer", certificate: files.certificate, key: files.key } },
    tables: {
      things: { content: thingsCsv(), columns: declared("things"), primary_key: ["id"] },
      big: { content: bigCsv(), columns: declared("big"), primary_key: ["id"] },
    },
  });
  return server(gateway.port, files, gateway);
}

/**
 * A real PostgreSQL that answers as we promise to: SCRAM for everyone but its superuser, and a
 * trigger on each table that refuses changes with the SQLSTATE that a file table has.
 */
export async function startReference(): Promise<Server> {
  const files = await writeFiles();
  const postgres = await startPostgres({
    hba_file: files.access,
    ssl: "on",
    ssl_cert_file: files.certificate,
    ssl_key_file: files.key,
  });
  await load(postgres.url);
  return server(postgres.port, files, postgres);
}

function declared(table: keyof typeof TABLES): Readonly<Record<string, { readonly type: string }>> {
  return Object.fromEntries(Object.entries(TABLES[table]).map(([name, type]) => [name, { type }]));
}

interface Files {
  readonly folder: string;
  readonly certificate: string;
  readonly key: string;
  /** PostgreSQL's pg_hba.conf. */
  readonly access: string;
}

function server(port: number, files: Files, running: AsyncDisposable): Server {
  return {
    environment: {
      PGHOST: "127.0.0.1",
      PGPORT: String(port),
      PGUSER: USER.user,
      PGPASSWORD: USER.password,
      PGDATABASE: USER.database,
      PGSSLROOTCERT: files.certificate,
    },
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      await rm(files.folder, { recursive: true, force: true });
    },
  };
}

async function writeFiles(): Promise<Files> {
  const folder = await mkdtemp(join(tmpdir(), "bucketgres-clients-"));
  await chmod(folder, 0o755);
  const write = async (name: string, content: string): Promise<string> => {
    await writeFile(join(folder, name), content, { mode: 0o644 });
    return join(folder, name);
  };
  const key = await write("server.key", TEST_CERTIFICATE.key);
  const account = accountOf();
  if (account !== undefined) await chown(key, account.uid, account.gid);
  await chmod(key, 0o600);
  return {
    folder,
    certificate: await write("server.crt", TEST_CERTIFICATE.cert),
    key,
    access: await write(
      "pg_hba.conf",
      "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n",
    ),
  };
}

async function load(url: string): Promise<void> {
  const administrator = new Client({ connectionString: url });
  await administrator.connect();
  await administrator.query(
    `CREATE ROLE ${escapeIdentifier(USER.user)} LOGIN PASSWORD ${escapeLiteral(USER.password)}`,
  );
  await administrator.query(`CREATE DATABASE ${escapeIdentifier(USER.database)}`);
  await administrator.end();

  const database = new Client({ connectionString: new URL(`/${USER.database}`, url).href });
  await database.connect();
  await database.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE 'cannot change a file' USING ERRCODE = 'read_only_sql_transaction'; END $$`);
  for (const [table, columns] of Object.entries(TABLES)) {
    const list = Object.entries(columns).map(([name, type]) => `${name} ${type}`);
    await database.query(`CREATE TABLE ${table} (${list.join(", ")}, PRIMARY KEY (id))`);
    const copy = database.query(copyFrom(`COPY ${table} FROM STDIN CSV HEADER`));
    // Its keys are those of TABLES.
    await pipeline(Readable.from([FILES[table as keyof typeof TABLES]()]), copy);
    await database.query(`CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON ${table}
      FOR EACH STATEMENT EXECUTE FUNCTION refuse()`);
    await database.query(`GRANT ALL ON ${table} TO PUBLIC`);
  }
  await database.query("ANALYZE");
  await database.end();
}
