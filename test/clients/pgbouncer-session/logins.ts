/** The first three things for both modes: how PgBouncer itself logs in. */
import type { ClientConfig } from "pg";
import { same, thing } from "../report.ts";
import { startPgBouncer, withClient } from "./pgbouncer.ts";

export async function loginThings(pool: Readonly<Record<string, string>>): Promise<void> {
  const count = (address: ClientConfig): Promise<unknown> =>
    withClient(address, async (client) => (await client.query("SELECT count(*) FROM things")).rows);
  await thing(1, async () => {
    await using bouncer = await startPgBouncer(pool);
    same(await count(bouncer.address), [{ count: "1000" }]);
  });
  await thing(2, async () => {
    await using bouncer = await startPgBouncer({ ...pool, server_tls_sslmode: "disable" });
    same(await count(bouncer.address), [{ count: "1000" }]);
  });
  await thing(3, async () => {
    await using bouncer = await startPgBouncer(
      pool,
      `user=${process.env["PGUSER"]} password=wrong`,
    );
    const failure = await count(bouncer.address).catch((error: unknown) => String(error));
    // PgBouncer passes the server's message on with an SQLSTATE of its own.
    same(/password authentication failed/.test(String(failure)), true);
  });
}
