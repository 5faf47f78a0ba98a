import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { runInside } from "./run-program.ts";

async function configuration(yaml = ""): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "bucketgres-serve-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, "catalog"));
  await writeFile(join(folder, "bucketgres.yaml"), yaml);
  return join(folder, "bucketgres.yaml");
}

/** The command in a process of its own, with a gateway that says what is asked of it. */
const PROGRAM = `
  import { createServer } from "node:net";
  import { once } from "node:events";
  import { runCli } from "./src/cli/cli.ts";

  const { stdin, stdout, stderr, env } = process;
  const say = (line) => stdout.write(line + "\\n");
  const serve = async () => {
    const listener = createServer().listen(0, "127.0.0.1");
    await once(listener, "listening");
    return {
      url: "postgres://demo:demo@127.0.0.1:5433/demo",
      reload: async () => say("reload"),
      stop: async () => {
        say("stop");
        if (env.STUCK) await new Promise(() => undefined);
        listener.close();
      },
    };
  };
  const context = { stdin, stdout, stderr, environment: {}, version: "0", serve };
  process.exitCode = await runCli(["serve", "--config", env.CONFIG], context);
`;

async function serving(environment: Readonly<Record<string, string>> = {}) {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "--eval", PROGRAM],
    {
      env: { ...process.env, CONFIG: await configuration(), ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 30_000,
    },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  const stderr = text(child.stderr);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const nextLine = async () => {
    const line = await lines.next();
    return line.done === true ? undefined : line.value;
  };
  return { child, stderr, nextLine };
}

async function exitOf(child: ChildProcess): Promise<unknown> {
  if (child.exitCode !== null) return child.exitCode;
  const [exitCode]: unknown[] = await once(child, "exit");
  return exitCode;
}

test.each(["SIGTERM", "SIGINT"] as const)(
  "it prints a line to paste, and %s drains the gateway and exits with 0",
  async (signal) => {
    const { child, nextLine } = await serving();
    expect(await nextLine()).toBe("psql postgres://demo:demo@127.0.0.1:5433/demo");

    child.kill(signal);

    expect(await nextLine()).toBe("stop");
    expect(await nextLine()).toBeUndefined();
    expect(await exitOf(child)).toBe(0);
  },
);

test("SIGHUP reloads and goes on serving", async () => {
  const { child, nextLine } = await serving();
  await nextLine();

  child.kill("SIGHUP");
  expect(await nextLine()).toBe("reload");
  child.kill("SIGHUP");
  expect(await nextLine()).toBe("reload");

  expect(child.exitCode).toBeNull();
});

test("a second signal does not wait for the drain", async () => {
  const { child, nextLine } = await serving({ STUCK: "1" });
  await nextLine();

  child.kill("SIGTERM");
  expect(await nextLine()).toBe("stop");
  child.kill("SIGINT");

  expect(await exitOf(child)).toBe(1);
});

test("a wrong configuration is exit code 2 with every problem at its place", async () => {
  const config = await configuration("limts: {}\nlisten: { port: x }\n");

  const ran = await runInside(["serve", "--config", config]);

  expect(ran).toMatchObject({ exitCode: 2, stdout: "" });
  expect(ran.stderr).toMatch(/bucketgres\.yaml:1:1: .*limits/);
  expect(ran.stderr).toMatch(/bucketgres\.yaml:2:17: /);
});

test("the gateway gets the settings with the flags over them, and can read them again", async () => {
  const config = await configuration("listen: { port: 6000 }\n");
  const seen: unknown[] = [];

  await runInside(["serve", "--config", config, "--port", "7000", "--log-level", "silent"], {
    serve: async ({ configuration: { settings, catalog }, load, version }) => {
      seen.push(settings.listen.port, catalog.workspaces.size, load(), version);
      throw new Error("enough");
    },
  });

  expect(seen).toEqual([
    7000,
    0,
    expect.objectContaining({
      outcome: "loaded",
      settings: expect.objectContaining({ listen: { host: "127.0.0.1", port: 7000 } }),
    }),
    "1.2.3",
  ]);
});
