import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { query } from "../support/frontend.ts";
import { startGateway, type TestGateway, USER } from "../support/gateway.ts";

/** Replaces the server's YAML by one with these users. */
async function writeUsers({ folder }: TestGateway, users: unknown): Promise<void> {
  await writeFile(
    join(folder, "bucketgres.yaml"),
    stringify({
      listen: { host: "127.0.0.1", port: 0 },
      http: "off",
      catalog: "catalog",
      cache: { directory: "cache" },
      stores: { files: { type: "directory", path: "data" } },
      users,
    }),
  );
}

test("a changed password ends the live sessions of its user, and no others", async () => {
  await using gateway = await startGateway({
    settings: { users: { [USER.user]: { password: USER.password }, bob: { password: "one" } } },
    workspace: { members: [USER.user, "bob"] },
  });
  await using ana = await gateway.connect();
  await using bob = await gateway.logIn({ user: "bob", password: "one" });

  await writeUsers(gateway, {
    [USER.user]: { password: USER.password },
    bob: { password: "two" },
  });
  await gateway.gateway.reload();

  expect(await bob.untilEnd()).toEqual([
    expect.objectContaining({
      severity: "FATAL",
      code: "57P01",
      message: 'terminating connection because the credentials of user "bob" have changed',
    }),
  ]);
  ana.send(query("SHOW TimeZone"));
  expect((await ana.untilReady())[1]).toEqual({ type: "DataRow", values: ["UTC"] });
  await expect(gateway.logIn({ user: "bob", password: "one" })).rejects.toThrow("28P01");
  await using again = await gateway.logIn({ user: "bob", password: "two" });
  expect(again.processId).toBeGreaterThan(0);
});

test("who is no longer a member is interrupted, also in the middle of a statement", async () => {
  await using gateway = await startGateway({
    settings: { users: { [USER.user]: { password: USER.password }, bob: { password: "one" } } },
    workspace: { members: [USER.user, "bob"] },
  });
  await using bob = await gateway.logIn({ user: "bob", password: "one" });
  bob.send(query("SELECT count(*) FROM range(100000) a, range(100000000) b"));

  await gateway.writeWorkspace({ members: [USER.user] });
  await gateway.gateway.reload();

  expect((await bob.untilEnd()).at(-1)).toMatchObject({
    severity: "FATAL",
    code: "57P01",
    message: 'terminating connection because user "bob" is no longer a member of workspace "test"',
  });
});

test("at the moment of expires_at sessions end, and logins fail as with a wrong password", async () => {
  await using gateway = await startGateway();
  await using client = await gateway.connect();

  const expires_at = new Date(Date.now() + 1_000).toISOString();
  await writeUsers(gateway, { [USER.user]: { password: USER.password, expires_at } });
  await gateway.gateway.reload();

  expect(await client.untilEnd()).toMatchObject([
    {
      code: "57P01",
      message: 'terminating connection because the access of user "ana" has expired',
    },
  ]);
  await expect(gateway.connect()).rejects.toThrow("28P01");
});
