import { afterAll, beforeAll, expect, test } from "vitest";
import { CLIENTS, run, whyNot } from "./clients.ts";
import { type Server, startBucketgres } from "./servers.ts";
import { describe as say } from "./things.ts";

const clients = await Promise.all(
  CLIENTS.map(async (client) => ({ client, reason: await whyNot(client) })),
);
for (const { client, reason } of clients) {
  if (reason !== undefined) console.warn(`skipped: ${client.title}: ${reason}`);
}

let server: Server;
beforeAll(async () => {
  server = await startBucketgres();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

for (const { client, reason } of clients) {
  test.runIf(reason === undefined)(
    `${client.title} does its 25 things`,
    async () => {
      const { outcomes } = await run(client, server.environment);

      expect(outcomes.filter(({ state }) => state === "not ok").map(say)).toEqual([]);
    },
    200_000,
  );
}
