import { Client } from "pg";
import { startGateway, type TestGateway, USER } from "../support/gateway.ts";
import { type Postgres, startPostgres } from "../support/postgres.ts";
import { createTablesSql, TABLES } from "./tables.ts";
import type { Server } from "./trace-client.ts";

/** A gateway that serves the tables. */
export async function startOurs(): Promise<{
  readonly server: Server;
  readonly gateway: TestGateway;
}> {
  const gateway = await startGateway({
    tables: Object.fromEntries(
      Object.entries(TABLES).map(([name, { csv, columns }]) => [
        name,
        {
          content: csv,
          columns: Object.fromEntries(
            Object.entries(columns).map(([column, type]) => [column, { type }]),
          ),
        },
      ]),
    ),
  });
  return { server: { port: gateway.port, ...USER }, gateway };
}

/** A PostgreSQL with the same tables, and a user who may only read them. */
export async function startTheirs(): Promise<{
  readonly server: Server;
  readonly postgres: Postgres;
}> {
  const postgres = await startPostgres({ timezone: "UTC", log_timezone: "UTC" });
  try {
    await run(postgres.url, `CREATE ROLE ${USER.user} LOGIN`);
    await run(postgres.url, `CREATE DATABASE ${USER.database}`);
    const url = new URL(postgres.url);
    url.pathname = USER.database;
    await run(url.href, createTablesSql(USER.user));
  } catch (error) {
    await postgres[Symbol.asyncDispose]();
    throw error;
  }
  return { server: { port: postgres.port, ...USER }, postgres };
}

async function run(url: string, sql: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
