import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ask, GatewayProcess, makeInstallation, untilAnswer } from "../support/gateway-process.ts";

const COUNT = "SELECT count(*) FROM t";

test("a cache that becomes a file is told as such, and is used again when it is a directory", async () => {
  await using installation = await makeInstallation({ tables: { t: { source: "files:t.csv" } } });
  const { cache } = installation;
  await installation.write("t.csv", "a\n1\n");
  await using gateway = await GatewayProcess.start(installation);
  await using client = await gateway.connect();
  await untilAnswer(client, COUNT, [["1"]]);
  await rename(cache, `${cache}.away`);
  await writeFile(cache, "not a directory");

  await installation.write("t.csv", "a\n1\n2\n");
  expect(await ask(client, "REFRESH MATERIALIZED VIEW t")).toMatchObject({
    code: "58030",
    message: expect.stringMatching(/^the cache cannot be written: (ENOTDIR|EEXIST)$/),
    hint: expect.stringContaining("cache.directory"),
  });
  expect(await ask(client, COUNT)).toEqual([["1"]]);

  await rm(cache);
  await rename(`${cache}.away`, cache);
  expect(await ask(client, "REFRESH MATERIALIZED VIEW t")).toEqual([]);
  expect(await ask(client, COUNT)).toEqual([["2"]]);
});

test("a cache that is deleted goes on being served, and an engine that starts again has it rebuilt", async () => {
  await using installation = await makeInstallation({
    tables: { t: { source: "files:t.csv" }, u: { source: "files:u.csv" } },
  });
  await installation.write("t.csv", "a\n1\n");
  await installation.write("u.csv", "a\n1\n2\n");
  await using gateway = await GatewayProcess.start(installation);
  await using client = await gateway.connect();
  await untilAnswer(client, COUNT, [["1"]]);
  await untilAnswer(client, "SELECT count(*) FROM u", [["2"]]);
  await rm(join(installation.cache, "test"), { recursive: true });
  expect(await ask(client, COUNT)).toEqual([["1"]]);

  // Nothing looks at the sources by itself: refresh is off. The engine's new process finds no files.
  process.kill(gateway.engineProcess(), "SIGKILL");

  await untilAnswer(client, COUNT, [["1"]]);
  await untilAnswer(client, "SELECT count(*) FROM u", [["2"]]);
});

test("a workspace with a name that no folder could have has its tables in the cache all the same", async () => {
  await using installation = await makeInstallation({ tables: { t: { source: "files:t.csv" } } });
  await installation.write("t.csv", "a\n1\n");
  const yaml =
    "workspace: Ümlaut / Space\nmembers: [ana]\ntables: { t: { source: files:t.csv } }\n";
  await writeFile(join(installation.folder, "catalog", "odd.yaml"), yaml);
  await using gateway = await GatewayProcess.start(installation);
  await using client = await gateway.connect("Ümlaut / Space");
  await untilAnswer(client, COUNT, [["1"]]);
});
