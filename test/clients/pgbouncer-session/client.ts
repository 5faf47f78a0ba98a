/** PgBouncer in session mode, with node-postgres in front of it. */
import { sessionThings } from "../node-postgres/session-things.ts";
import { streamThings } from "../node-postgres/stream-things.ts";
import { loginThings } from "./logins.ts";
import { pgbouncerVersion, startPgBouncer, withClient } from "./pgbouncer.ts";

console.log(`# client PgBouncer ${pgbouncerVersion()} (session)`);

const POOL = { pool_mode: "session" };
await loginThings(POOL);
await using bouncer = await startPgBouncer(POOL);
const { address } = bouncer;
await sessionThings((use) => withClient(address, use));
await streamThings((use, config) => withClient({ ...address, ...config }, use), [], address);
