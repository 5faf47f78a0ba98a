import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { stringify } from "yaml";

export interface BenchGateway extends AsyncDisposable {
  readonly url: string;
  readonly processId: number;
}

/** The built program in a process of its own, as in production, over the files of a folder. */
export async function serve(
  folder: string,
  tables: Readonly<Record<string, unknown>>,
  stores: Readonly<Record<string, unknown>> = {},
): Promise<BenchGateway> {
  const catalog = join(folder, "catalog");
  mkdirSync(catalog);
  writeFileSync(
    join(catalog, "bench.yaml"),
    stringify({ workspace: "bench", members: ["bench"], refresh: "off", tables }),
  );
  const config = join(folder, "bucketgres.yaml");
  writeFileSync(
    config,
    stringify({
      listen: { host: "127.0.0.1", port: 0 },
      http: "off",
      catalog: "catalog",
      cache: { directory: "cache" },
      stores: { files: { type: "directory", path: "." }, ...stores },
      users: { bench: { password: "bench" } },
    }),
  );
  const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));
  const child = spawn(
    process.execPath,
    [program, "serve", "--config", config, "--log-level", "warn"],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const url = line.replace("psql ", "");
  await everyTableLoaded(url);
  return {
    url,
    processId: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

async function everyTableLoaded(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (;;) {
    const { rows } = await client.query(
      "SELECT table_name, error FROM bucketgres.tables WHERE state <> 'ready'",
    );
    const failed = rows.find(({ error }) => error !== null);
    if (failed !== undefined) throw new Error(`${failed.table_name}: ${failed.error}`);
    if (rows.length === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await client.end();
}
