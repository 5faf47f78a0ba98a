/**
 * The clients of the matrix: every folder here that has a `client.json`. It names the command that
 * runs its script, in which `{folder}` is the client's own folder, `{built}` what its build.sh made
 * and `{python}` the interpreter that has the packages of its requirements.txt.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { type Report, readReport } from "./things.ts";

const FOLDER = dirname(fileURLToPath(import.meta.url));

/** For one script on a machine that has much else to do. */
const PATIENCE_MS = 180_000;

const DESCRIPTION = z.strictObject({
  /** As people call it. */
  title: z.string(),
  run: z.array(z.string()).min(1),
  /** A command that succeeds where the client is installed, for what no build.sh brings. */
  probe: z.array(z.string()).min(1).optional(),
  /** What is said where the probe fails. */
  missing: z.string().optional(),
});

export interface Client extends z.infer<typeof DESCRIPTION> {
  /** Its folder's name. */
  readonly name: string;
}

export const CLIENTS: readonly Client[] = readdirSync(FOLDER)
  .filter((name) => existsSync(join(FOLDER, name, "client.json")))
  .toSorted()
  .map((name) => {
    const text = readFileSync(join(FOLDER, name, "client.json"), "utf8");
    return { name, ...DESCRIPTION.parse(JSON.parse(text)) };
  });

/** Why this client cannot run here; undefined where it can. */
export async function whyNot(client: Client): Promise<string | undefined> {
  const { name, run, probe } = client;
  if ([...run, ...(probe ?? [])].some((word) => /\{(built|python)\}/.test(word))) {
    const place = process.env["BUCKETGRES_CLIENTS"];
    if (place === undefined) return "BUCKETGRES_CLIENTS names no folder of built clients";
    const failure = join(place, name, "why-not");
    if (existsSync(failure)) return readFileSync(failure, "utf8").trim();
    if (!existsSync(join(place, name))) return "test/clients/build.sh has not built it";
  }
  if (probe === undefined) return undefined;
  const { code } = await execute(words(client, probe), {});
  return code === 0 ? undefined : (client.missing ?? `${probe[0]} is not installed`);
}

/** Runs the client's script against the server of this environment. */
export async function run(
  client: Client,
  environment: Readonly<Record<string, string>>,
): Promise<Report> {
  const { code, output, errors } = await execute(words(client, client.run), environment);
  if (code === 0) return readReport(output);
  process.stderr.write(errors);
  if (!output.startsWith("# client ")) throw new Error(`${client.name} ended with ${code}`);
  return readReport(output, `the script ended with ${code}`);
}

function words({ name }: Client, command: readonly string[]): string[] {
  const place = process.env["BUCKETGRES_CLIENTS"] ?? "";
  const places: Readonly<Record<string, string>> = {
    folder: join(FOLDER, name),
    built: join(place, name),
    python: join(place, "python", "bin", "python"),
    node: process.execPath,
  };
  return command.map((word) => word.replace(/\{(\w+)\}/g, (all, key) => places[key] ?? all));
}

interface Ended {
  /** Or the signal, or why it could not be started. */
  readonly code: number | string;
  readonly output: string;
  readonly errors: string;
}

/** In a process group of its own, so that what it starts ends with it. */
function execute(
  [program = "", ...parameters]: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Ended> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("PG"));
  return new Promise((resolve) => {
    const child = spawn(program, parameters, {
      cwd: FOLDER,
      env: { ...Object.fromEntries(inherited), PYTHONUNBUFFERED: "1", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let output = "";
    let errors = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
    const killer = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, PATIENCE_MS);
    child.once("error", (error) => resolve({ code: error.message, output, errors }));
    child.once("close", (code, signal) => {
      clearTimeout(killer);
      resolve({ code: code ?? `${signal}`, output, errors });
    });
  });
}
